"""Fill a database with tasks by a few statements, on both databases.

Task n has the 16 characters of its zero-padded number as the bytes of its public id, so that
load generators know every id without asking.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from tracker.store import stats
from tracker.store.driver.engine import open_engine

CHUNK = 100_000
"""Tasks of one transaction."""

_DIALECTS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s"
        " WHERE n < :last) SELECT n FROM s) AS numbers",
        "id": "CAST(printf('%016d', n) AS BLOB)",
        "fingerprint": "randomblob(16)",
        "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
        "soon": "strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 hour')",
        "later": "strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 day')",
        "long_ago": "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-40 days', (n / 1e3) || ' seconds')",
        "false": "0",
    },
    "postgresql": {
        "numbers": "generate_series(CAST(:first AS bigint), :last) AS numbers(n)",
        "id": "CAST(encode(convert_to(lpad(CAST(n AS text), 16, '0'), 'UTF8'), 'hex') AS uuid)",
        "fingerprint": "uuid_send(gen_random_uuid())",
        "now": "now()",
        "soon": "now() + interval '1 hour'",
        "later": "now() + interval '1 day'",
        "long_ago": "now() - interval '40 days' + n * interval '1 millisecond'",
        "false": "false",
    },
}

_TASKS = """
    INSERT INTO tasks (key, id, tenant, provider, account, operation, external_task_id,
        provider_task_id, state, version, overdue, slots, slots_held, absences, artifacts,
        created_at, updated_at, submitted_at, finished_at, deadline_at, give_up_at)
    SELECT n, {id}, 'default', 'kling', 'default', 'videos/text2video', 'b-' || n,
        {provider_task_id}, '{state}', {version}, {false}, 1, 0, 0, {artifacts},
        {now}, {now}, {submitted_at}, {finished_at}, {later}, {give_up_at}
    FROM {numbers}
"""
_INPUTS = """
    INSERT INTO task_inputs (task_key, tenant, body)
    SELECT n, 'default', CAST(:input AS {bytes}) FROM {numbers}
"""
_CREATED = """
    INSERT INTO transitions (seq, tenant, task_key, version, to_state, kind, source, at)
    SELECT {seq}, 'default', n, 1, 'queued', 'created', 'client', {now} FROM {numbers}
"""
_JOB = """
    INSERT INTO jobs (tenant, kind, task_key, dedup_key, lane, run_at, attempts, created_at)
    SELECT 'default', 'submit', n, 'submit:' || n, 'kling/default', {soon}, 0, {now}
    FROM {numbers}
"""
_SEEN = """
    INSERT INTO transitions (seq, tenant, task_key, version, from_state, to_state, kind, source,
        provider_status, at)
    SELECT {seq}, 'default', n, {version}, '{before}', '{after}', 'seen_{after}', 'callback',
        '{after}', {now}
    FROM {numbers}
"""
_TAKEN = "UPDATE feed_head SET seq = seq + :last - :first + 1"
"""After each statement that appends to the feed."""
_RECEIPT = """
    INSERT INTO receipts (tenant, provider, task_key, source, verdict, received_at, fingerprint,
        headers, size_bytes, body)
    SELECT 'default', 'kling', n, 'callback', 'advanced', {now}, {fingerprint},
        CAST(:headers AS text), 640, CAST(:body AS {bytes})
    FROM {numbers}
