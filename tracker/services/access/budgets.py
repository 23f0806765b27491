"""Set budgets, list them with what is used of each, and remove them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from tracker.clock import Clock
from tracker.domain.budget import Budget
from tracker.store import budgets, keys
from tracker.store.driver.transaction import Tx
from tracker.store.keys import ApiKey
from tracker.store.store import Reading, Store


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget, the key that it is for, and what is used of it in the period under way."""

    budget: Budget
    key: ApiKey | None
    used: Decimal

    @property
    def is_used_up(self) -> bool:
        """Return whether every task that would add anything is refused."""
        return self.used >= self.budget.amount


class Budgets:
    """Works on the database alone. Every process reads budgets anew for each batch of tasks."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Holds no state of its own."""
        self._store = store
        self._clock = clock

    async def list_all(self) -> list[BudgetUse]:
        """Return all budgets, by tenant."""
        return await self._store.read(self._list)

    async def list_of_tenant(self, tenant: str) -> list[BudgetUse]:
        """Return the budgets of a tenant and of its keys."""
        return [one for one in await self.list_all() if one.budget.tenant == tenant]

    async def find_submitter(self, tenant: str, id_: UUID) -> int | None:
        """Return the row of one of a tenant's keys; None where it has no such key."""
        found = await self._store.read(lambda db: keys.list_all(db, tenant=tenant))
        return next((one.key for one in found if one.id == id_), None)

    async def keep(self, budget: Budget) -> None:
        """Set a budget, in the place of the one for the same tenant, key, period and currency."""
        await self._store.write(_keep, budget)

    async def drop(self, budget: Budget) -> bool:
        """Remove a budget, whatever its amount; returns false when there is none."""
        return await self._store.write(_drop, budget)

    def _list(self, db: Reading) -> list[BudgetUse]:
        found = budgets.list_all(db)
        now = self._clock.now()
        days = {one: one.period.compute_first_day(now) for one in found}
        used = budgets.read_used(db, {one: {day} for one, day in days.items()})
        named = keys.list_by_key(db, {one.submitter for one in found if one.submitter is not None})
        return [
            BudgetUse(one, named.get(one.submitter or 0), used[one, days[one]]) for one in found
        ]


def _keep(tx: Tx, wanted: Sequence[Budget]) -> list[None]:
    for one in wanted:
        budgets.keep(tx.db, one, now=tx.now)
    return [None] * len(wanted)


def _drop(tx: Tx, wanted: Sequence[Budget]) -> list[bool]:
    return [budgets.drop(tx.db, one) for one in wanted]
