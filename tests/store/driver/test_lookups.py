"""Reads by key: shared, never older than the question, and each with its own end."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from tests.domain.factories import a_task
from tracker.clock import SystemClock, make_id
from tracker.domain.errors import Unavailable
from tracker.domain.task import Task
from tracker.store import tasks
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store


def insert(tx: Tx, items: Sequence[Task]) -> list[Task | None]:
    return tasks.insert_many(tx.db, items)


@pytest.mark.anyio
async def test_each_caller_gets_what_is_under_its_own_key(database_url: str) -> None:
    async with Store(database_url, SystemClock()) as store:
        made = [a_task(id=make_id(), external_task_id=str(n)) for n in range(30)]
        await asyncio.gather(*(store.write(insert, task) for task in made))
        ids = [task.id for task in made] * 3 + [make_id()]
        found = await asyncio.gather(*(store.find(tasks.load_by_id, id_) for id_ in ids))
        assert [task and task.id for task in found] == [*ids[:-1], None]
        stands = await asyncio.gather(*(store.find(tasks.load_standings, id_) for id_ in ids))
        assert [one and (one.id, one.version) for one in stands] == [
            *((id_, 1) for id_ in ids[:-1]),
            None,
        ]


@pytest.mark.anyio
async def test_what_was_committed_before_the_question_is_found(database_url: str) -> None:
    """A caller whose write was answered reads it, however many read meanwhile."""
    async with Store(database_url, SystemClock()) as store:
        reading = True

        async def read_on() -> None:
            while reading:
                await store.find(tasks.load_by_id, make_id())
                await asyncio.sleep(0)

        others = [asyncio.create_task(read_on()) for _ in range(3)]
        for number in range(30):
            task = a_task(id=make_id(), external_task_id=str(number))
            await store.write(insert, task)
            assert await store.find(tasks.load_by_id, task.id) is not None
        reading = False
        await asyncio.gather(*others)


@pytest.mark.anyio
async def test_callers_who_ask_during_a_query_share_the_next(postgres_url: str) -> None:
    calls: list[int] = []

    def counted(db: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Task]:
        calls.append(len(ids))
        return tasks.load_by_id(db, ids)

    async with Store(postgres_url, SystemClock()) as store:
        await asyncio.gather(*(store.find(counted, make_id()) for _ in range(100)))
    assert sum(calls) == 100
    assert len(calls) == 1


@pytest.mark.anyio
async def test_a_caller_who_leaves_takes_nobody_along(postgres_url: str) -> None:
    async with Store(postgres_url, SystemClock()) as store:
        id_ = make_id()
        leaving = store.find(tasks.load_by_id, id_)
        staying = store.find(tasks.load_by_id, id_)
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying is None
        assert leaving.cancelled()


@pytest.mark.anyio
async def test_a_query_that_fails_fails_for_those_who_asked_it(database_url: str) -> None:
    def broken(db: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Task]:
        raise ValueError(len(ids))

    async with Store(database_url, SystemClock()) as store:
        with pytest.raises(ValueError):
            await store.find(broken, make_id())
        assert await store.find(tasks.load_by_id, make_id()) is None


@pytest.mark.anyio
async def test_a_database_that_is_not_there_is_unavailable() -> None:
    async with Store("postgresql://nobody@127.0.0.1:1/none", SystemClock()) as store:
        with pytest.raises(Unavailable):
            await store.find(tasks.load_by_id, make_id())


@pytest.mark.anyio
async def test_a_connection_that_dies_between_two_questions_costs_nobody_an_answer(
    postgres_url: str,
) -> None:
    async with Store(postgres_url, SystemClock()) as store:
        task = a_task(id=make_id())
        await store.write(insert, task)
        assert await store.find(tasks.load_by_id, task.id) is not None
        ended = await store.read(
            lambda db: db.scalar(
                text(
                    "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        )
        assert ended >= 2  # ours and the writer's
        for _ in range(2):  # by another connection, then by a new one of its own
            assert await store.find(tasks.load_by_id, task.id) is not None


@pytest.mark.anyio
async def test_several_steps_are_waited_for_no_longer_than_one(sqlite_url: str) -> None:
    async with Store(sqlite_url, SystemClock(), wait_s=60) as store:
        assert await store.wait_in_time(store.read(lambda db: db.scalar(text("SELECT 1")))) == 1
    async with Store(sqlite_url, SystemClock(), wait_s=0.01) as store:
        with pytest.raises(Unavailable):
            await store.wait_in_time(asyncio.Event().wait())
