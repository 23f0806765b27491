"""The ledger is written with what it is about, in one transaction, and adds up to the bill."""

from decimal import Decimal

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, says
from tests.support.workbench import OPERATION, ScriptedHttp, Workbench, open_workbench
from tracker.domain.exchange import Certainty, HttpFailure
from tracker.domain.prices import ListPrice, PricedUnit
from tracker.domain.task import Task, TaskState
from tracker.services.upkeep.counting import Counting
from tracker.store import costs

pytestmark = pytest.mark.anyio
US = "http://us.example"
LISTED = [ListPrice(NAME, PricedUnit.TASK, Decimal(2), "EUR", operation=OPERATION)]


async def phases(bench: Workbench, task: Task) -> list[str]:
    """The entries of a task, as `phase amount`."""
    found = await bench.context.store.read(lambda db: costs.of_task(db, task.key))
    return [f"{one.entry.name.phase} {one.entry.amount:f}" for one in found]


async def by_phase(bench: Workbench) -> dict[str, str]:
    """The sums of the tenant's ledger."""
    found = await bench.context.store.read(
        lambda db: costs.sums(db, "default", since="", by=["phase"])
    )
    return {one.group["phase"]: f"{one.amount:f}" for one in found if one.amount}


def bill(status: str, *entries: tuple[str, str]) -> dict[str, object]:
    told = [{"phase": phase, "amount": amount} for phase, amount in entries]
    why = "no" if status == "failed" else None
    return {"id": "theirs", "status": status, "bill": told, "why": why}


async def test_reserve_settle_and_two_refunds_are_seen(database_url: str) -> None:
    played = Played(make=says(id="theirs", bill=[{"amount": "3", "phase": "reserve"}]))
    async with open_workbench(
        database_url, ScriptedHttp(played), prices=LISTED, public_url=US
    ) as bench:
        task = await bench.sent()
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
        await Counting(bench.context).fold_all()
        assert await by_phase(bench) == told_at_last


async def test_a_callback_without_costs_writes_none(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(make=says(id="theirs"))), public_url=US
    ) as bench:
        task = await bench.sent()
        await bench.call_back(task, bill("succeeded"))
        assert (await bench.task(task.key)).state is TaskState.SUCCEEDED
        assert await phases(bench, task) == []


async def test_what_may_have_been_billed_is_said(database_url: str) -> None:
    cut = HttpFailure(Certainty.UNKNOWN, "cut")
    async with open_workbench(database_url, ScriptedHttp(Played(make=cut)), prices=LISTED) as bench:
        task = await bench.sent()
        assert task.state is TaskState.UNCERTAIN
        assert await by_phase(bench) == {"possible": "2"}
