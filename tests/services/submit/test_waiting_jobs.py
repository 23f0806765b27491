"""Creates that wait for a slow answer keep no place among those that a worker sends at once."""

import asyncio

import pytest

from tests.support.made_up import SlowDrawing
from tests.support.made_up_api import build_answer
from tests.support.waiting import wait_for_condition
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.clock import SystemClock
from tracker.domain.work import JobKind
from tracker.services.leases import Leases
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.waiting_jobs import WaitingJobs
from tracker.workers.jobs import JobLoop, Role
from tracker.workers.roles import run_one_at_a_time

pytestmark = pytest.mark.anyio
DONE = {"status": "succeeded", "pieces": [{"kind": "image", "url": "https://media.example/1"}]}


def _loop(bench: Workbench, *, most_aside: int) -> JobLoop:
    attempting = SubmitAttempts(bench.context)
    attempting.aside = WaitingJobs(most_aside)
    role = Role(
        JobKind.SUBMIT,
        run_one_at_a_time(attempting.run),
        concurrency=1,
        per_lane=1,
        aside=attempting.aside,
    )
    return JobLoop(role, Leases(bench.context), SystemClock(), lease_s=30, drain_s=30)


@pytest.mark.parametrize(
    ("operation", "most_aside", "at_once"), [("draw", 5, 4), ("draw", 2, 3), ("film", 5, 1)]
)
async def test_what_waits_for_a_slow_answer_lets_others_go(
    database_url: str, operation: str, most_aside: int, at_once: int
) -> None:
    may_answer = asyncio.Event()
    outbound = ScriptedHttp(lambda _call: build_answer(said=DONE), before_answer=may_answer.wait)
    async with open_workbench(database_url, outbound, adapter=SlowDrawing()) as bench:
        for n in range(4):
            await bench.create_queued(f"ours-{n}", operation=operation)
        loop = _loop(bench, most_aside=most_aside)
        running = asyncio.create_task(loop.run())
        await wait_for_condition(lambda: len(outbound.calls) == at_once)
        for _ in range(20):  # whoever else could go would have gone by now
            loop.wake()
            await asyncio.sleep(0)
        assert len(outbound.calls) == at_once
        may_answer.set()
        await wait_for_condition(lambda: len(outbound.calls) == 4)
        loop.stop()
        await running
