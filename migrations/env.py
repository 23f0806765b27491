"""How migrations run: one at a time, with timeouts, and without losing rows on SQLite."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, event, text

from tracker.settings import database_url
from tracker.store.driver.engine import open_engine
from tracker.store.driver.types import JsonDoc, PublicId, UtcDateTime
from tracker.store.schema import metadata

MIGRATION_LOCK = 0x747261636B6D


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


def migrate(db: Connection) -> None:
    """Run what is due, in one transaction."""
    is_sqlite = db.dialect.name == "sqlite"
    context.configure(
        connection=db,
        target_metadata=metadata,
        render_as_batch=is_sqlite,
        transactional_ddl=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        if not is_sqlite:
            db.execute(text("SET LOCAL statement_timeout = '15min'"))
            # Several release commands at once: one at a time. This wait may outlast a table's:
            # whoever holds the lock may be in the middle of a long migration.
            db.execute(text("SET LOCAL lock_timeout = 0"))
            db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            db.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
        if is_sqlite and (broken := db.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"a migration broke foreign keys: {broken[:5]}")


def run() -> None:
    """Connect and migrate."""
    engine = open_engine(context.config.attributes.get("url") or database_url(), pool_size=1)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def keep_children(connection: Any, _record: Any) -> None:
            # A batch migration rebuilds the parent table; ON DELETE CASCADE must not fire then.
            connection.execute("PRAGMA foreign_keys=OFF")

    try:
        with engine.connect() as db:
            migrate(db)
            db.commit()
    finally:
        engine.dispose()


run()
