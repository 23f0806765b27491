"""The ledger is written with what it is about, in one transaction, and adds up to the bill."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import (
    OPERATION,
    HandClock,
    ScriptedHttp,
    Workbench,
    open_workbench,
)
from tracker.domain.exchange import Certainty, HttpFailure
from tracker.domain.prices import ListPrice, PricedUnit
from tracker.domain.task import Task, TaskState
from tracker.services.read.spending import CostGroup, Spending, read_spending
from tracker.services.upkeep.counting import EndCounter
from tracker.store import costs
from tracker.store.schema import cost_entries

pytestmark = pytest.mark.anyio
US = "http://us.example"
LISTED = [ListPrice(NAME, PricedUnit.TASK, Decimal(2), "EUR", operation=OPERATION)]


async def phases(bench: Workbench, task: Task) -> list[str]:
    """The entries of a task, as `phase amount`."""
    its = cost_entries.c
    wanted = select(its.phase, its.amount).where(its.task_key == task.key).order_by(its.key)
    found = await bench.context.store.read(lambda db: db.execute(wanted).all())
    return [f"{phase} {amount}" for phase, amount in found]


async def by_phase(bench: Workbench) -> dict[str, str]:
    """The sums of the tenant's ledger."""
    found = await bench.context.store.read(
        lambda db: costs.sum_up(db, "default", since="", by=["phase"])
    )
    return {one.group["phase"]: f"{one.amount:f}" for one in found if one.amount}


def bill(status: str, *entries: tuple[str, str]) -> dict[str, object]:
    told = [{"phase": phase, "amount": amount} for phase, amount in entries]
    why = "no" if status == "failed" else None
    return {"id": "theirs", "status": status, "bill": told, "why": why}


async def test_reserve_settle_and_two_refunds_are_seen(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs", bill=[{"amount": "3", "phase": "reserve"}]))
    async with open_workbench(
        database_url, ScriptedHttp(played), prices=LISTED, public_url=US
    ) as bench:
        task = await bench.submit_task()
        back = ("refund", "3"), ("refund", "6")
        for told in (
            bill("failed", ("settle", "3")),
            bill("failed", ("settle", "3"), back[0]),
            bill("failed", ("settle", "3"), back[0]),  # the same again is no news
            bill("failed", ("settle", "3"), back[1]),
        ):
            await bench.call_back(task, told)
        assert await phases(bench, task) == [
            *("estimate 2", "estimate -2", "reserve 3"),
            *("reserve -3", "settle 3", "refund 3", "excess_refund 3"),
        ]
        told_at_last = {"settle": "3", "refund": "3", "excess_refund": "3"}
        assert await by_phase(bench) == told_at_last
        await EndCounter(bench.context).fold_all()
        assert await by_phase(bench) == told_at_last


async def test_sums_stand_by_day_key_and_operation_and_a_late_refund_with_its_task(
    database_url: str,
) -> None:
    clock = HandClock()
    prices = [*LISTED, ListPrice(NAME, PricedUnit.TASK, Decimal("0.1"), "EUR", operation="draw")]
    played = Played(make=build_answer(id="theirs"))
    async with open_workbench(
        database_url, ScriptedHttp(played), prices=prices, clock=clock, public_url=US
    ) as bench:
        first = await bench.submit_task()
        await bench.create_queued("b", submitter=7)
        old = clock.now().date().isoformat()
        clock.at += timedelta(days=1)
        new = clock.now().date().isoformat()
        for name in ("c", "d", "e"):
            await bench.create_queued(name, submitter=7, operation="draw")
        await bench.call_back(first, bill("succeeded", ("settle", "3")))
        await bench.call_back(first, bill("succeeded", ("settle", "3"), ("refund", "1")))
        expected = {
            CostGroup.DAY: {old: "4", new: "0.3"},
            CostGroup.PROVIDER: {NAME: "4.3"},
            CostGroup.ACCOUNT: {"default": "4.3"},
            CostGroup.OPERATION: {OPERATION: "4", "draw": "0.3"},
        }
        for is_counted in (False, True):
            for by, sums in expected.items():
                found = await spent(bench, by, old, new)
                assert {one.group[by]: f"{one.total:f}" for one in found} == sums, is_counted
            keys = await spent(bench, CostGroup.KEY, old, new)
            assert sorted(f"{one.total:f}" for one in keys) == ["2", "2.3"]
            (of_old,) = await spent(bench, CostGroup.DAY, old, old)
            assert {phase.value: f"{sum_:f}" for phase, sum_ in of_old.amounts.items() if sum_} == {
                "estimate": "2",
                "settle": "3",
                "refund": "1",
            }
            await EndCounter(bench.context).fold_all()


async def spent(bench: Workbench, by: CostGroup, since: str, until: str) -> Sequence[Spending]:
    return await bench.context.store.read(
        lambda db: read_spending(db, "default", since=since, until=until, by=[by])
    )


async def test_a_callback_without_costs_writes_none(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(make=build_answer(id="theirs"))), public_url=US
    ) as bench:
        task = await bench.submit_task()
        await bench.call_back(task, bill("succeeded"))
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
        assert await phases(bench, task) == []


async def test_what_may_have_been_billed_is_said(database_url: str) -> None:
    cut = HttpFailure(Certainty.UNKNOWN, "cut")
    async with open_workbench(database_url, ScriptedHttp(Played(make=cut)), prices=LISTED) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.UNCERTAIN
        assert await by_phase(bench) == {"possible": "2"}
