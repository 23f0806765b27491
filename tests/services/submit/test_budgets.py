"""Budgets: what would exceed one is refused before anything leaves, however many ask at once."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.command import run
from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import OPERATION, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.budget import Budget, Period
from tracker.domain.errors import BudgetExceeded
from tracker.domain.prices import ListPrice, PricedUnit
from tracker.domain.task import TaskState
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.budgeting import FRESH_S
from tracker.services.submit.bulk import BulkAction, BulkActions, BulkOrder
from tracker.services.submit.request import Submission
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.counting import EndCounter
from tracker.store import budgets, costs
from tracker.store.driver.transaction import Tx
from tracker.store.filters import TaskFilter

pytestmark = pytest.mark.anyio
TWO_EUR = [ListPrice(NAME, PricedUnit.TASK, Decimal(2), "EUR", operation=OPERATION)]
SPENDERS, ASKED = 3, 12


def budget(amount: int, *, period: Period = Period.DAY, submitter: int | None = None) -> Budget:
    return Budget("default", submitter, period, "EUR", Decimal(amount))


async def keep(bench: Workbench, *wanted: Budget) -> None:
    def batch(tx: Tx, items: Sequence[Budget]) -> list[None]:
        for one in items:
            budgets.keep(tx.db, one, now=tx.now)
        return [None] * len(items)

    for one in wanted:
        await bench.context.store.write(batch, one)


async def test_what_would_exceed_it_is_refused_and_nothing_leaves(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs"))
    async with open_workbench(database_url, ScriptedHttp(played), prices=TWO_EUR) as bench:
        await keep(bench, budget(5))
        await bench.create_queued("a")
        await bench.create_queued("b")
        with pytest.raises(BudgetExceeded, match="5 EUR a day: 4 are used, and this would add 2"):
            await bench.create_queued("c")
        await bench.send()
        assert (len(await bench.list_all()), played.asked) == (2, ["make", "make"])
        # Another currency, and a task of unknown price, have room as long as anything is left.
        await bench.create_queued("d", operation="draw")
        await keep(bench, budget(4))
        left = "4 EUR a day, and nothing of it is left for a task whose price in EUR is not known"
        with pytest.raises(BudgetExceeded, match=left):
            await bench.create_queued("e", operation="draw")


async def test_what_is_free_needs_no_room(database_url: str) -> None:
    free = ListPrice(NAME, PricedUnit.TASK, Decimal("0.00"), "EUR", operation="draw")
    async with open_workbench(
        database_url, ScriptedHttp(Played()), prices=[*TWO_EUR, free]
    ) as bench:
        await bench.create_queued("a")
        await keep(bench, budget(1))
        with pytest.raises(BudgetExceeded):
            await bench.create_queued("b")
        await bench.create_queued("c", operation="draw")


async def test_what_comes_back_makes_room(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs"))
    async with open_workbench(
        database_url, ScriptedHttp(played), prices=TWO_EUR, public_url="http://us.example"
    ) as bench:
        await keep(bench, budget(2))
        task = await bench.submit_task()
        for status, bill in (
            ("running", []),
            ("failed", [{"amount": "1.5"}]),
            ("failed", [{"amount": "1.5"}, {"amount": "1.5", "phase": "refund"}]),
        ):
            with pytest.raises(BudgetExceeded):
                await bench.create_queued("no")
            why = "no" if status == "failed" else None
            await bench.call_back(
                task, {"id": "theirs", "status": status, "bill": bill, "why": why}
            )
        task = await bench.create_queued("yes")
        assert task.state is TaskState.QUEUED


async def test_each_key_has_its_own_and_the_tenant_one_for_all(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played()), prices=TWO_EUR) as bench:
        await keep(bench, budget(6), budget(2, submitter=7))
        await bench.create_queued("a", submitter=7)
        with pytest.raises(BudgetExceeded, match="of this key"):
            await bench.create_queued("b", submitter=7)
        await bench.create_queued("c", submitter=8)
        await bench.create_queued("d")
        with pytest.raises(BudgetExceeded, match="of this tenant"):
            await bench.create_queued("e", submitter=8)


async def test_it_begins_anew_with_the_day_and_the_month_goes_on(database_url: str) -> None:
    clock = HandClock()
    clock.at = clock.at.replace(day=10, hour=23, minute=59)
    async with open_workbench(
        database_url, ScriptedHttp(Played()), prices=TWO_EUR, clock=clock
    ) as bench:
        await keep(bench, budget(2), budget(4, period=Period.MONTH))
        await bench.create_queued("a")
        with pytest.raises(BudgetExceeded, match="a day"):
            await bench.create_queued("b")
        clock.at += timedelta(minutes=2)
        await bench.create_queued("b")
        clock.at += timedelta(days=1)
        with pytest.raises(BudgetExceeded, match="a month"):
            await bench.create_queued("c")
        clock.at += timedelta(days=31)
        await bench.create_queued("c")


async def test_a_resubmission_counts_and_a_repeat_does_not(database_url: str) -> None:
    played = Played(make=build_answer(error={"code": "no", "why": "no"}))
    async with open_workbench(database_url, ScriptedHttp(played), prices=TWO_EUR) as bench:
        await keep(bench, budget(2))
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        failed = await bench.submit_task("a")
        assert failed.state is TaskState.FAILED
        again = await actions.resubmit("default", failed.id, idempotency_key="k", submitter=1)
        same = await actions.resubmit("default", failed.id, idempotency_key="k", submitter=1)
        assert (same.task.id, same.replayed) == (again.task.id, True)
        assert [one.amount for one in again.task.costs] == ["2"]
        with pytest.raises(BudgetExceeded):
            await actions.resubmit("default", failed.id, idempotency_key="other")


@pytest.mark.parametrize("at_once", [1, 100])
async def test_a_run_counts_what_there_is_no_room_for_as_its_dry_run_does(
    database_url: str, at_once: int
) -> None:
    played = Played(make=build_answer(error={"code": "no", "why": "no"}))
    async with open_workbench(database_url, ScriptedHttp(played), prices=TWO_EUR) as bench:
        for name in ("a", "b", "c"):
            await bench.submit_task(name)
        await keep(bench, budget(5))
        intake = SubmissionIntake(bench.context)
        actions = TaskActions(bench.context, intake)
        bulk = BulkActions(bench.context, actions, intake, at_once=at_once)
        selection = Selection(TaskFilter("default", states=[TaskState.FAILED]))
        until = bench.context.clock.now()
        full = "the budget of this tenant is 5 EUR a day: 4 are used, and this would add 2"
        for is_dry, done, kept in ((True, 2, 3), (False, 2, 5), (True, 0, 5), (False, 0, 5)):
            order = BulkOrder(BulkAction.RESUBMIT, selection, "key 1 (ops)", is_dry=is_dry)
            told = await bulk.run(order, after=None, until=until)
            assert (told.matching, told.done, told.refused[full]) == (3, done, 1)
            assert len(await bench.list_all()) == kept


async def test_what_is_counted_and_what_is_not_yet_make_the_same_sum(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played()), prices=TWO_EUR) as bench:
        await keep(bench, budget(6))
        await bench.create_queued("a")
        await EndCounter(bench.context).fold_all()
        await bench.create_queued("b")
        await bench.create_queued("c")
        with pytest.raises(BudgetExceeded, match="6 are used"):
            await bench.create_queued("d")
        await EndCounter(bench.context).fold_all()
        with pytest.raises(BudgetExceeded, match="6 are used"):
            await bench.create_queued("d")


async def test_a_first_budget_holds_within_seconds(database_url: str) -> None:
    clock = HandClock()
    clock.at = clock.at.replace(hour=12)
    async with open_workbench(
        database_url, ScriptedHttp(Played()), prices=TWO_EUR, clock=clock
    ) as bench:
        ours = SubmissionIntake(bench.context)
        asked = Submission("default", NAME, OPERATION, {"prompt": "rain"}, account="default")
        await ours.accept(asked)
        await keep(bench, budget(3))
        clock.move(FRESH_S)
        with pytest.raises(BudgetExceeded, match="2 are used"):
            await ours.accept(asked)
        await keep(bench, budget(4))  # a change holds at once
        await ours.accept(asked)


async def test_many_at_once_in_several_processes_never_exceed_it(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played()), prices=TWO_EUR) as bench:
        await keep(bench, budget(21))
        spenders = [
            asyncio.to_thread(run, database_url, f"{n}", module=__name__) for n in range(SPENDERS)
        ]
        done = await asyncio.gather(*spenders)
        assert [one.returncode for one in done] == [0] * SPENDERS, [one.stderr for one in done]
        told = [one.stdout.split() for one in done]
        taken = sum(int(one[0]) for one in told)
        refused = sum(int(one[1]) for one in told)
        assert (taken, refused) == (10, SPENDERS * ASKED - 10)
        assert len(await bench.list_all()) == 10
        (spent,) = await bench.context.store.read(
            lambda db: costs.sum_up(db, "default", since="", by=["currency"])
        )
        assert spent.amount == 20


async def _spend(database_url: str, name: str) -> None:
    """Ask for many tasks at once; print how many were taken, and how many refused."""
    async with open_workbench(database_url, ScriptedHttp(Played()), prices=TWO_EUR) as bench:
        asked = [bench.create_queued(f"{name}-{n}") for n in range(ASKED)]
        results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in results if isinstance(one, BudgetExceeded)]
    others = [one for one in results if isinstance(one, Exception) and one not in refused]
    if others:
        raise others[0]
    sys.stdout.write(f"{len(results) - len(refused)} {len(refused)}")


if __name__ == "__main__":
    asyncio.run(_spend(*sys.argv[1:]))
