"""Whole tasks go with all their rows, and what others still ask of them is answered."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests.services.upkeep.test_retention import (
    DAY_S,
    _free_lease,
    _rows,
    _set_deliveries,
    _succeed,
    _task,
    opened,
)
from tests.support import history
from tests.support.dropping import run_all
from tests.support.made_up import NAME
from tests.support.made_up_api import Played
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.delivery import DeliveryState
from tracker.domain.errors import Conflict, CursorTooOld, NotFound, TaskGone
from tracker.domain.lifecycle import Verdict
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.services.receive.reception import Reception
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import feed, tombstones
from tracker.store.filters import TaskFilter
from tracker.store.schema import feed_floors, gone_tasks, metadata, tasks, transitions

pytestmark = pytest.mark.anyio
POLICY = RetentionPolicy(
    {**dict.fromkeys(KeptClass), KeptClass.TASKS: timedelta(days=10)},
    tombstones=timedelta(days=400),
)
OTHERS = {"chore_leases", "feed_floors", "feed_head", "gone_tasks", "retention_walks", "conditions"}
"""Tables with rows that are no task's."""


async def _left(bench: Workbench) -> dict[str, int]:
    """Count the rows of every table that may belong to a task."""

    def count(db: Any) -> dict[str, int]:
        return {
            name: number
            for name, table in metadata.tables.items()
            if name not in OTHERS
            and not name.startswith(("stat_co", "stat_pro", "schema"))
            and (number := db.scalar(select(func.count()).select_from(table)))
        }

    return await bench.context.store.read(count)


async def _gone(bench: Workbench, clock: HandClock) -> UUID:
    """Return the id of a task that succeeded and was dropped."""
    task = await _task(bench, "one")
    await _succeed(bench, task)
    await _set_deliveries(bench, DeliveryState.DELIVERED)
    await EndCounter(bench.context).fold_all()
    clock.move(11 * DAY_S)
    await run_all(RetentionChore(bench.context))
    return task.id


