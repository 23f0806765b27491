"""The feed is counted once, by whomever, and what is not folded yet counts all the same."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.made_up import NAME
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.cost import Cost, Phase, Price
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpResult
from tracker.domain.task import Task
from tracker.services.recorder import Recorder
from tracker.services.upkeep import counting
from tracker.services.upkeep.counting import Counted, EndCounter
from tracker.store import tasks
from tracker.store.driver.transaction import Tx

pytestmark = pytest.mark.anyio
WAY = ScriptedHttp(lambda _call: HttpResult(500, {}, b""))


async def _end(bench: Workbench, name: str) -> Task:
    task = await bench.accept_task(await bench.create_queued(name), f"theirs-{name}")
    await _costs(bench, task, Cost("unit", "0.1", "video"))
    return task


async def _costs(bench: Workbench, task: Task, *costs: Cost) -> None:
    """Have the provider say that a task succeeded, and what it costs."""

    def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
        recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, set(keys)).values())
        for key in keys:
            recorder.record(key, Event(EventKind.SEEN_SUCCEEDED, Source.CALLBACK, costs=costs))
        recorder.flush()
        return [None] * len(keys)

    await bench.context.store.write(batch, task.key)


async def _look(bench: Workbench, tenant: str = "default") -> Counted:
    since = bench.context.clock.now() - timedelta(hours=24)
    return await bench.context.store.read(lambda db: counting.look(db, tenant, since=since))


async def test_each_end_is_counted_once_folded_or_not(database_url: str) -> None:
    async with open_workbench(database_url, WAY) as bench:
        for n in range(12):
            await _end(bench, f"first-{n}")
        before = await _look(bench)
        await asyncio.gather(*(EndCounter(bench.context).fold_all() for _ in range(4)))
        after = await _look(bench)
        assert (before, before.whole) == (after, True)
        for n in range(3):
            await _end(bench, f"second-{n}")
        await EndCounter(bench.context).fold_all()
        ever = (await _look(bench)).ever[NAME, "default"]
        assert ever.get_counts("ended") == {"succeeded": 15}
        assert ever.get_counts("told") == {"callback": 15}
        assert ever.costs == {Price("unit", "video", None): Decimal("1.5")}
        assert sum(ever.get_counts("latency").values()) == 15
        assert (await _look(bench, "somebody else")).ever == {}


@pytest.mark.parametrize("folded", range(8), ids="{:03b}".format)
async def test_costs_that_change_after_the_verdict_are_counted_once(
    database_url: str, folded: int
) -> None:
    """Fold the feed between any two of its entries: the sums are the same."""
    async with open_workbench(database_url, WAY) as bench:

        async def fold(place: int) -> None:
            if folded & 1 << place:
                await EndCounter(bench.context).fold_all()

        task = await _end(bench, "one")
        await _end(bench, "other")
        await fold(0)
        settled = Cost("unit", "0.25", "video")
        await _costs(bench, task, settled)
        await fold(1)
        refund = Cost("unit", "0.05", "video", phase=Phase.REFUND)
        await _costs(bench, task, settled, refund)
        await _costs(bench, task, settled, refund)  # no news
        await fold(2)
        counted = await _look(bench)
        price = Price("unit", "video", None)
        assert counted.ever[NAME, "default"].costs == {price: Decimal("0.30")}
        assert counted.lately[NAME, "default"].costs == {price: Decimal("0.30")}
        assert counted.ever[NAME, "default"].get_counts("ended") == {"succeeded": 2}


async def test_two_processes_count_each_end_once(database_url: str) -> None:
    async with (
        open_workbench(database_url, WAY) as bench,
        open_workbench(database_url, WAY) as other,
    ):
        for n in range(8):
            await _end(bench, f"{n}")
            await asyncio.gather(
                EndCounter(bench.context).fold_all(), EndCounter(other.context).fold_all()
            )
        ever = (await _look(other)).ever[NAME, "default"]
        assert ever.get_counts("ended") == {"succeeded": 8}


async def test_old_hours_go_and_the_sums_for_ever_stay(database_url: str) -> None:
    async with open_workbench(database_url, WAY) as bench:
        await _end(bench, "one")
        await EndCounter(bench.context).fold_all()
        await bench.context.store.write(counting.drop_hours, timedelta(hours=-2))
        found = await _look(bench)
        assert found.lately == {}
        assert found.ever[NAME, "default"].get_counts("ended") == {"succeeded": 1}
