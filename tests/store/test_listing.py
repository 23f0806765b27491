"""Lists of tasks: every filter means what it says, and pages hold each task once, in order."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.support.history import NOW, make_task, step
from tracker.domain.task import Task, TaskState
from tracker.store import feed, labels, listing, tasks, transitions
from tracker.store.driver.engine import open_engine
from tracker.store.filters import TaskFilter
from tracker.store.listing import Order

STATES = (TaskState.QUEUED, TaskState.RUNNING, TaskState.SUCCEEDED, TaskState.FAILED)
OPERATIONS = ("videos/text2video", "videos/image2video")
COUNT = 60


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    with engine.connect() as db:
        yield db
    engine.dispose()


def fill(db: Connection, chance: random.Random, count: int = COUNT) -> list[Task]:
    """Tasks of all kinds, some submitted at the same instant."""
    new = [
        make_task(
            tenant=chance.choice(["default", "default", "other"]),
            operation=chance.choice(OPERATIONS),
            state=chance.choice(STATES),
            overdue=chance.random() < 0.2,
            provider_task_id=chance.choice([None, f"p{n % 7}"]),
            metadata=chance.choice([{}, {"order": n % 5}, {"order": str(n % 5), "vip": True}]),
            created_at=NOW + timedelta(seconds=chance.randint(0, 20)),
            updated_at=NOW + timedelta(seconds=chance.randint(20, 40)),
        )
        for n in range(count)
    ]
    made = [task for task in tasks.insert_many(db, new) if task is not None]
    labels.insert_many(db, made)
    transitions.append(db, [(task, step(task)) for task in made])
    return made


def fits(task: Task, asked: TaskFilter) -> bool:
    """Apply the filter a second way, to compare."""
    return (
        task.tenant == asked.tenant
        and asked.provider in (None, task.provider)
        and asked.operation in (None, task.operation)
        and (not asked.states or task.state in asked.states)
        and asked.account in (None, task.account)
        and asked.external_task_id in (None, task.external_task_id)
        and asked.provider_task_id in (None, task.provider_task_id)
        and asked.overdue in (None, task.overdue)
        and (asked.created_after is None or task.created_at > asked.created_after)
        and (asked.created_before is None or task.created_at < asked.created_before)
        and (asked.updated_after is None or task.updated_at > asked.updated_after)
        and (asked.updated_before is None or task.updated_at < asked.updated_before)
        and all(as_asked(task.metadata.get(name)) == value for name, value in asked.metadata)
    )


def as_asked(value: object) -> str:
    """A value of metadata in a query."""
    return "true" if value is True else str(value)


def some_filter(chance: random.Random, made: Sequence[Task]) -> TaskFilter:
    """A filter of any kind and number of fields."""

    def at(low: int, high: int) -> Any:
        return NOW + timedelta(seconds=chance.randint(low, high))

    fields: dict[str, Any] = {
        "provider": chance.choice(["kling", "other"]),
        "account": chance.choice(["default", "other"]),
        "operation": chance.choice(OPERATIONS),
        "states": chance.sample(STATES, chance.randint(1, 3)),
        "external_task_id": chance.choice(made).external_task_id,
        "provider_task_id": f"p{chance.randint(0, 7)}",
        "overdue": chance.random() < 0.5,
        "created_after": at(0, 15),
        "created_before": at(5, 20),
        "updated_after": at(20, 35),
        "updated_before": at(25, 40),
        "metadata": chance.choice(
            [[("order", "3")], [("vip", "true")], [("order", "1"), ("vip", "true")]]
        ),
    }
    names = chance.sample(sorted(fields), chance.randint(0, 3))
    return TaskFilter(chance.choice(["default", "other"]), **{n: fields[n] for n in names})


def pages(db: Connection, asked: TaskFilter, order: Order, *, limit: int, scan: int) -> list[Task]:
    """The whole list, page by page."""
    found: list[Task] = []
    after = None
    while True:
        page = listing.list_page(db, asked, order=order, after=after, limit=limit, scan=scan)
        assert len(page.tasks) <= limit
        found += page.tasks
        if page.position is None:
            return found
        after = page.position


@pytest.mark.parametrize("seed", range(2))
def test_every_list_holds_what_fits_once_and_in_order(database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    with connected(database_url) as db:
        made = fill(db, chance)
        for _ in range(80):
            asked, order = some_filter(chance, made), chance.choice(list(Order))
            changed = asked.updated_after or asked.updated_before

            def key(task: Task, *, changed: object = changed) -> tuple[Any, int]:
                return (task.updated_at if changed else task.created_at, task.key)

            wanted = sorted((task for task in made if fits(task, asked)), key=key)
            if order is Order.NEWEST:
                wanted.reverse()
            found = pages(db, asked, order, limit=chance.randint(1, 9), scan=chance.randint(2, 99))
            assert [task.id for task in found] == [task.id for task in wanted], asked


@pytest.mark.parametrize("seed", range(2))
def test_the_feed_is_narrowed_alike_by_the_database_and_in_memory(
    database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    with connected(database_url) as db:
        made = fill(db, chance)
        everything = feed.list_tail(db, 0, limit=COUNT)
        for _ in range(100):
            asked = some_filter(chance, made)
            page = feed.list_page(db, asked, after=0, limit=COUNT)
            assert list(page.changes) == [
                change for change in everything if asked.is_change_match(change)
            ]


def test_what_comes_in_meanwhile_moves_no_page(database_url: str) -> None:
    chance = random.Random(1)
    asked = TaskFilter("default")
    with connected(database_url) as db:
        made = [task for task in fill(db, chance) if task.tenant == "default"]
        first = listing.list_page(db, asked, order=Order.NEWEST, after=None, limit=5)
        newer = replace(make_task(), created_at=NOW + timedelta(hours=1))
        tasks.insert_many(db, [newer])
        second = listing.list_page(db, asked, order=Order.NEWEST, after=first.position, limit=COUNT)
    assert {task.id for task in [*first.tasks, *second.tasks]} == {task.id for task in made}


def test_two_entries_of_one_digest_are_told_apart(database_url: str) -> None:
    with connected(database_url) as db:
        (task,) = [t for t in tasks.insert_many(db, [make_task(metadata={"a": "1"})]) if t]
        labels.insert_many(db, [task])
        db.execute(text("UPDATE task_labels SET mark = :mark"), {"mark": labels.mark("b", "2")})
        asked = TaskFilter("default", metadata=[("b", "2")])
        assert pages(db, asked, Order.NEWEST, limit=5, scan=5) == []
