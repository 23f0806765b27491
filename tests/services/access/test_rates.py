"""Rate limits that all processes on a database share."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.support.subscribing import OK
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.clock import Clock, SystemClock
from tracker.domain.access import EVERYTHING, Principal
from tracker.domain.errors import Unavailable
from tracker.domain.shared_rate import WINDOW_S, compute_window
from tracker.parts import _make_rates
from tracker.services.access.rates import OwnRates, Rates, SharedRates
from tracker.settings import Settings

LIMIT = 200
SHARED = {"TRACKER_RATE_LIMIT_SHARED": "1"}
KEY = Principal("default", EVERYTHING, key=7)

pytestmark = pytest.mark.anyio


class Counted:
    """A store that counts writes."""

    def __init__(self, store: Any) -> None:
        self._store, self.writes = store, 0

    async def write(self, *asked: Any) -> Any:
        self.writes += 1
        return await self._store.write(*asked)


async def taken(rates: Rates) -> bool:
    found = await rates.take(KEY)
    assert found is not None
    return found[1]


async def admitted(processes: Sequence[SharedRates]) -> int:
    """Return how many of twice the limit get in, asked of the processes in turn."""
    asked = [taken(processes[number % len(processes)]) for number in range(2 * LIMIT)]
    return sum(await asyncio.gather(*asked))


async def test_four_processes_let_in_what_one_may_with_a_statement_for_ten_requests(
    database_url: str,
) -> None:
    is_server = not database_url.startswith("sqlite")
    clock: Clock = SystemClock() if is_server else HandClock()
    async with AsyncExitStack() as stack:
        benches = [
            await stack.enter_async_context(
                open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=clock)
            )
            for _ in range(2)
        ]
        while True:
            stores = [Counted(bench.context.store) for bench in benches * 2]
            processes = [SharedRates(one, clock, LIMIT) for one in stores]  # type: ignore[arg-type]
            begun = compute_window(clock.now().timestamp())
            count = await admitted(processes)
            if begun == compute_window(clock.now().timestamp()):
                break  # else the minute was over meanwhile, and with it what was taken of it
        assert 0.9 * LIMIT <= count <= LIMIT
        assert sum(store.writes for store in stores) <= 2 * LIMIT / 10
        for one in processes:
            found = await one.take(KEY)
            assert found is not None
            assert found[0].next_s <= WINDOW_S
        if isinstance(clock, HandClock):
            clock.move(WINDOW_S)
            assert 0.9 * LIMIT <= await admitted(processes) <= LIMIT


class Away:
    """A store whose database is away."""

    async def write(self, *_asked: Any) -> Any:
        raise Unavailable("it is away")


async def test_a_database_that_is_away_lets_nobody_in_unseen() -> None:
    rates = SharedRates(Away(), HandClock(), LIMIT)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(Unavailable):
            await taken(rates)


async def test_a_process_by_itself_counts_as_before() -> None:
    clock = HandClock()
    rates = OwnRates(clock, 2)
    assert [await taken(rates) for _ in range(3)] == [True, True, False]
    clock.move(30)
    assert await taken(rates)
    assert await rates.take(Principal("default", EVERYTHING)) is None
    assert await OwnRates(clock, None).take(KEY) is None


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({}, OwnRates), (SHARED, SharedRates), (SHARED | {"TRACKER_READ_ONLY": "1"}, OwnRates)],
)
async def test_the_settings_say_which(
    sqlite_url: str, settings: dict[str, str], kind: type[Rates]
) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        assert type(_make_rates(Settings.read_environment(settings), bench.context)) is kind
