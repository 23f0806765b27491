"""Settings of a connection to PostgreSQL: for its session, or behind a pooler for each transaction.

A pooler may give each transaction another session of the server, and gives ours to strangers. So
nothing is SET on such a connection: what our transactions need travels behind each BEGIN. It shows
itself by the process number that it hands out, which is not that of the server's process.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Connection

from tracker.clock import ServerClock

LOCAL = "local"
"""Under this name the `info` of a pooled connection holds the statement behind each BEGIN."""
_LOOK = "SELECT pg_backend_pid(), clock_timestamp(), current_setting('synchronous_commit') = 'off'"


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

    Raises psycopg.Error.
    """
    asked_s = 0.0 if clock is None else clock.monotonic()
    cursor = raw.execute(_LOOK)
    pid, now, is_asynchronous = cursor.fetchone()
    if clock is not None:
        clock.hear(now.astimezone(UTC), asked_s)
    wanted: dict[str, int | str] = {
        "statement_timeout": timeouts.statement_ms,
        "lock_timeout": timeouts.lock_ms,
        "idle_in_transaction_session_timeout": timeouts.idle_in_transaction_ms,
        "timezone": "UTC",
    }
    if is_asynchronous:
        # An answer waits for this commit, whatever the server's own default is.
        wanted["synchronous_commit"] = "on"
    if pid == raw.pgconn.backend_pid:
        raw.execute(_set(wanted, is_local=False))
        return
    info[LOCAL] = _set(wanted, is_local=True)
    raw.prepare_threshold = None  # its names are counted, and count for one session


def _set(wanted: dict[str, int | str], *, is_local: bool) -> str:
    """Spell one statement for all settings: SET takes one, and cannot be prepared."""
    words = "true" if is_local else "false"
    return "SELECT " + ", ".join(
        f"set_config('{name}', '{value}', {words})" for name, value in wanted.items()
    )


def local_settings(db: Connection) -> str:
    """Return the statement that each transaction begins with; empty where there is no pooler."""
    found: str = db.info.get(LOCAL, "")
    return found


def is_pooled(db: Connection) -> bool:
    """Return whether a pooler stands between this connection and the server."""
    return LOCAL in db.info


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
