"""Cheaper checks and indexes mean what they meant, with data present."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import CheckConstraint, Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from tracker.clock import make_id
from tracker.domain.task import TaskState
from tracker.store import tasks
from tracker.store.driver.engine import open_engine
from tracker.store.migrate import build_alembic_config, upgrade
from tracker.store.schema import metadata

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=3)


def test_what_was_there_is_there_and_what_waits_has_no_bound(database_url: str) -> None:
    command.downgrade(build_alembic_config(database_url), "0008")
    ids = {state: make_id() for state in TaskState}
    engine = open_engine(database_url)
    with engine.begin() as db:
        for state, id_ in ids.items():
            _insert(db, id_, state.value)
    upgrade(database_url)
    with engine.begin() as db:
        found = tasks.load_by_id(db, list(ids.values()))
        assert {state: found[id_].state for state, id_ in ids.items()} == {s: s for s in TaskState}
        bounds = {state: found[id_].give_up_at for state, id_ in ids.items()}
        assert bounds == {s: None if s is TaskState.QUEUED else SOON for s in TaskState}
        due = tasks.lock_due(db, now=SOON, limit=99)
        at_provider = {TaskState.UNCERTAIN, TaskState.SUBMITTED, TaskState.RUNNING}
        assert {task.state for task in due} == at_provider
    engine.dispose()


@pytest.mark.parametrize("revision", ["0008", "0009"])
def test_a_word_that_is_none_of_ours_is_refused(database_url: str, revision: str) -> None:
    command.downgrade(build_alembic_config(database_url), revision)
    engine = open_engine(database_url)
    with engine.begin() as db:
        _insert(db, make_id(), "queued")
        with pytest.raises(IntegrityError), db.begin_nested():
            _insert(db, make_id(), "elsewhere")
        if db.dialect.name == "sqlite":
            assert db.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
    engine.dispose()


def test_every_check_of_sqlite_is_spelt_as_the_schema_has_it_and_back(sqlite_url: str) -> None:
    after = _checks(sqlite_url)
    meant = {
        (table.name, f"{rule.name}"): f"{rule.sqltext}"
        for table in metadata.sorted_tables
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
    }
    assert {name: _words(rule) for name, rule in after.items()} == {
        name: _words(rule) for name, rule in meant.items()
    }
    assert not [rule for rule in after.values() if " IN " in rule]
    command.downgrade(build_alembic_config(sqlite_url), "0008")
    before = _checks(sqlite_url)
    # Later migrations allow more words, and never fewer.
    assert all(_words(rule) <= _words(after[name]) for name, rule in before.items())
    assert len(before) > 10
    assert not [rule for rule in before.values() if " OR " in rule]


def _checks(url: str) -> dict[tuple[str, str], str]:
    engine = open_engine(url)
    with engine.connect() as db:
        there = inspect(db)
        found = {
            (table, f"{rule['name']}"): rule["sqltext"]
            for table in there.get_table_names()
            for rule in there.get_check_constraints(table)
        }
    engine.dispose()
    return found


def _words(rule: str) -> set[str]:
    return set(re.findall(r"\w+(?= IN| =)|'\w+'", rule))


def _insert(db: Connection, id_: UUID, state: str) -> None:
    ended = state in ("succeeded", "failed", "cancelled", "expired")
    db.execute(
        text(
            "INSERT INTO tasks (id, tenant, provider, account, operation, external_task_id, state, "
            "version, overdue, slots, slots_held, absences, created_at, updated_at, finished_at, "
            "give_up_at) VALUES (:id, 'default', 'kling', 'default', 'videos/text2video', :name, "
            ":state, 2, false, 1, 0, 0, :now, :now, :ended, :soon)"
        ),
        {
            "id": id_.bytes if db.dialect.name == "sqlite" else id_,
            "name": str(id_),
            "state": state,
            "now": _bound(db, NOW),
            "ended": _bound(db, NOW) if ended else None,
            "soon": _bound(db, SOON),
        },
    )


def _bound(db: Connection, at: datetime) -> Any:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") if db.dialect.name == "sqlite" else at
