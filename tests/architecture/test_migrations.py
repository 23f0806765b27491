import ast
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from tracker.store.driver.engine import GONE_S, open_engine
from tracker.store.migrate import DatabaseRefused, build_alembic_config, upgrade
from tracker.store.probe import find_schema_problem
from tracker.store.revision import SCHEMA_REVISION
from tracker.store.schema import metadata

MIGRATIONS = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("*.py"))


def test_the_code_names_the_newest_migration() -> None:
    head = ScriptDirectory.from_config(build_alembic_config("sqlite:///unused")).get_current_head()
    assert head == SCHEMA_REVISION


def test_migrated_database_equals_the_schema(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as db:
        differences = compare_metadata(MigrationContext.configure(db), metadata)
    engine.dispose()
    assert differences == []


def test_named_checks_equal_the_schemas(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as db:
        for table in metadata.sorted_tables:
            there = {check["name"] for check in inspect(db).get_check_constraints(table.name)}
            meant = {c.name for c in table.constraints if c.__visit_name__ == "check_constraint"}
            assert {f"{name}" for name in meant} <= {f"{name}" for name in there}, table.name
    engine.dispose()


def test_everything_in_a_database_is_named_for_its_kind(database_url: str) -> None:
    engine = open_engine(database_url)
    named: list[tuple[str, str, str | None]] = []
    with engine.connect() as db:
        there = inspect(db)
        for table in metadata.tables:
            if primary := there.get_pk_constraint(table)["name"]:  # SQLite names no row number
                named.append(("pk", table, primary))
            named += [("fk", table, key["name"]) for key in there.get_foreign_keys(table)]
            named += [("uq", table, rule["name"]) for rule in there.get_unique_constraints(table)]
            named += [("ck", table, rule["name"]) for rule in there.get_check_constraints(table)]
            for index in there.get_indexes(table):
                named.append(("uq" if index["unique"] else "ix", table, index["name"]))
    engine.dispose()
    wrong = [name for name in named if not f"{name[2]}_".startswith(f"{name[0]}_{name[1]}_")]
    assert named
    assert wrong == []


def test_no_index_of_tasks_packs_equal_keys(postgres_url: str) -> None:
    # SQLAlchemy cannot say it of the indexes behind constraints: the schema's own words do not.
    engine = open_engine(postgres_url)
    with engine.connect() as db:
        found = db.execute(
            text(
                "SELECT index.relname, coalesce(array_to_string(index.reloptions, ' '), '')"
                " FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid"
                " WHERE indrelid = 'tasks'::regclass"
            )
        ).all()
    engine.dispose()
    there = {index.name for index in metadata.tables["tasks"].indexes}
    assert there < {name for name, _ in found}
    assert {options for _, options in found} == {"deduplicate_items=off"}


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_is_readable_alone(path: Path) -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name
    }
    assert "tracker" not in imported


def test_migrations_are_numbered_in_order() -> None:
    script = ScriptDirectory.from_config(build_alembic_config("sqlite:///unused"))
    revisions = [revision.revision for revision in script.walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert [path.stem.partition("_")[0] for path in MIGRATIONS] == revisions


def test_down_to_nothing_and_up_again(database_url: str) -> None:
    command.downgrade(build_alembic_config(database_url), "base")
    engine = open_engine(database_url)
    with engine.connect() as db:
        left = set(inspect(db).get_table_names()) - {"alembic_version", "sqlite_sequence"}
    engine.dispose()
    assert left == set()
    upgrade(database_url)
    assert find_schema_problem(database_url) is None


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    assert find_schema_problem(database_url) is None


def test_an_unmigrated_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    problem = find_schema_problem(f"sqlite:///{tmp_path}/empty.db")
    assert problem is not None
    assert "tracker migrate" in problem


def test_a_newer_schema_is_worked_on_and_never_migrated(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert find_schema_problem(database_url) is None
    with pytest.raises(DatabaseRefused, match="newer than this version: it has schema 9999"):
        upgrade(database_url)


@pytest.mark.parametrize("table", [table.name for table in metadata.sorted_tables])
def test_every_table_that_belongs_to_somebody_carries_the_tenant(table: str) -> None:
    assert "tenant" in metadata.tables[table].c


def test_sqlite_writes_reach_the_disk_before_a_commit_returns(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as db:
        assert db.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert db.scalar(text("PRAGMA journal_mode")) == "wal"
        assert db.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_postgresql_sessions_have_timeouts(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.connect() as db:
        for knob in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert db.scalar(text(f"SHOW {knob}")) != "0"
        raw: Any = db.connection.driver_connection
        asked_for = raw.info.get_parameters()
        # A server that vanished without a word is noticed, too.
        assert int(asked_for["tcp_user_timeout"]) == GONE_S * 1000
        assert int(asked_for["keepalives_idle"]) < GONE_S
    engine.dispose()
