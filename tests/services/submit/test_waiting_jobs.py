"""Creates that wait for a slow answer keep no place among those that a worker sends at once."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.support.made_up import SlowDrawing
from tests.support.made_up_api import says
from tests.support.waiting import until
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.clock import SystemClock
from tracker.domain.exchange import (
    HttpCall,
    HttpFailure,
    HttpResult,
    MaySend,
    OpenPieces,
    OpenSink,
    always,
)
from tracker.domain.work import JobKind
from tracker.services.leases import Leases
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.waiting_jobs import WaitingJobs
from tracker.workers.jobs import JobLoop, Role
from tracker.workers.roles import alone

pytestmark = pytest.mark.anyio
DONE = {"status": "succeeded", "pieces": [{"kind": "image", "url": "https://media.example/1"}]}


@dataclass
class SlowHttp(ScriptedHttp):
    """A way out whose answers come once the test lets them."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def call_provider(
        self,
        call: HttpCall,
        *,
        may_send: MaySend = always,
        files: OpenSink | None = None,
        pieces: OpenPieces | None = None,
    ) -> HttpResult | HttpFailure:
        answer = await super().call_provider(call, may_send=may_send)
        await self.may_answer.wait()
        return answer


def _loop(bench: Workbench, *, most_aside: int) -> JobLoop:
    attempting = SubmitAttempts(bench.context)
    attempting.aside = WaitingJobs(most_aside)
    role = Role(
        JobKind.SUBMIT, alone(attempting.run), concurrency=1, per_lane=1, aside=attempting.aside
    )
    return JobLoop(role, Leases(bench.context), SystemClock(), lease_s=30, drain_s=30)


@pytest.mark.parametrize(
    ("operation", "most_aside", "at_once"), [("draw", 5, 4), ("draw", 2, 3), ("film", 5, 1)]
)
async def test_what_waits_for_a_slow_answer_lets_others_go(
    database_url: str, operation: str, most_aside: int, at_once: int
) -> None:
    outbound = SlowHttp(lambda _call: says(said=DONE))
    async with open_workbench(database_url, outbound, adapter=SlowDrawing()) as bench:
        for n in range(4):
            await bench.queued(f"ours-{n}", operation=operation)
        loop = _loop(bench, most_aside=most_aside)
        running = asyncio.create_task(loop.run())
        await until(lambda: len(outbound.calls) == at_once)
        for _ in range(20):  # whoever else could go would have gone by now
            loop.wake()
            await asyncio.sleep(0)
        assert len(outbound.calls) == at_once
        outbound.may_answer.set()
        await until(lambda: len(outbound.calls) == 4)
        loop.stop()
        await running
