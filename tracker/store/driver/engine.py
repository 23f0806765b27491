"""Engines: what each database needs to be told when it is opened."""

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from tracker.clock import ServerClock
from tracker.store.driver import sqlite_mode  # noqa: F401 # before sqlite3, which SQLAlchemy brings
from tracker.store.driver.dialect import get_url_dialect
from tracker.store.driver.file_note import find_mixture
from tracker.store.driver.server_session import Timeouts, begin_session, begin_transaction, is_worn
from tracker.store.driver.statements import STATEMENTS

if TYPE_CHECKING:
    import sqlite3

SQLITE_BUSY_S = 15
"""How long a writer waits for another process's transaction, in seconds."""
SQLITE_CHECKPOINT_PAGES = 4000
"""Pages of 4 KB in the log before they go into the file: the more, the more often changed pages go
there once. The writer's own are in a thread: see `checkpoints`."""
SQLITE_LOG_BYTES = 64 * 1024 * 1024
"""Most of the log that is kept on disk once it is begun anew, where a reader made it longer."""
SQLITE_CACHE_KB = 8_000
"""Of each connection, taken as it is needed."""
SQLITE_STATEMENTS = 256
"""Kept prepared, of each connection: those of `bulk` come in ten sizes."""
CONNECT_TIMEOUT_S = 5
GONE_S = 30
"""How long a server may be silent on the network before it is given up. Without it, whoever waits
for one that lost its power waits for hours: libpq leaves that to the system."""


_DATABASE = re.compile(r"[a-z]{2,12}(\+[a-z]{2,12})?")
"""How SQLAlchemy names a database and its driver."""
_SECRET_PARAMETERS = frozenset({"password", "sslpassword", "oauth_client_secret"})
"""Of libpq: https://www.postgresql.org/docs/current/libpq-connect.html, read 2026-11-28."""


def normalise_url(url: str) -> URL:
    """Return the database URL as SQLAlchemy wants it.

    Platforms hand out `postgres://`; the driver is psycopg 3 for both spellings.
    Raises ValueError for another database or text that is no URL; the message has no password.
    """
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - SQLAlchemy's own message would show the URL and its password
        raise ValueError("not a database URL (sqlite:///path or postgresql://…)") from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("postgresql+psycopg", "sqlite"):
        # No other text is a database's name: it may be a misplaced secret.
        shown = parsed.drivername if _DATABASE.fullmatch(parsed.drivername) else "this database"
        raise ValueError(f"{shown} is not supported (sqlite or postgresql)")
    if "@" in (parsed.host or ""):  # it would be shown as a host that nobody finds
        raise ValueError("an @ within the password is to be written %40, and a / in it %2F")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: an in-memory database forgets what it acknowledged")
    return parsed


def list_passwords(url: str) -> list[str]:
    """Return the passwords in any part of a database URL, decoded. Raises ValueError as above."""
    parsed = normalise_url(url)
    found = [] if parsed.password is None else [str(parsed.password)]
    for name, value in parsed.query.items():
        if name in _SECRET_PARAMETERS:
            found += [value] if isinstance(value, str) else value
    return found


def mask_passwords(url: str) -> str:
    """Return a database URL as it may be shown: with `***` for each password."""
    parsed = normalise_url(url)
    hidden = {name: "***" for name in parsed.query if name in _SECRET_PARAMETERS}
    return parsed.update_query_dict(hidden).render_as_string(hide_password=True)


def find_sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for PostgreSQL.

    It may stand as a URI of its own: https://www.sqlite.org/uri.html, read 2026-11-30.
    """
    parsed = normalise_url(url)
    if get_url_dialect(parsed).has_server or not parsed.database:
        return None
    if "uri" in parsed.query and parsed.database.startswith("file:"):
        return Path(unquote(urlsplit(parsed.database).path))
    return Path(parsed.database)


def open_engine(
    url: str,
    *,
    pool_size: int = 5,
    clock: ServerClock | None = None,
    timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
) -> Engine:
    """Make an engine. Nothing is connected yet.

    clock:    hears the server's time from each new connection.
    timeouts: of sessions on PostgreSQL.

    Transactions begin IMMEDIATE on SQLite unless the connection's execution options say
    `sqlite_begin="DEFERRED"` (readers then never wait for the writer), or None (see `line`).
    """
    parsed = normalise_url(url)
    if get_url_dialect(parsed).has_server:
        return _open_postgresql(parsed, pool_size, clock, timeouts)
    return _open_sqlite(parsed, pool_size)


def _hash_sha256(body: bytes) -> bytes:
    return sha256(body).digest()


def _open_sqlite(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=5,
        execution_options={"compiled_cache": STATEMENTS},
        connect_args={
            "check_same_thread": False,
            "timeout": SQLITE_BUSY_S,
            "cached_statements": SQLITE_STATEMENTS,
        },
    )

    @event.listens_for(engine, "do_connect")
    def refuse_mixture(*_given: Any) -> None:
        import sqlite3  # noqa: PLC0415 - after `sqlite_mode`

        try:
            reason = find_mixture(Path(f"{url.database}"))
        except OSError as error:  # as where another user made the file
            reason = f"{error.filename}: {error.strerror}"
        if reason is not None:
            raise sqlite3.OperationalError(reason)

    @event.listens_for(engine, "connect")
    def configure(connection: "sqlite3.Connection", _record: Any) -> None:
        connection.create_function(
            "sha256", 1, _hash_sha256, deterministic=True
        )  # PostgreSQL has it
        connection.isolation_level = None  # the driver sends no BEGIN of its own
        cursor = connection.cursor()
        if cursor.execute("PRAGMA page_count").fetchone() == (0,):
            # Of a new file alone: on others it changes nothing, and takes the lock of writers.
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an answer waits for this commit
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute(f"PRAGMA wal_autocheckpoint={SQLITE_CHECKPOINT_PAGES}")
        cursor.execute(f"PRAGMA journal_size_limit={SQLITE_LOG_BYTES}")
        cursor.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        if mode is not None:
            connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _open_postgresql(
    url: URL, pool_size: int, clock: ServerClock | None, timeouts: Timeouts
) -> Engine:
    from tracker.store.driver import dumpers  # noqa: PLC0415 - brings psycopg: 16 MB, for nothing on SQLite

    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",  # a role or a database may have another default
        use_native_hstore=False,  # else each engine's first connection looks for a type of columns
        execution_options={"compiled_cache": STATEMENTS},
        connect_args={
            "client_encoding": "utf8",  # arrays travel as such, whatever PGCLIENTENCODING says
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": GONE_S // 3,
            "keepalives_interval": GONE_S // 3,
            "keepalives_count": 2,
            "tcp_user_timeout": GONE_S * 1000,
        },
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.autocommit = True
        begin_session(connection, record.info, timeouts, clock)
        connection.autocommit = False
        dumpers.register(connection)

    @event.listens_for(engine, "checkout")
    def leave_pooler(_connection: Any, record: Any, _proxy: Any) -> None:
        if is_worn(record.info):
            raise DisconnectionError  # the pool closes it, and makes another

    event.listen(engine, "begin", begin_transaction)
    return engine
