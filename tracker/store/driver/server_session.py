"""Settings of a connection to PostgreSQL: for its session, or behind a pooler for each transaction.

A pooler may give each transaction another session of the server, and gives ours to strangers. So
nothing is SET on such a connection: what our transactions need travels behind each BEGIN. It shows
itself by the process number that it hands out, which is not that of the server's process.

A role or a database may have settings of its own (ALTER ROLE … SET), which a session begins with.
Whatever our transactions rely on is set here, or stands where the connection is made (`engine`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tracker.clock import ServerClock

FOREIGN_KEYS_OFF = (
    "session_replication_role is replica for this role or database, which switches foreign keys"
    " off: as a superuser, run ALTER ROLE … RESET session_replication_role, and ALTER DATABASE …"
)
LOCAL = "local"
"""Under this name the `info` of a pooled connection holds the statement behind each BEGIN."""
POOLED_LIFE_S = 60.0
"""A pooler that is stopped gently waits for its clients to go: PgBouncer on SIGTERM for all, and on
SIGINT, in session mode, for all that have a session (https://www.pgbouncer.org/usage.html, signals,
read 2026-12-01). It would wait for ours for ever."""
_WORN = "worn"
"""Under this name the `info` of a pooled connection says whether its time is over."""
_LOOK = (
    "SELECT pg_backend_pid(), CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint),"
    " current_setting('synchronous_commit'), current_setting('session_replication_role')"
)
"""In values that are spelt alike whatever a session's settings are."""
_NO_FOREIGN_KEYS = "replica"
"""Of `session_replication_role`: the server checks no foreign key and cascades no delete."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEEPS_ITS_MEMORY = "octet_length(repeat(repeat(' ', 1024), 1024))"
"""Has the server's process keep up to 2 MB that it has freed: glibc keeps twice as much as the
largest block that had a mapping of its own, and else gives all above 128 KB back, to ask for it
anew with the next statements (https://man7.org/linux/man-pages/man3/mallopt.3.html,
M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, read 2026-11-30). It is made of pieces, and not counted in
characters: a megabyte of single ones took 7 ms of each connection's start."""
_IDLE_SESSIONS_SINCE, _TIMED_TRANSACTIONS_SINCE = 140_000, 170_000
"""Servers that know `idle_session_timeout` and `transaction_timeout`:
https://www.postgresql.org/docs/17/runtime-config-client.html, read 2026-11-30."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of a session, in milliseconds; 0 for none."""

    statement_ms: int = 30_000
    lock_ms: int = 10_000
    idle_in_transaction_ms: int = 10_000


def begin_session(
    raw: Any, info: dict[str, Any], timeouts: Timeouts, clock: ServerClock | None
) -> None:
    """Set up a connection that has just been made, or remember what each transaction needs.

    raw:   psycopg's connection, in autocommit mode.
    info:  of SQLAlchemy's record of it.
    clock: hears the server's time.

    Raises psycopg.Error; also where foreign keys are off and our user may not switch them on.
    """
    asked_s = 0.0 if clock is None else clock.monotonic()
    cursor = raw.execute(_LOOK)
    pid, since_us, commit, role = cursor.fetchone()
    if clock is not None:
        clock.hear(_EPOCH + timedelta(microseconds=since_us), asked_s)
    wanted: dict[str, int | str] = {
        "statement_timeout": timeouts.statement_ms,
        "lock_timeout": timeouts.lock_ms,
        "idle_in_transaction_session_timeout": timeouts.idle_in_transaction_ms,
        "timezone": "UTC",
        "datestyle": "ISO",  # the driver reads no other
        "extra_float_digits": 1,  # with fewer, numbers that are read are not those written
    }
    if role == _NO_FOREIGN_KEYS:
        _switch_foreign_keys_on(raw)
        wanted["session_replication_role"] = "origin"
    if raw.info.server_version >= _TIMED_TRANSACTIONS_SINCE:
        wanted["transaction_timeout"] = 0
    if commit in ("on", "off"):
        # An answer waits for this commit, whatever the server's own default is, or becomes.
        wanted["synchronous_commit"] = "on"
    if pid == raw.pgconn.backend_pid:
        if raw.info.server_version >= _IDLE_SESSIONS_SINCE:
            wanted["idle_session_timeout"] = 0  # a pooler's sessions are not ours to keep
        raw.execute(f"{_set(wanted, is_local=False)}, {_KEEPS_ITS_MEMORY}")
        return
    info[LOCAL] = _set(wanted, is_local=True)
    if clock is not None:
        over_s, read_s = clock.monotonic() + POOLED_LIFE_S, clock.monotonic
        info[_WORN] = lambda: read_s() > over_s
    raw.prepare_threshold = None  # its names are counted, and count for one session


def _switch_foreign_keys_on(raw: Any) -> None:
    """Raise psycopg.OperationalError where our user may not."""
    import psycopg  # noqa: PLC0415 - 16 MB, for nothing on SQLite

    try:
        raw.execute(_set({"session_replication_role": "origin"}, is_local=True))
    except psycopg.errors.InsufficientPrivilege as error:
        raise psycopg.OperationalError(FOREIGN_KEYS_OFF) from error


def _set(wanted: dict[str, int | str], *, is_local: bool) -> str:
    """Spell one statement for all settings: SET takes one, and cannot be prepared."""
    words = "true" if is_local else "false"
    return "SELECT " + ", ".join(
        f"set_config('{name}', '{value}', {words})" for name, value in wanted.items()
    )


def build_local_settings(db: Connection) -> str:
    """Return the statement that each transaction begins with; empty where there is no pooler."""
    found: str = db.info.get(LOCAL, "")
    return found


def is_pooled(db: Connection) -> bool:
    """Return whether a pooler stands between this connection and the server."""
    return LOCAL in db.info


def is_worn(info: Mapping[str, Any]) -> bool:
    """Return whether a pooled connection has been open for so long that it is to be closed."""
    found: Callable[[], bool] | None = info.get(_WORN)
    return found is not None and found()


def begin_transaction(db: Connection) -> None:
    """Send the settings of a transaction that SQLAlchemy begins; costs nothing without a pooler.

    Raises DBAPIError.
    """
    local = db.info.get(LOCAL)
    if local is None:
        return
    raw: Any = db.connection.driver_connection
    if not raw.autocommit:  # else each statement stands alone, or `Pipe` begins
        # Through SQLAlchemy, which tells its own family of errors where the pooler has gone.
        db.exec_driver_sql(local)
