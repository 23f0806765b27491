"""The loop that looks at tasks gathers those that come due all the time."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.held_clock import HeldClock
from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.waiting import wait_for_condition
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.work import JobKind, build_lane
from tracker.services.leases import Leases
from tracker.store import jobs
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job, NewJob
from tracker.workers.jobs import BETWEEN_CLAIMS_S, GATHER_S, JobLoop, Role

pytestmark = pytest.mark.anyio
TOGETHER = 4


async def _come_due(bench: Workbench, keys: Sequence[int]) -> None:
    def batch(tx: Tx, several: Sequence[Sequence[int]]) -> list[None]:
        new = [
            NewJob("default", JobKind.RECONCILE, k, build_lane(NAME, "default"), tx.now)
            for k in several[0]
        ]
        jobs.enqueue(tx.db, new, now=tx.now)
        return [None]

    await bench.context.store.write(batch, keys)


async def test_a_pause_grows_while_few_come_at_a_time_and_shrinks_with_many(
    database_url: str,
) -> None:
    clock, done = HeldClock(), list[int]()

    async def run(held: Sequence[Job]) -> None:
        done.append(len(held))

    async with open_workbench(
        database_url, ScriptedHttp(Played(make=build_answer(id="x")))
    ) as bench:
        left = iter([(await bench.create_queued(f"task {n}")).key for n in range(10)])
        role = Role(JobKind.RECONCILE, run, concurrency=64, per_lane=64, together=TOGETHER)
        loop = JobLoop(role, Leases(bench.context), clock, lease_s=30, drain_s=0)
        running = asyncio.create_task(loop.run())
        for turn, few in enumerate((1, 1, 1, 1, TOGETHER, 1), 1):
            await _come_due(bench, [next(left) for _ in range(few)])
            loop.wake()
            if turn > 1:
                clock.end_pause()
            await wait_for_condition(lambda turn=turn: len(clock.pauses) == turn)  # type: ignore[misc]  # pinned
        clock.end_pause()
        await wait_for_condition(lambda: len(done) == 6)
        loop.stop()
        await running
    assert done == [1, 1, 1, 1, TOGETHER, 1]
    assert clock.pauses == [
        BETWEEN_CLAIMS_S,
        2 * BETWEEN_CLAIMS_S,
        4 * BETWEEN_CLAIMS_S,
        GATHER_S,
        GATHER_S,
        GATHER_S / 2,
    ]
