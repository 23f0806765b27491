"""Budgets: the most that a tenant, or one of its keys, may spend by day or by month. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from tracker.domain.cost import Price
from tracker.domain.records import record
from tracker.domain.task import Task

_ZERO = Decimal(0)


class Period(StrEnum):
    """The time after which a budget begins anew, in UTC."""

    DAY = "day"
    MONTH = "month"

    def compute_first_day(self, now: datetime) -> str:
        """Return the first day of the period under way, as `2026-11-28`."""
        today = now.astimezone(UTC).date()
        return (today if self is Period.DAY else today.replace(day=1)).isoformat()


@record
class Budget:
    """A hard cap.

    submitter: the row of the API key that it is for; None for the whole tenant.
    currency:  what is counted: a currency, or a provider's own unit, e.g. `credits`.
    amount:    the most that may be estimated and charged in a period.
    """

    tenant: str
    submitter: int | None
    period: Period
    currency: str
    amount: Decimal

    def is_for_key(self, tenant: str, submitter: int | None) -> bool:
        """Return true if tasks of this key count for it."""
        return tenant == self.tenant and self.submitter in (None, submitter)

    def is_for_price(self, price: Price) -> bool:
        """Return true if amounts of this price count for it."""
        return self.currency in (price.currency, price.unit)


@record
class Overrun:
    """Why a task is not taken: what was used of a budget, and what it would add."""

    budget: Budget
    used: Decimal
    wanted: Decimal


class Allotment:
    """The rest of some budgets while one transaction takes tasks in."""

    def __init__(self, used: Mapping[tuple[Budget, str], Decimal]) -> None:
        """used: by every budget and first day of its period that may matter."""
        self._used = dict(used)

    def take(self, task: Task, adds: Mapping[Price, Decimal]) -> Overrun | None:
        """Count a task, or return why there is no room for it; then nothing is counted.

        A task of unknown price is taken as long as anything is left, and one that is free always.
        adds: by every price that is known of it.
        """
        wanted = {
            (budget, since): _sum(budget, adds)
            for budget, since in self._used
            if budget.is_for_key(task.tenant, task.submitter)
            and since == budget.period.compute_first_day(task.created_at)
        }
        for (budget, since), more in wanted.items():
            used = self._used[budget, since]
            is_unknown = not any(map(budget.is_for_price, adds))
            if (more and used + more > budget.amount) or (is_unknown and used >= budget.amount):
                return Overrun(budget, used, more)
        for named, more in wanted.items():
            self._used[named] += more
        return None


def _sum(budget: Budget, adds: Mapping[Price, Decimal]) -> Decimal:
    return sum((amount for price, amount in adds.items() if budget.is_for_price(price)), _ZERO)


def sum_used(
    budget: Budget, spent: Iterable[tuple[str, int, Price, Decimal]], since: str
) -> Decimal:
    """Return what is used of a budget.

    spent: signed amounts by day, key (0 for none) and price. since: the period's first day.
    """
    return sum(
        (
            amount
            for day, submitter, price, amount in spent
            if day >= since and budget.submitter in (None, submitter) and budget.is_for_price(price)
        ),
        _ZERO,
    )
