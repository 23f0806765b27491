"""How long deliveries that come during a look wait for the next one."""

import pytest

from tests.support.subscribing import OK, an_endpoint
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.domain.signals import CrashPoint
from tracker.services.deliver.delivery import Delivering
from tracker.workers.deliveries import BETWEEN_LOOKS_S, REST_OF_A_LANE_S, DeliveryLoop

pytestmark = pytest.mark.anyio
MANY = 60


class _Clock(HandClock):
    """Notes how long it is slept on, and calls what is given to it then."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []
        self.loop: DeliveryLoop | None = None

    async def sleep(self, seconds: float) -> None:
        if self.loop is not None:
            self.rests.append(seconds)
            self.loop.stop()
        await super().sleep(seconds)


@pytest.mark.parametrize(
    ("destinations", "took_s", "rest_s"),
    [
        (1, 2.0, BETWEEN_LOOKS_S),
        (MANY, 2.0, MANY * REST_OF_A_LANE_S),
        (MANY, 0.0, BETWEEN_LOOKS_S),
    ],
)
async def test_a_look_that_waited_for_others_is_not_rested_from_as_long(
    sqlite_url: str, destinations: int, took_s: float, rest_s: float
) -> None:
    clock = _Clock()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.DELIVERY_CLAIMED:
            clock.move(took_s)

    http = ScriptedHttp(lambda _: OK)
    async with open_workbench(sqlite_url, http, clock=clock, signal=at) as bench:
        for number in range(destinations):
            await an_endpoint(bench, f"http://receiver-{number}.example/")
        await bench.submitted(1)
        clock.loop = DeliveryLoop(Delivering(bench.context), clock, drain_s=15)
        await clock.loop.run()
    assert clock.rests == [pytest.approx(rest_s)]
    assert len(http.calls) == destinations
