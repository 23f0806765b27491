"""Entries of a bill that a provider states anew, as a total, at every look."""

from collections.abc import Sequence
from decimal import Decimal

from tracker.domain.cost import Cost, Phase
from tracker.domain.task import Task

_EXPECTED = frozenset({Phase.ESTIMATE, Phase.RESERVE})


def settle_costs(task: Task | None, amount: str | None, *, unit: str) -> Sequence[Cost]:
    """Return the charge, and as a refund what a later total is less than the first one.

    task:   as it is known; None for nothing known.
    amount: the total as the provider states it now, exact decimal text; None for not told.
    unit:   what is counted.
    """
    if amount is None:
        return []
    before = next(
        (one for one in (task.costs if task else ()) if _is_charge(one, unit)),
        Cost("unit", amount, unit=unit),
    )
    less = Decimal(before.amount) - Decimal(amount)
    if less <= 0:
        return [Cost("unit", amount, unit=unit)]
    return [before, Cost("unit", f"{less:f}", unit=unit, phase=Phase.REFUND)]


def compute_net(costs: Sequence[Cost], unit: str) -> Decimal | None:
    """Return what remains charged in a unit; None where nothing was."""
    charges = [Decimal(one.amount) for one in costs if _is_charge(one, unit)]
    back = [Decimal(one.amount) for one in costs if one.phase is Phase.REFUND and one.unit == unit]
    return sum(charges, Decimal(0)) - sum(back, Decimal(0)) if charges else None


def estimate_costs(costs: Sequence[Cost], unit: str) -> Decimal | None:
    """Return what the provider expects to charge in a unit, or has reserved; None for not said."""
    told = [one for one in costs if one.phase in _EXPECTED and one.unit == unit]
    return Decimal(told[-1].amount) if told else None


def _is_charge(cost: Cost, unit: str) -> bool:
    return cost.phase is Phase.SETTLE and cost.unit == unit
