"""How migrations run: one process at a time, beside older code at work, and no row lost on SQLite.

On PostgreSQL each migration is a transaction of its own. It waits two seconds for a lock, as all
who come behind it wait too, then lets them pass and tries again.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from alembic.script import Script
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.exc import OperationalError

from tracker.settings import read_database_url
from tracker.store.driver.engine import open_engine
from tracker.store.driver.server_session import Timeouts
from tracker.store.driver.types import JsonDoc, PublicId, UtcDateTime
from tracker.store.schema import metadata, schema_fit

MIGRATION_LOCK = 0x747261636B6D
TRY_LOCK = f"SELECT pg_try_advisory_xact_lock({MIGRATION_LOCK})"
"""Without parameters: a statement with some keeps its snapshot open, and whoever makes an index
CONCURRENTLY waits for all snapshots."""
MIGRATING = Timeouts(statement_ms=15 * 60_000, lock_ms=2_000)
ENDLESS = Timeouts(statement_ms=0, lock_ms=0, idle_in_transaction_ms=0)
TRIES = 60
PAUSE_S = 1.0
LOCK_NOT_AVAILABLE = "55P03"
"""SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

log = logging.getLogger("tracker.migrate")


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Spell our column types in plain SQLAlchemy: migrations import nothing of ours."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, JsonDoc):
        return "sa.Text()"
    if isinstance(item, PublicId):
        return 'sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")'
    return False


def keep_oldest_code(*, ctx: Any, heads: Any, **_others: Any) -> None:
    """Write down, in a migration's own transaction, which code may run on the schema now."""
    db: Connection = ctx.connection
    if not inspect(db).has_table(schema_fit.name):
        return
    applied = [script for head in heads for script in _until(head)]
    oldest = max((getattr(script.module, "oldest_code", "") for script in applied), default="")
    db.execute(schema_fit.update().values(oldest_code=oldest))


def _until(head: str) -> Iterator[Script]:
    return context.script.iterate_revisions(head, "base")


def migrate_sqlite(engine: Engine) -> None:
    """Run what is due, in one transaction: nobody else can write meanwhile."""

    @event.listens_for(engine, "connect")
    def keep_children(connection: Any, _record: Any) -> None:
        # A batch migration rebuilds the parent table; ON DELETE CASCADE must not fire then.
        connection.execute("PRAGMA foreign_keys=OFF")

    with engine.connect() as db:
        _configure(db)
        with context.begin_transaction():
            context.run_migrations()
            if broken := db.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"a migration broke foreign keys: {broken[:5]}")
        db.commit()


def migrate_postgresql(engine: Engine, url: str) -> None:
    """Run what is due, a transaction each. Raises OperationalError where a lock stays taken."""
    with _alone(url):
        for tries_left in reversed(range(TRIES)):
            try:
                _migrate_once(engine)
                break
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or not tries_left:
                    raise
                log.info(
                    "a table is in use: trying again, at most %(count)d times",
                    {"count": tries_left},
                )
                time.sleep(PAUSE_S)


def _migrate_once(engine: Engine) -> None:
    with engine.connect() as db:
        _configure(db, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Hold the lock of migrations: several release commands at once run one after the other.

    This wait may last: whoever holds the lock may be in the middle of a long migration. The lock
    is a transaction's, as a pooler gives each transaction a session; and it is tried for, as an
    index is made CONCURRENTLY only when nobody is inside a statement that waits.
    """
    engine = open_engine(url, pool_size=1, timeouts=ENDLESS)
    try:
        with engine.connect() as db:
            while not db.exec_driver_sql(TRY_LOCK).scalar():
                db.rollback()
                time.sleep(PAUSE_S)
            yield
    finally:
        engine.dispose()


def _configure(db: Connection, *, transaction_per_migration: bool = False) -> None:
    context.configure(
        connection=db,
        target_metadata=metadata,
        render_as_batch=db.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=transaction_per_migration,
        on_version_apply=keep_oldest_code,
        render_item=render_item,
    )


def run() -> None:
    """Connect and migrate."""
    url = context.config.attributes.get("url") or read_database_url()
    engine = open_engine(url, pool_size=1, timeouts=MIGRATING)
    try:
        if engine.dialect.name == "sqlite":
            migrate_sqlite(engine)
        else:
            migrate_postgresql(engine, url)
    finally:
        engine.dispose()


run()
