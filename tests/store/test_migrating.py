"""Migrations on PostgreSQL beside code at work: nobody waits behind them for long."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, text

from tests.support.waiting import wait_until
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import build_alembic_config
from tracker.store.revision import SCHEMA_REVISION, look

COLUMN = "op.add_column('tasks', sa.Column('planted', sa.Text(), nullable=True))"
INDEX = """with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index('ix_planted', 'tasks', postgresql_concurrently=True, if_exists=True)
        op.create_index('ix_planted', 'tasks', ['state'], postgresql_concurrently=True)"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ :words"


def planted(database_url: str, folder: Path, body: str, *, oldest_code: str = "0001") -> Config:
    """Configure the project's migrations with another one behind them."""
    config = build_alembic_config(database_url)
    here = config.get_main_option("script_location")
    assert here is not None
    shutil.copytree(here, folder / "migrations")
    (folder / "migrations" / "versions" / "9000_planted.py").write_text(
        f"""import sqlalchemy as sa
from alembic import op
revision = "9000"
down_revision = {SCHEMA_REVISION!r}
oldest_code = {oldest_code!r}

def upgrade():
    {body}
"""
    )
    config.set_main_option("script_location", str(folder / "migrations"))
    return config


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    made = open_engine(postgres_url)
    yield made
    made.dispose()


def _touch(db: Connection) -> None:
    db.execute(text("UPDATE tasks SET message = NULL WHERE key = 0"))


def _count(engine: Engine, words: str) -> int:
    with engine.connect() as db:
        return int(db.scalar(text(WAITING), {"words": words}) or 0)


def _in_background(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_migration_that_waits_for_a_lock_lets_others_pass(
    postgres_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = planted(postgres_url, tmp_path, COLUMN)
    with engine.connect() as reader:
        reader.execute(text("SELECT 1 FROM tasks"))  # holds its lock until it ends
        migrating = _in_background(lambda: command.upgrade(config, "head"))
        wait_until(lambda: _count(engine, "ALTER TABLE tasks") == 1)
        with engine.begin() as writer:  # queues behind it, and gets its turn while the reader reads
            _touch(writer)
        reader.rollback()
    migrating.join(60)
    with engine.connect() as db:
        assert look(db).revision == "9000"
        assert db.execute(text("SELECT planted FROM tasks")).all() == []


def test_an_index_is_made_while_others_write(
    postgres_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = planted(postgres_url, tmp_path, INDEX)
    with engine.connect() as open_write:
        _touch(open_write)
        migrating = _in_background(lambda: command.upgrade(config, "head"))
        wait_until(lambda: _count(engine, "CREATE INDEX CONCURRENTLY ix_planted") == 1)
        with engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = 1"))  # ms: it need not wait at all
            _touch(other)
        open_write.rollback()
    migrating.join(60)
    with engine.connect() as db:
        assert look(db).revision == "9000"
        is_valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_planted'::regclass"
        assert db.scalar(text(is_valid))


@pytest.mark.parametrize(("oldest_code", "is_fit"), [("0001", True), ("8999", False)])
def test_a_newer_schema_says_which_code_may_run_on_it(
    database_url: str, tmp_path: Path, oldest_code: str, *, is_fit: bool
) -> None:
    config = planted(database_url, tmp_path, "pass", oldest_code=oldest_code)
    command.upgrade(config, "head")
    engine = open_engine(database_url)
    with engine.connect() as db:
        found = look(db)
    engine.dispose()
    assert found.is_newer
    assert (found.misfit is None) is is_fit
    if not is_fit:
        assert "newer than this version: it has schema 9000" in f"{found.misfit}"


LINTED_SINCE = "0027"
"""Older migrations were written before anything was released."""


def test_statements_of_migrations_stop_nobody(postgres_url: str, tmp_path: Path) -> None:
    config = build_alembic_config(postgres_url)
    command.downgrade(config, LINTED_SINCE)
    assert _complaints(_statements(config), tmp_path) == ""


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("op.create_index('ix_planted', 'tasks', ['state'])", "require-concurrent-index-creation"),
        ("op.alter_column('tasks', 'operation', new_column_name='call')", "renaming-column"),
        ("op.drop_column('tasks', 'message')", "ban-drop-column"),
    ],
)
def test_statements_that_stop_older_code_are_found(
    postgres_url: str, tmp_path: Path, body: str, rule: str
) -> None:
    config = planted(postgres_url, tmp_path, body)
    assert rule in _complaints(_statements(config), tmp_path)


def _complaints(statements: Sequence[str], folder: Path) -> str:
    """Return what squawk finds in statements (https://squawkhq.com/docs/rules); empty for none."""
    assert statements
    file = folder / "migrations.sql"
    file.write_text(";\n".join(statements) + ";\n")
    squawk = Path(sys.executable).parent / "squawk"
    # Each migration is one transaction, or drops first what an earlier try left.
    flags = ("--pg-version=14", "--exclude=prefer-robust-stmts")
    done = subprocess.run([squawk, *flags, file], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _statements(config: Config) -> list[str]:
    """Return the limits of their session and what the migrations that are due change, in order."""
    seen: list[str] = []

    def keep(db: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if not seen:
            raw: Any = db.connection.driver_connection
            seen.extend(
                f"SET {name} = '{raw.execute(f'SHOW {name}').fetchone()[0]}'"
                for name in ("lock_timeout", "statement_timeout")
            )
        if statement.split(maxsplit=1)[0] in ("CREATE", "ALTER", "DROP", "LOCK", "SET"):
            seen.append(statement.strip())

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        command.upgrade(config, "head")
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    return seen
