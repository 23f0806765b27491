"""Statements of a restore: whether the target is free, and what must not go on as it stood."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, inspect, select, text, update

from tracker.domain.custody import AssetState
from tracker.domain.delivery import DeliveryState
from tracker.domain.runs import RunState
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.store import conditions, feed_head
from tracker.store.backup import open_database
from tracker.store.conditions import RECOVERING, RESTORING, Condition
from tracker.store.driver.dialect import get_dialect
from tracker.store.revision import look
from tracker.store.schema import (
    assets,
    attempts,
    bulk_runs,
    chore_leases,
    deliveries,
    jobs,
    metadata,
    processes,
    schema_fit,
    secret_marks,
    tasks,
)
from tracker.store.schema import feed_head as head_table

NUMBERS_A_SECOND = 10_000
"""More than any feed has grown by in a second: so many are left out for each since the backup."""
_OF_EVERY_DATABASE = frozenset({head_table.name, schema_fit.name, secret_marks.name})
"""Tables with rows from the first migration, or the first start, on."""
RESTORE = "tracker restore"
"""Name of who stops the runs that were under way at the backup."""
UNDER_WAY = (
    "a restore has begun and has not ended: run `tracker restore` again, with the same backup"
)


def find_rows(file: Path) -> str | None:
    """Return a table of a SQLite file that has rows; None where none has. Raises BackupFailed.

    The log of the file is taken into it.
    """
    with _begin_transaction(f"sqlite:///{file}") as db:
        there = set(inspect(db).get_table_names()) - _OF_EVERY_DATABASE
        tables = [table for table in metadata.sorted_tables if table.name in there]
        found = (t for t in tables if db.execute(select(text("1")).select_from(t).limit(1)).first())
        return next((table.name for table in found), None)


def explain_refusal(url: str) -> str | None:
    """Return why a database must not be taken for one that holds a backup; None where it may.

    One that is in use, or that has no tables. A restore that broke off may go on. Raises
    BackupFailed.
    """
    with _begin_transaction(url) as db:
        return _find_refusal(db)


def find_cut(url: str) -> str | None:
    """Return why a database of this schema holds a part of a dump; None where it holds all of it.

    `pg_restore` makes keys after all rows, and foreign keys after everything else: one that was
    killed, or that lacks rows which others name, leaves some out. Raises BackupFailed.
    """
    with _begin_transaction(url) as db:
        if not get_dialect(db).has_server:
            return None
        there = {(table, kind): count for table, kind, count in db.execute(_CONSTRAINTS)}
    for table in metadata.sorted_tables:
        wanted = {"p": 1, "f": len(table.foreign_key_constraints)}
        if any(there.get((table.name, kind), 0) < count for kind, count in wanted.items()):
            return (
                f"the dump was not read to its end: keys of {table.name} are missing. Make the "
                "database anew, and read it again, with `pg_restore --single-transaction`"
            )
    return None


def begin(url: str, *, since: datetime) -> None:
    """Have submits wait in a database that holds a backup. Raises BackupFailed.

    since: what was written after that may be missing.
    """
    with _begin_transaction(url) as db:
        conditions.raise_(db, Condition(RESTORING, "", "", UNDER_WAY, since))


@contextmanager
def _begin_transaction(url: str) -> Iterator[Connection]:
    with open_database(url) as engine, engine.begin() as db:
        yield db


def _find_refusal(db: Connection) -> str | None:
    found = look(db)
    if found.revision is None:
        return "the database has no tables: read the dump into it first, with `pg_restore`"
    if not inspect(db).has_table(head_table.name):
        return None  # of a release before the feed was numbered by a row
    open_ = {one.name for one in conditions.list_open(db)}
    if RESTORING in open_ or not get_dialect(db).has_server:
        return None
    if feed_head.is_elsewhere(db):
        return None  # also a backup that was made while an earlier restore was being completed
    if RECOVERING in open_:
        return "the database was restored already: start the service, and see `tracker recover`"
    return "the database is in use: a restore needs one that holds the backup and nothing since"


def finish(db: Connection, reason: str, *, now: datetime) -> None:
    """Say that the database is ready, and that it is being completed now."""
    since = next(one.raised_at for one in conditions.list_open(db) if one.name == RESTORING)
    conditions.clear(db, RESTORING, "", "", now=now)
    conditions.raise_(db, Condition(RECOVERING, "", "", reason, since))


def release_all(db: Connection, *, now: datetime) -> None:
    """Free every lease, and forget every process: none of them runs on this database.

    Every open task is due to be asked about: the callback that is waited for may have come after
    the backup, and will not come again. Runs stop: what they submitted again since, they would
    submit once more.
    """
    held = jobs.c.lease_until.is_not(None)
    db.execute(update(jobs).where(held).values(lease_until=None, lease_token=None))
    looks = jobs.c.kind == JobKind.RECONCILE.value, jobs.c.run_at > now
    db.execute(update(jobs).where(*looks).values(run_at=now))
    for queue, waits in ((deliveries, DeliveryState.PENDING), (assets, AssetState.WANTED)):
        claimed = queue.c.state == waits.value, queue.c.token.is_not(None)
        db.execute(update(queue).where(*claimed).values(token=None, next_at=now))
    runs = update(bulk_runs).where(bulk_runs.c.state == RunState.RUNNING.value)
    db.execute(
        runs.values(state=RunState.STOPPED.value, stopped_by=RESTORE, ended_at=now, updated_at=now)
    )
    db.execute(update(chore_leases).values(lease_until=now))
    db.execute(delete(processes))


def skip_numbers(db: Connection, count: int) -> None:
    """Leave numbers of the feed out, which others may have given out since the backup."""
    db.execute(update(head_table).values(seq=head_table.c.seq + count))


def list_maybe_sent(db: Connection) -> Mapping[int, int | None]:
    """Return the tasks that may have been sent since the backup, with their open attempts.

    Keys of tasks, in their order: those that had not left us, and those that were on their way.
    """
    queued = select(tasks.c.key).where(tasks.c.state == TaskState.QUEUED.value)
    found: dict[int, int | None] = dict.fromkeys(db.scalars(queued))
    going = select(attempts.c.task_key, attempts.c.key).where(attempts.c.ended_at.is_(None))
    found |= {row[0]: row[1] for row in db.execute(going)}
    return dict(sorted(found.items()))


_CONSTRAINTS = text(
    """
    SELECT relname, CAST(contype AS text), count(*) FROM pg_constraint
    JOIN pg_class ON pg_class.oid = conrelid
    WHERE relnamespace = to_regnamespace(current_schema()) AND contype IN ('p', 'f')
    GROUP BY relname, contype
    """
)
