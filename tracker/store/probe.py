"""Look at a database once, before a process starts to depend on it."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.store import endpoints, keys, processes, secret_marks
from tracker.store.closed_tables import describe_closed, list_closed
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.engine import find_sqlite_file, open_engine
from tracker.store.driver.file_damage import find_damage
from tracker.store.driver.outage import shorten_error
from tracker.store.driver.server_session import FOREIGN_KEYS_OFF, is_pooled
from tracker.store.driver.transaction import Tx
from tracker.store.processes import Process
from tracker.store.revision import describe_newer, look


def find_schema_problem(url: str) -> str | None:
    """Return why this code cannot work on this database, as one line; None when it can."""
    file = find_sqlite_file(url)
    if file is not None and (problem := _check_file(file)):
        return f"DATABASE_URL: {problem}"
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            problem = _check_encoding(db) or look(db).misfit
        problem = problem or _check_pooler(engine)
    except DBAPIError as error:
        return f"DATABASE_URL: {shorten_error(error)}"
    finally:
        engine.dispose()
    return None if problem is None else f"DATABASE_URL: {problem}"


def _check_file(file: Path) -> str | None:
    """Return why a SQLite file cannot be opened; None where it can. Opening would make a new one.

    Nothing is opened here either: to close it would end SQLite's locks of this process.
    """
    try:
        is_folder = stat.S_ISDIR(file.stat().st_mode)
    except FileNotFoundError:
        return f"there is no {file} yet: run `tracker migrate`"
    except OSError as error:
        return f"{file}: {error.strerror}"
    if is_folder:
        return f"{file}: {os.strerror(errno.EISDIR)}"
    return None if os.access(file, os.R_OK) else f"{file}: {os.strerror(errno.EACCES)}"


_WHOLE_ENCODINGS = frozenset({"UTF8", "SQL_ASCII"})
"""The second keeps bytes as they are, which are UTF-8: sessions say so."""


def _check_encoding(db: Connection) -> str | None:
    """Return why texts of providers and callers do not fit the database; None where they do."""
    if not get_dialect(db).has_server:
        return None
    encoding = db.scalar(text("SELECT current_setting('server_encoding')"))
    if encoding in _WHOLE_ENCODINGS:
        return None
    return (
        f"its encoding is {encoding}, which lacks characters that come from providers and callers: "
        "use one made by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )


NO_ROW_LOCKS = "this engine keeps no locks on rows: work would be done twice. Use PostgreSQL itself"


def start_problem(url: str) -> str | None:
    """Return why no process may start to write to this database, as one line; None when it may."""
    return find_schema_problem(url) or _find_unfit(url)


def _find_unfit(url: str) -> str | None:
    engine = open_engine(url, pool_size=2).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as one:
            if not get_dialect(engine).has_server:
                problem = find_damage(one)
            elif one.scalar(_IS_STANDBY):
                problem = None  # it locks nothing: whoever writes to it is told so
            else:
                problem = _find_unfit_server(engine, one)
    except DBAPIError as error:
        problem = shorten_error(error)
    finally:
        engine.dispose()
    return None if problem is None else f"DATABASE_URL: {problem}"


def _find_unfit_server(engine: Engine, one: Connection) -> str | None:
    closed = list_closed(one)
    if closed:
        return describe_closed(closed)
    one.rollback()  # it gives its session back: a pooler may have no other for the next connection
    with engine.connect() as other:
        return None if has_row_locks(one, other) else NO_ROW_LOCKS


def has_row_locks(db: Connection, other: Connection) -> bool:
    """Return whether another connection steps over a row that this one has locked.

    other: outside a transaction.

    Where processes start at once behind a pooler, each may hold a session and wait for another's:
    after a moment ours is given back, and asked for again. A pooler that never has two at once runs
    nothing beside us, and it is true. Raises DBAPIError.
    """
    from tracker.store.driver.pooler import SentQuery  # noqa: PLC0415 - as in `_check_pooler`

    within_s = _BESIDE_S if is_pooled(db) else None
    for _ in range(_TRIES):
        mine = db.execute(_LOCK_ROW).all()
        asked = SentQuery(other, _LOCK_ROW.text)
        is_beside = asked.is_answered(within_s=within_s)
        db.rollback()
        seen = asked.count_rows()
        if is_beside:
            return not (mine and seen)  # what a third one has locked is stepped over, too
    return True


def _check_pooler(engine: Engine) -> str | None:
    """Return why this code cannot work behind the pooler there; None when it can, or for none."""
    if not get_dialect(engine).has_server:
        return None
    from tracker.store.driver import pooler  # noqa: PLC0415 - brings psycopg: 16 MB, for nothing on SQLite

    found = pooler.examine(engine)
    return None if found is None else found.flaw


def find_pooler(url: str) -> str | None:
    """Return name and mode of the pooler before a database; None where there is none to be seen.

    Raises Unavailable.
    """
    engine = open_engine(url, pool_size=2)
    if not get_dialect(engine).has_server:
        return None
    from tracker.store.driver import pooler  # noqa: PLC0415 - brings psycopg: 16 MB, for nothing on SQLite

    try:
        found = pooler.examine(engine)
        if found is None:
            return None
        return f"{pooler.find_version(engine) or 'a pooler'} in {found.mode} mode"
    except DBAPIError as error:
        raise Unavailable(shorten_error(error)) from error
    finally:
        engine.dispose()


_IS_STANDBY = text("SELECT pg_is_in_recovery()")
_BESIDE_S, _TRIES = 0.5, 3
_LOCK_ROW = text("SELECT 1 FROM schema_fit FOR UPDATE SKIP LOCKED")
_COMING_UP = (
    *("starting up", "shutting down", "not yet accepting", "recovery"),
    *("too many clients", "connection slots", "administrator command"),
    # PgBouncer's own, whose server is not there: https://www.pgbouncer.org, read 2026-11-30
    *("query_wait_timeout", "server_login_retry", "cannot connect to server"),
)
_FOR_GOOD = (
    *("authentication failed", "does not exist", "no pg_hba.conf entry"),
    "statement pooling mode",
    FOREIGN_KEYS_OFF,
)
"""A pooler that repeats its server's refusal puts words of both into one line."""


