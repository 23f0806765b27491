"""Take no task in that would exceed a budget, however many processes take tasks in at once."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from tracker.clock import Clock
from tracker.domain import ledger
from tracker.domain.budget import Allotment, Budget, Overrun
from tracker.domain.cost import Cost
from tracker.domain.errors import BudgetExceeded
from tracker.domain.prices import ListPrice, estimate
from tracker.domain.task import Task
from tracker.store import budgets
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading

FRESH_S = 2.0
"""For how long a process takes a tenant that had no budget to have none."""


class BudgetGuard:
    """Finds and locks the budgets that a transaction must keep."""

    def __init__(self, clock: Clock) -> None:
        """One per process: it remembers which tenants had none a moment ago."""
        self._clock = clock
        self._free_until: dict[str, float] = {}

    def lock(self, tx: Tx, tenants: Collection[str]) -> Sequence[Budget]:
        """Return the budgets of tenants. Nobody else takes tasks of these in until the commit.

        First in a transaction: whoever holds rows already could be waited for by who holds this.
        """
        now = self._clock.monotonic()
        asked = [one for one in tenants if self._free_until.get(one, now) <= now]
        found = budgets.list_of_tenants(tx.db, asked) if asked else []
        capped = {budget.tenant for budget in found}
        if capped:
            budgets.lock(tx.db, capped)
        self._free_until |= {one: now + FRESH_S for one in asked if one not in capped}
        return found


def list_refusals(
    tx: Tx, wanted: Sequence[Task], found: Sequence[Budget]
) -> Sequence[BudgetExceeded | None]:
    """Return why each of some new tasks is not taken, in their order; None where there is room.

    found: their budgets, from `BudgetGuard.lock`. Each task counts for those behind it.
    """
    if not found or not wanted:
        return [None] * len(wanted)
    # A task counts for the day of its creation, which may be over by now.
    return take(allot(tx.db, found, {task.created_at for task in wanted}), wanted)


def allot(db: Reading, found: Collection[Budget], moments: Collection[datetime]) -> Allotment:
    """Return what is left of budgets for tasks that are created at some moments."""
    days = {budget: {budget.period.compute_first_day(when) for when in moments} for budget in found}
    return Allotment(budgets.read_used(db, days))


def take(allotment: Allotment, wanted: Sequence[Task]) -> Sequence[BudgetExceeded | None]:
    """Count new tasks in what is left; return why each is not taken, None where it is."""
    return [_make_refusal(allotment.take(task, ledger.count_new(task))) for task in wanted]


def estimate_again(prices: Sequence[ListPrice], task: Task, body: bytes) -> tuple[Cost, ...]:
    """Return what a task's input is expected to cost when it is submitted again."""
    if not any(one.provider == task.provider for one in prices):
        return ()
    return estimate(prices, task.provider, task.operation, json.loads(body))


def _make_refusal(overrun: Overrun | None) -> BudgetExceeded | None:
    if overrun is None:
        return None
    budget = overrun.budget
    cap, period = f"{budget.amount:f} {budget.currency}", budget.period.value
    used, wanted = f"{overrun.used:f}", f"{overrun.wanted:f}"
    if overrun.wanted:
        if budget.submitter is None:
            return BudgetExceeded(
                f"the budget of this tenant is {cap} a {period}: {used} are used, and this "
                f"would add {wanted}"
            )
        return BudgetExceeded(
            f"the budget of this key is {cap} a {period}: {used} are used, and this "
            f"would add {wanted}"
        )
    if budget.submitter is None:
        return BudgetExceeded(
            f"the budget of this tenant is {cap} a {period}, and nothing of it is left for a "
            f"task whose price in {budget.currency} is not known"
        )
    return BudgetExceeded(
        f"the budget of this key is {cap} a {period}, and nothing of it is left for a "
        f"task whose price in {budget.currency} is not known"
    )
