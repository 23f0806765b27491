"""Add up the costs of a tenant's tasks, from the ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tracker.domain.cost import Price
from tracker.domain.ledger import SIGNS, EntryPhase
from tracker.store import costs, keys
from tracker.store.keys import ApiKey
from tracker.store.store import Reading


class CostGroup(StrEnum):
    """A part by which costs are told apart."""

    DAY = "day"
    PROVIDER = "provider"
    ACCOUNT = "account"
    OPERATION = "operation"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Spending:
    """The costs of one group, in one currency or unit.

    group:   the values of what was asked for; a key as its row, None for tasks without one.
    amounts: by phase, exact to a billionth.
    """

    group: Mapping[CostGroup, Any]
    price: Price
    amounts: dict[EntryPhase, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """Return what counts against budgets: all that is expected or charged, less refunds."""
        signed = (SIGNS[phase] * amount for phase, amount in self.amounts.items())
        return sum(signed, Decimal(0))


def read_spending(
    db: Reading, tenant: str, *, since: str, until: str, by: Collection[CostGroup]
) -> list[Spending]:
    """Return a tenant's costs by group and price, in the order of the groups.

    since, until: days of tasks' creation, UTC, both inclusive.
    """
    columns = ["submitter" if one is CostGroup.KEY else one.value for one in by]
    found: dict[tuple[Any, ...], Spending] = {}
    names: Mapping[int, ApiKey] = {}
    sums = costs.sum_up(
        db, tenant, since=since, until=until, by=[*columns, "kind", "unit", "currency", "phase"]
    )
    if CostGroup.KEY in by:
        names = keys.list_by_key(db, {one.group["submitter"] for one in sums} - {0})
    for one in sums:
        values = [one.group[column] for column in columns]
        price = costs.read_group_price(one.group)
        group = {
            part: names.get(value) if part is CostGroup.KEY else value
            for part, value in zip(by, values, strict=True)
        }
        spent = found.setdefault((*values, price), Spending(group, price))
        spent.amounts[EntryPhase(one.group["phase"])] = one.amount
    return [spent for spent in found.values() if any(spent.amounts.values())]