async def test_a_task_goes_with_all_its_rows_and_its_name_stays_taken(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        id_ = await _gone(bench, clock)
        assert await _left(bench) == {}
        missing = await bench.context.store.read(
            lambda db: tombstones.explain_missing(db, "default", id_)
        )
        assert isinstance(missing, TaskGone)
        assert missing.state == "succeeded"
        foreign = await bench.context.store.read(
            lambda db: tombstones.explain_missing(db, "other", id_)
        )
        assert isinstance(foreign, NotFound)
        with pytest.raises(Conflict, match="already exists"):
            await _task(bench, "one")
        assert await _left(bench) == {}
        clock.move(401 * DAY_S)
        await bench.context.store.write(_free_lease, None)
        await run_all(RetentionChore(bench.context))
        assert await _rows(bench, gone_tasks) == []
        await _task(bench, "one")


@pytest.mark.parametrize("adopts", [False, True])
async def test_a_late_callback_is_answered_and_counted_and_not_kept(
    database_url: str, *, adopts: bool
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        reception = Reception(replace(bench.context, adopt=adopts))
        id_ = await _gone(bench, clock)
        own = token.sign(SECRET, NAME, str(id_))
        shared = token.sign(SECRET, NAME, token.SHARED)
        body = b'{"id": "theirs-one", "mark": "one", "status": "succeeded"}'
        for subject, signed in ((str(id_), own), (token.SHARED, shared)):
            raw = build_raw_callback(NAME, subject, signed, body, {})
            received = await reception.receive(raw)
            assert (received.verdict, received.reason) == (
                Verdict.STALE,
                "its task is not kept any more",
            )
        assert await _left(bench) == {}
        (kept,) = await _rows(bench, gone_tasks)
        assert kept.late_callbacks == 2


@pytest.mark.parametrize("adopts", [False, True])
async def test_late_callbacks_that_come_together_are_each_answered_and_counted(
    database_url: str, *, adopts: bool
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        await _gone(bench, clock)
        signed = token.sign(SECRET, NAME, token.SHARED)
        reception = Reception(replace(bench.context, adopt=adopts))
        told = await asyncio.gather(
            *(
                reception.receive(
                    build_raw_callback(
                        NAME,
                        token.SHARED,
                        signed,
                        b'{"id": "theirs-one", "mark": "one", "status": "succeeded", "n": %d}' % n,
                        {},
                    )
                )
                for n in range(5)
            )
        )
        assert {one.verdict for one in told} == {Verdict.STALE}
        assert await _left(bench) == {}
        (kept,) = await _rows(bench, gone_tasks)
        assert kept.late_callbacks == 5


async def test_a_batch_grows_to_a_thousand_tasks_on_postgresql_and_two_hundred_on_sqlite(
    database_url: str,
) -> None:
    clock, left = HandClock(), list[int]()
    size = 1000 if database_url.startswith("postgresql") else 200

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.RETENTION_COMMITTED:
            with bench.context.store.engine.connect() as db:
                left.append(db.scalar(select(func.count()).select_from(tasks)) or 0)

    async with open_workbench(
        database_url, ScriptedHttp(Played()), clock=clock, retention=POLICY, signal=at
    ) as bench:
        ended = {"provider": NAME, "state": TaskState.SUCCEEDED, "finished_at": clock.now()}
        new = [history.make_task(**ended) for _ in range(2 * size + 1)]
        await history.insert(bench.context.store, *new)
        await EndCounter(bench.context).fold_all()
        clock.move(11 * DAY_S)
        await run_all(RetentionChore(bench.context, free=len(new)))
    sizes = [before - after for before, after in pairwise([2 * size + 1, *left])]
    assert sizes == ([100, 400, 1000, 501] if size == 1000 else [100, 200, 101])


async def test_a_cursor_below_the_tenants_floor_is_too_old(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        other = await _task(bench, "theirs", tenant="other")
        await _gone(bench, clock)
        fresh = await _task(bench, "fresh")
        (floor,) = await _rows(bench, feed_floors)
        entries = await _rows(bench, transitions)
        assert floor.tenant == "default"
        assert floor.seq == max(row.seq for row in entries if row.task_key != fresh.key) + 3

        async def page(tenant: str, after: int) -> list[int]:
            found = await bench.context.store.read(
                lambda db: feed.list_page(db, TaskFilter(tenant), after=after, limit=50)
            )
            return [change.seq for change in found.changes]

        with pytest.raises(CursorTooOld):
            await page("default", floor.seq - 1)
        mine = [row.seq for row in entries if row.task_key == fresh.key]
        assert await page("default", floor.seq) == await page("default", 0) == mine
        theirs = [row.seq for row in entries if row.task_key == other.key]
        assert await page("other", theirs[0]) == theirs[1:]


async def test_what_something_needs_stays_until_nothing_does(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        task = await _task(bench, "one")
        await _succeed(bench, task)
        child = await bench.create_queued("child")
        await bench.context.store.write(_link, (child.key, task.id))
        chore = RetentionChore(bench.context)
        for remedy in (
            lambda: _set_deliveries(bench, DeliveryState.DELIVERED),
            EndCounter(bench.context).fold_all,
            lambda: bench.context.store.write(_link, (child.key, None)),
        ):
            clock.move(11 * DAY_S)
            await run_all(chore)
            assert {row.key for row in await _rows(bench, tasks)} == {task.key, child.key}
            await remedy()
        clock.move(11 * DAY_S)
        await run_all(chore)
        assert {row.key for row in await _rows(bench, tasks)} == {child.key}


def _link(tx: Any, items: Any) -> list[None]:
    for key, parent in items:
        tx.db.execute(tasks.update().where(tasks.c.key == key).values(parent_id=parent))
    return [None] * len(items)