"""
_CONTENT: Mapping[str, str] = {
    "input": '{"prompt": "a quiet sea"}',
    "headers": '{"content-type":"application/json","content-length":"640"}',
    "body": '{"task_id": "881204513377218561", "prompt": "' + "x" * 593 + '"}',
    "artifacts": '[{"kind":"video","url":"https://media.example/v.mp4","extra":{}}]',
}
"""The columns that are equal in every row."""


def task_id(number: int) -> UUID:
    """The public id of task `number`."""
    return UUID(bytes=f"{number:016d}".encode())


def queued(url: str, first: int, count: int) -> None:
    """Tasks that wait to be submitted: accepted, with a submit job that is due in an hour.

    That is behind any measurement, and no further ahead than a right clock puts work off: what is
    further ahead is pulled back and submitted at once.
    """
    fields = {
        "state": "queued",
        "version": "1",
        "provider_task_id": "NULL",
        "artifacts": "NULL",
        "submitted_at": "NULL",
        "finished_at": "NULL",
        "give_up_at": "NULL",
    }
    _fill(url, first, count, [_TASKS, _INPUTS, _CREATED, _TAKEN, _JOB], fields)


def history(url: str, first: int, count: int, *, ended: str = "{now}") -> None:
    """Tasks that ended: four transitions and three receipts of 640 bytes each.

    ended: when, in SQL; `{long_ago}` is 40 days ago, a millisecond after the task before.
    """
    fields = {
        "state": "succeeded",
        "version": "4",
        "provider_task_id": "'p-' || n",
        "artifacts": "CAST(:artifacts AS text)",
    }
    fields |= {"submitted_at": "{now}", "finished_at": ended, "give_up_at": "{later}"}
    steps = [("queued", "submitted"), ("submitted", "running"), ("running", "succeeded")]
    seen: list[str] = []
    for version, (before, after) in enumerate(steps, start=2):
        step = _SEEN.replace("{version}", str(version)).replace("{before}", before)
        seen += [step.replace("{after}", after), _TAKEN]
    _fill(url, first, count, [_TASKS, _INPUTS, _CREATED, _TAKEN, *seen, *[_RECEIPT] * 3], fields)


def _count_ends(engine: Engine) -> None:
    """Count ended tasks before the measurement, as workers would otherwise do during it."""
    while True:
        with engine.begin() as db:
            stretch = stats.read(db, stats.read_counted_place(db), limit=CHUNK // 5)
            if not stretch.count:
                return
            stats.fold(db, stretch)


def settle(url: str) -> None:
    """Settle a filled database as an old one is: counts, statistics, vacuum, checkpoint."""
    engine = open_engine(url, pool_size=1)
    _count_ends(engine)
    with engine.connect() as db:
        if db.dialect.name == "postgresql":
            db.rollback()
            raw = db.connection.driver_connection
            assert raw is not None
            raw.autocommit = True
            raw.execute("SET statement_timeout = 0")
            raw.execute("VACUUM ANALYZE")
            raw.execute("CHECKPOINT")
            raw.autocommit = False
        else:
            db.rollback()
            raw = db.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA analysis_limit=1000")
            raw.execute("ANALYZE")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    engine.dispose()


def _fill(
    url: str, first: int, count: int, statements: Sequence[str], fields: Mapping[str, str]
) -> None:
    engine = open_engine(url, pool_size=1)
    with engine.connect() as db:
        _relax(db)
        words = dict(_DIALECTS[db.dialect.name])
        words["seq"] = "(SELECT seq FROM feed_head) + n - :first + 1"
        words["bytes"] = "bytea" if db.dialect.name == "postgresql" else "blob"
        for start in range(first, first + count, CHUNK):
            last = min(start + CHUNK, first + count) - 1
            for statement in statements:
                rendered = text(_rendered(statement, words, fields))
                db.execute(rendered, {"first": start, "last": last, **_CONTENT})
            db.commit()
        if db.dialect.name == "postgresql":
            name = "SELECT setval(pg_get_serial_sequence('tasks', 'key'), max(key)) FROM tasks"
            db.execute(text(name))
            db.commit()
    engine.dispose()


def _rendered(statement: str, words: Mapping[str, str], fields: Mapping[str, str]) -> str:
    for name, value in (*fields.items(), *words.items()):
        statement = statement.replace("{" + name + "}", value)
    return statement


def _relax(db: Connection) -> None:
    """Nobody relies on this data while it is made."""
    if db.dialect.name == "postgresql":
        db.execute(text("SET statement_timeout = 0"))
        db.execute(text("SET idle_in_transaction_session_timeout = 0"))
        db.execute(text("SET synchronous_commit = off"))
        db.execute(text("SET session_replication_role = replica"))  # foreign keys hold anyway
        db.commit()
    else:
        db.rollback()
        raw = db.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA cache_size=-1000000")
