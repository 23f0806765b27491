"""Retention beside others who write, and with a clock that leaps."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.services.upkeep.test_dropped_tasks import POLICY
from tests.services.upkeep.test_retention import opened
from tests.support import history
from tests.support.made_up import NAME
from tests.support.workbench import HandClock, Workbench
from tracker.domain.drop_pace import FIRST
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import conditions
from tracker.store.schema import tasks

pytestmark = pytest.mark.anyio


class _LeapingClock(HandClock):
    """Its time of day may leap, while what passes does not. Notes how long it is slept on."""

    def __init__(self) -> None:
        super().__init__()
        self.leapt = timedelta()
        self.rests: list[float] = []

    def now(self) -> datetime:
        return self.at + self.leapt

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.rests.append(round(seconds, 3))


async def _ended(bench: Workbench, count: int, at: datetime) -> None:
    ended = {"provider": NAME, "state": TaskState.SUCCEEDED, "finished_at": at}
    await history.insert(bench.context.store, *(history.make_task(**ended) for _ in range(count)))
    await EndCounter(bench.context).fold_all()


async def _left(bench: Workbench) -> int:
    found = await bench.context.store.read(
        lambda db: db.scalar(select(func.count()).select_from(tasks))
    )
    return found or 0


async def test_while_others_write_it_drops_little_at_once_and_rests(database_url: str) -> None:
    clock, batches = _LeapingClock(), list[int]()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.RETENTION_COMMITTED:
            clock.move(0.1)
            batches.append(1)

    async with opened(database_url, clock, POLICY, signal=at) as bench:
        old = clock.now() - timedelta(days=30)
        await _ended(bench, FIRST, old)
        chore = RetentionChore(bench.context)
        await chore.drop_for_while()
        assert (len(batches), clock.rests, await _left(bench)) == (1, [], 0)
        await _ended(bench, FIRST + 1, old)  # which moves the feed as well
        await chore.drop_for_while()
        assert (len(batches), clock.rests, await _left(bench)) == (3, [0.4], 0)


async def test_a_clock_that_leaps_makes_nothing_due_that_nobody_was_asked_about(
    database_url: str,
) -> None:
    clock = _LeapingClock()
    async with opened(database_url, clock, POLICY) as bench:
        chore = RetentionChore(bench.context, free=0)
        await chore.drop_for_while()
        await _ended(bench, 10, clock.now())
        clock.leapt = timedelta(days=365)
        await chore.drop_for_while()
        assert await _left(bench) == 10
        clock.move(300.0)
        await chore.drop_for_while()
        assert await _left(bench) == 10
        standing = await bench.context.store.read(conditions.list_open)
        assert conditions.RETENTION_WAITS in {one.name for one in standing}