def explain_outage(url: str) -> str | None:
    """Return why a database server cannot be reached yet; None when it can, or never will be.

    A server that refuses us by name (no such database, wrong password) is there. Always None for
    SQLite, whose file is there or not.
    """
    if find_sqlite_file(url) is not None:
        return None
    engine = open_engine(url, pool_size=1)
    try:
        engine.connect().close()
    except DBAPIError as error:
        reason = str(error.orig).strip()
        may_come = not any(words in reason for words in _FOR_GOOD) and (
            "FATAL" not in reason or any(words in reason for words in _COMING_UP)
        )
        return None if not may_come else reason.partition("\n")[0]
    finally:
        engine.dispose()
    return None


def describe_newer_schema(url: str) -> str | None:
    """Return what to say of a database that a later version has migrated; None for any other."""
    file = find_sqlite_file(url)
    if file is not None and _check_file(file):
        return None
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            found = look(db)
    finally:
        engine.dispose()
    return describe_newer(found.revision) if found.is_newer else None


@dataclass(frozen=True, slots=True)
class RecordedState:
    """The service's state as its database records it.

    running:  processes that were heard of lately.
    ahead_ms: by how much this machine's clock is ahead of the database server's; 0 on SQLite.
    sealed:   secrets of endpoints, as they are kept.
    lost:     marks of callback secrets that open tasks need and that are none of ours.
    newer:    what to say of a schema that a later version has made; None for any other.
    """

    running: Sequence[Process]
    ahead_ms: int
    sealed: Sequence[bytes]
    lost: Sequence[str]
    newer: str | None


def look_around(
    url: str, clock: Clock, marks: Sequence[str], *, silent: timedelta
) -> RecordedState:
    """Look at the processes on a database and at what they share. Raises Unavailable.

    marks:  of our callback secrets.
    silent: after so long a process that is not heard of does not count.
    """
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            now = Tx(db, clock).lease_now
            ahead_ms = round((clock.now() - now).total_seconds() * 1000)
            running = processes.list_alive(db, since=now - silent, until=now + silent)
            found = look(db)
            return RecordedState(
                running,
                ahead_ms,
                [one for _, one in endpoints.list_sealed(db)],
                secret_marks.find_lost(db, marks),
                describe_newer(found.revision) if found.is_newer else None,
            )
    except DBAPIError as error:
        raise Unavailable(shorten_error(error)) from error
    finally:
        engine.dispose()


def list_sealed_secrets(url: str) -> list[bytes]:
    """Return the secrets of endpoints, as they are kept. Raises DBAPIError."""
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            return [one for _, one in endpoints.list_sealed(db)]
    finally:
        engine.dispose()


def has_keys(url: str) -> bool | None:
    """Return true if any API key was ever made; None when the database does not answer."""
    file = find_sqlite_file(url)
    if file is not None and _check_file(file):
        return False
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            return look(db).misfit is None and keys.is_any(db)
    except DBAPIError:
        return None
    finally:
        engine.dispose()
