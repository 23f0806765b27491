"""Row 25: dead versions that callbacks leave in `tasks` on PostgreSQL."""

import time
from contextlib import ExitStack

import psycopg

from bench import fill
from bench.bed import STATUSES, Bed, callback, lanes
from bench.callbacks import CONNECTIONS
from bench.load import closed_loop
from bench.table import Figure

TASKS = 30_000
_FLUSHED_S = 1.5
"""A backend reports its counts to the statistics at most once a second."""
_COUNTED = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tasks'"
_SIZE = "SELECT pg_relation_size(CAST(%s AS regclass))"


def after_callbacks(bed: Bed) -> list[Figure]:
    """Call back three times about each task; the heap is compared with the rows written anew."""
    count = TASKS // 10 if bed.quick else TASKS
    url = bed.migrated("postgresql")
    fill.queued(url, 1, count)
    groups = [[callback(n, status) for status in STATUSES] for n in range(1, count + 1)]
    with ExitStack() as stack:
        server = stack.enter_context(bed.service(url, "--no-worker"))
        load = closed_loop(server.port, lanes(groups, CONNECTIONS), seconds=3600)
        assert dict(load.answers) == {200: 3 * count}, load.answers
        time.sleep(_FLUSHED_S)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        updates, hot = db.execute(_COUNTED).fetchone() or (0, 0)
        db.execute("CREATE TABLE anew (LIKE tasks)")
        db.execute("INSERT INTO anew SELECT * FROM tasks")
        heap, anew = (_size(db, name) for name in ("tasks", "anew"))
    assert updates == 3 * count, updates
    raw = f"{heap / 2**20:.1f} ÷ {anew / 2**20:.1f} MB after {updates:,} updates"
    return [
        Figure("25", heap / anew, raw),
        Figure("25x", hot / updates, f"{hot:,} of {updates:,}"),
    ]


def _size(db: psycopg.Connection[tuple[int]], name: str) -> int:
    row = db.execute(_SIZE, (name,)).fetchone()
    assert row is not None
    return row[0]
