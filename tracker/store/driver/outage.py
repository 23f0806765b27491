"""Which errors mean that the database is away, full, read-only or overloaded.

They are answered 503, so that a provider sends its callback again; every other error is a fault
of ours.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = frozenset({"08", "53", "57", "58"})
"""SQLSTATE classes: connection lost, resources used up (disk full), told to stop, I/O."""
_STATES = frozenset({"25006", "25P02", "25P03", "55P03"})
"""Read-only, a transaction that has failed or idled too long, a lock that did not come free."""


def is_outage(error: SQLAlchemyError) -> bool:
    """Whether the same statement may well succeed later."""
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate_of(error) or ""
    return error.connection_invalidated or state[:2] in _CLASSES or state in _STATES


def sqlstate_of(error: DBAPIError) -> str | None:
    """PostgreSQL's five characters; None on SQLite."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def brief(error: SQLAlchemyError) -> str:
    """Its first line, for the log."""
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return text.splitlines()[0] if text else repr(error)
