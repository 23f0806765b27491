"""Which errors mean that the database is away, full, read-only, overloaded or damaged.

They are answered 503, so that a provider sends its callback again; every other error is a fault
of ours.
"""

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    ResourceClosedError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = frozenset({"08", "53", "57", "58"})
"""SQLSTATE classes: connection lost, resources used up (disk full), told to stop, I/O."""
_STATES = frozenset({"25006", "25P02", "25P03", "55P03"})
"""Read-only, a transaction that has failed or idled too long, a lock that did not come free."""
_NO_ROOM = ("53100", "58030")
"""Disk full, and a disk that fails."""
_TEMPORARY = "pgsql_tmp"
"""https://www.postgresql.org/docs/current/storage-file-layout.html, read 2026-11-30."""
_NO_ROOM_SQLITE = ("SQLITE_FULL", "SQLITE_IOERR")
_DAMAGED = frozenset({"XX001", "XX002"})
_DAMAGED_SQLITE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_UNFIT = frozenset({"42501", "42P01", "42703"})
"""No right to a table; a table or a column that somebody took away."""
_UNFIT_SQLITE = "SQLITE_ERROR"
_UNSTORABLE = frozenset({"22021", "22P05"})
"""A character that the database's encoding does not have."""
_GONE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    PendingRollbackError,
    ResourceClosedError,
)
"""The last two are what SQLAlchemy says of a connection that was lost earlier."""


_UNTOLD = "the driver gave no reason"
RESTORE = "it is damaged; stop the service and restore a backup"


def is_outage(error: SQLAlchemyError) -> bool:
    """Return true if the same statement may succeed later, perhaps on another connection.

    Of a damaged database: once it was restored. Of one without a table, or without a right to it:
    once somebody put that back.
    """
    if isinstance(error, _GONE) or is_of_some_tables(error):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = find_sqlstate(error) or ""
    return error.connection_invalidated or state[:2] in _CLASSES or state in _STATES


def has_lost_connection(error: SQLAlchemyError) -> bool:
    """Return true if the error means that this connection is gone and another may work."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, (PendingRollbackError, ResourceClosedError))
    if error.connection_invalidated:
        return True
    # What PostgreSQL's client library says by itself has no state.
    state = getattr(error.orig, "sqlstate", "")
    is_ended = state is None or state[:2] == "08" or state[:4] == "57P0"
    return isinstance(error, OperationalError) and is_ended


def is_unstorable_text(error: BaseException) -> bool:
    """Return true if a text holds what the database cannot store: NUL, or a lone surrogate."""
    said = getattr(error, "orig", None) or error
    if isinstance(said, UnicodeEncodeError):
        return True
    is_named = getattr(said, "sqlstate", "") in _UNSTORABLE
    return isinstance(error, DataError) and (is_named or "NUL" in str(said))


def is_damage(error: SQLAlchemyError) -> bool:
    """Return true if what is on disk is no whole database any more."""
    if isinstance(error, DBAPIError) and find_sqlstate(error) in _DAMAGED:
        return True
    return _read_sqlite_name(error).startswith(_DAMAGED_SQLITE)


def is_of_some_tables(error: SQLAlchemyError) -> bool:
    """Return true if another statement may succeed: some tables are damaged, closed or gone."""
    if isinstance(error, DBAPIError) and find_sqlstate(error) in _UNFIT:
        return True
    return is_damage(error) or _read_sqlite_name(error) == _UNFIT_SQLITE


def is_busy(error: SQLAlchemyError) -> bool:
    """Return true if SQLite was locked by somebody else for as long as we wait."""
    return _read_sqlite_name(error).startswith("SQLITE_BUSY")


def has_no_room(error: SQLAlchemyError) -> bool:
    """Return true if the disk does not take it; other writes may fit into what is there."""
    if isinstance(error, DBAPIError) and find_sqlstate(error) in _NO_ROOM:
        return _TEMPORARY not in str(error.orig)  # of a large sort, perhaps on another disk
    return _read_sqlite_name(error).startswith(_NO_ROOM_SQLITE)


def _read_sqlite_name(error: SQLAlchemyError) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", ""))


def find_sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five characters; None on SQLite."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def shorten_error(error: Exception) -> str:
    """Return the first line of what the database or its driver said, for the log."""
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    if isinstance(error, SQLAlchemyError) and is_damage(error):
        return f"{text.splitlines()[0]}: {RESTORE}"
    return text.splitlines()[0] if text else _UNTOLD
