"""A worker says which of its chores have not ended well for as long as the alert waits."""

import asyncio

import pytest

from tests.support.subscribing import OK
from tests.support.waiting import PATIENCE_S
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.domain.errors import Unavailable
from tracker.domain.presence import NO_END
from tracker.services.deliver.sending import DeliverySender
from tracker.telemetry.metrics import CHORE_SUCCESS
from tracker.workers.deliveries import DeliveryLoop
from tracker.workers.supervisor import Chore, Supervisor

pytestmark = pytest.mark.anyio
NAME = "made up"


class _Rounds:
    """A chore whose rounds wait for the test to say how they end."""

    def __init__(self) -> None:
        self.began: asyncio.Queue[None] = asyncio.Queue()
        self.ends: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def run(self) -> None:
        self.began.put_nowait(None)
        error = await self.ends.get()
        if error is not None:
            raise error

    async def end(self, error: Exception | None) -> None:
        """Let the round end, and return when the next one has begun."""
        self.ends.put_nowait(error)
        await self.began.get()


async def test_a_chore_that_hangs_or_breaks_off_is_named_until_it_ends_well(
    sqlite_url: str,
) -> None:
    clock, rounds = HandClock(), _Rounds()
    began = clock.now()
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        worker = Supervisor(
            [],
            bench.leases,
            [Chore(NAME, 0.0, rounds.run)],
            clock,
            deliveries=DeliveryLoop(DeliverySender(bench.context), clock, drain_s=1.0),
            lease_s=60.0,
            drain_s=1.0,
        )
        async with asyncio.timeout(PATIENCE_S):
            working = asyncio.create_task(worker.run())
            await rounds.began.get()
            assert dict(CHORE_SUCCESS.read())[NAME,] == began.timestamp()
            assert NAME not in worker.list_failing_chores()
            clock.move(61)
            assert worker.list_failing_chores()[NAME] == (f"{began:%F %R}", NO_END)
            await rounds.end(Unavailable("it is away"))
            assert worker.list_failing_chores()[NAME] == (f"{began:%F %R}", "it is away")
            await rounds.end(ValueError("what nobody is told"))
            assert worker.list_failing_chores()[NAME] == (f"{began:%F %R}", "ValueError")
            await rounds.end(None)
            assert NAME not in worker.list_failing_chores()
            worker.stop()
            rounds.ends.put_nowait(None)
            await working
