"""Statements straight on the driver write what the same statements through SQLAlchemy read."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from tests.domain.factories import a_task
from tracker.clock import make_id
from tracker.domain.cost import Cost
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.store import held_slots, task_rows, tasks
from tracker.store.driver import bulk
from tracker.store.driver.engine import open_engine
from tracker.store.schema import conditions
from tracker.store.schema import tasks as table

NOW = datetime(2026, 11, 25, 4, 5, 6, 789_012, tzinfo=UTC)
FULL = a_task(
    id=make_id(),
    external_task_id="全部",
    provider_task_id="p-1",
    provider_status="succeed",
    message="it is done: “done”",
    progress=99.5,
    artifacts=(Artifact("video", "https://m.example/v.mp4", "9", "5.041", {"w": [1, None]}),),
    error=TaskError("provider", None, "none \N{GRINNING FACE}"),
    detail={"task_result": {"videos": []}},
    overdue=True,
    metadata={"order": "A-1"},
    updated_at=NOW,
    finished_at=NOW.astimezone(timezone(timedelta(hours=8))),
)


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url, pool_size=1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 200])
def test_any_number_of_rows_comes_back_as_it_was(db: Connection, count: int) -> None:
    new = [a_task(id=make_id(), external_task_id=str(number)) for number in range(count - 1)]
    made = [task for task in tasks.insert_many(db, [*new, FULL]) if task is not None]
    assert len(made) == count
    rows = db.execute(select(table).order_by(table.c.key))
    assert [task_rows.read_task(row) for row in rows] == made
    assert tasks.lock_by_key(db, [task.key for task in made]) == {t.key: t for t in made}
    assert tasks.load_by_id(db, [task.id for task in made]) == {task.id: task for task in made}


def test_documents_that_python_takes_for_equal_stay_what_they_are(db: Connection) -> None:
    said = [{"n": 1}, {"n": True}, {"n": 1.0}]
    new = [
        a_task(id=make_id(), external_task_id=str(place), metadata=document)
        for place, document in enumerate(said)
    ]
    made = [task for task in tasks.insert_many(db, new) if task is not None]
    before = {task.key: task for task in made}
    assert [json.dumps(task.metadata) for task in tasks.get_by_keys(db, before).values()] == [
        json.dumps(document) for document in said
    ]
    tasks.save(db, [replace(task, version=2, detail={"n": 1}) for task in made])
    before = tasks.get_by_keys(db, before)
    after = [replace(task, version=3, detail={"n": True}) for task in before.values()]
    tasks.save(db, after, before=before)
    assert {json.dumps(t.detail) for t in tasks.get_by_keys(db, before).values()} == {'{"n": true}'}


def test_a_name_that_is_taken_gets_no_row_and_its_neighbours_do(db: Connection) -> None:
    first = a_task(id=make_id(), external_task_id="a")
    again = [replace(first, id=make_id(), external_task_id=name) for name in "bacb"]
    tasks.insert_many(db, [first])
    made = tasks.insert_many(db, again)
    assert [task and task.external_task_id for task in made] == ["b", None, "c", None]
    found = tasks.load_by_id(db, [task.id for task in made if task is not None])
    assert list(found.values()) == [task for task in made if task is not None]


def test_saving_writes_what_changed_and_never_an_older_version(db: Connection) -> None:
    [task] = [t for t in tasks.insert_many(db, [FULL]) if t is not None]
    held_slots.hold(db, [task.key])
    newer = replace(task, version=3, state=TaskState.RUNNING, message=None, artifacts=())
    tasks.save(db, [newer])
    tasks.save(db, [replace(task, version=2, message="late")])
    assert tasks.load_by_id(db, [task.id]) == {task.id: newer}
    assert held_slots.count(db, [("kling", "default")]) == {("kling", "default"): 1}
    tasks.save(db, [replace(newer, version=4)], freeing={task.key})
    assert held_slots.count(db, [("kling", "default")]) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": TaskState.RUNNING, "message": "going", "progress": 12.5, "absences": 2},
        {"provider_task_id": "p-2"},
        {"submitted_at": NOW},
        {"artifacts": ()},
        {"error": None},
        {"costs": (Cost("unit", "1.5", "video", None, None),)},
        {"detail": None},
        {"overdue": False},
        {"finished_at": None},
    ],
    ids=",".join,
)
def test_whatever_changed_is_saved_when_it_is_known_what_was_there(
    db: Connection, changes: dict[str, Any]
) -> None:
    made = tasks.insert_many(db, [FULL, a_task(id=make_id(), external_task_id="2")])
    before = {task.key: task for task in made if task is not None}
    after = [replace(task, version=2, updated_at=NOW, **changes) for task in before.values()]
    tasks.save(db, after, before=before)
    assert tasks.get_by_keys(db, before) == {task.key: task for task in after}


@pytest.mark.parametrize("last", [{"finished_at": NOW}, {"overdue": True, "stage": "upscale"}])
def test_tasks_that_changed_differently_are_saved_together(
    db: Connection, last: dict[str, Any]
) -> None:
    made = tasks.insert_many(db, [FULL, *(_named(f"{number}") for number in range(5))])
    before = {task.key: task for task in made if task is not None}
    changes: list[dict[str, Any]] = [
        {},
        {"progress": 12.5},
        {"provider_task_id": "p-2"},
        {"error": FULL.error, "finished_at": NOW},
        {"costs": (Cost("unit", "1.5", "video", None, None),)},
        {"provider_task_id": "p-3", **last},
    ]
    after = [
        replace(task, version=task.version + 1, updated_at=NOW, **changed)
        for task, changed in zip(before.values(), changes, strict=True)
    ]
    tasks.save(db, after, before=before)
    assert tasks.get_by_keys(db, before) == {task.key: task for task in after}


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_what_a_database_cannot_store_is_refused_whole(postgres_url: str, text: str) -> None:
    engine = open_engine(postgres_url, pool_size=1)
    with engine.connect() as connection, pytest.raises((DataError, StatementError, ValueError)):
        tasks.insert_many(connection, [_named("fine"), _named(text)])
    engine.dispose()


def test_errors_are_sqlalchemys(db: Connection) -> None:
    columns = ("tenant", "name", "provider", "account", "reason", "raised_at")
    one = ("default", "n", "kling", "default", "why", NOW)
    statement = bulk.insert(conditions, columns)
    assert statement.run(db, [one]) == 1
    with pytest.raises(IntegrityError):
        statement.run(db, [one])


def test_a_naive_time_is_refused(db: Connection) -> None:
    with pytest.raises((ValueError, TypeError)):
        tasks.insert_many(db, [a_task(id=make_id(), created_at=NOW.replace(tzinfo=None))])


def _named(name: str) -> Task:
    return a_task(id=make_id(), external_task_id=name)
