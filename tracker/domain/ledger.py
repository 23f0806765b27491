"""A ledger of costs: the entries that each step of a task adds. Pure.

Entries are differences. Added up by phase, those of a task are its position: the amounts that are
expected, reserved, charged and given back now. Nothing is ever taken out; what is superseded is
balanced by an entry below zero.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_UP, Context, Decimal
from enum import StrEnum

from tracker.domain.cost import Cost, CostOrigin, Phase, Price
from tracker.domain.records import record
from tracker.domain.task import VERDICTS, Task, TaskState

_EXACT = Context(prec=120)
_LARGEST = 10**15
"""Amounts beyond it are no prices; sums of what is cut there still fit their columns."""
_NANO = 10**9
_ZERO = Decimal(0)


class EntryPhase(StrEnum):
    """The part of a bill that an entry changes."""

    ESTIMATE = "estimate"
    """Expected; replaced by a reservation or a charge."""
    RESERVE = "reserve"
    """Taken at the start, and settled or given back later."""
    POSSIBLE = "possible"
    """Perhaps billed: nobody could find out how the task ended, or its failure is in doubt."""
    SETTLE = "settle"
    REFUND = "refund"
    EXCESS_REFUND = "excess_refund"
    """Given back beyond what was charged, e.g. twice."""


SIGNS: Mapping[EntryPhase, int] = {
    EntryPhase.ESTIMATE: 1,
    EntryPhase.RESERVE: 1,
    EntryPhase.POSSIBLE: 1,
    EntryPhase.SETTLE: 1,
    EntryPhase.REFUND: -1,
    EntryPhase.EXCESS_REFUND: 0,
}
"""The sign of each phase in what a task counts for. What comes back twice makes no room."""


@record
class EntryName:
    """The amount that an entry changes."""

    phase: EntryPhase
    price: Price
    origin: CostOrigin = CostOrigin.PROVIDER


@record
class CostEntry:
    """One entry of the ledger. amount: a difference, exact; below zero where less is left."""

    name: EntryName
    amount: Decimal


def list_entries(before: Task | None, after: Task) -> list[CostEntry]:
    """Return the entries that a step of a task adds; before: None for a new task."""
    was = {} if before is None else _open_amounts(before)
    now = _open_amounts(after)
    changes = {
        name: _EXACT.subtract(now.get(name, _ZERO), was.get(name, _ZERO))
        for name in (*was, *(name for name in now if name not in was))
    }
    found = [CostEntry(name, amount) for name, amount in changes.items() if amount]
    old = {} if before is None else _sum_charges(before.costs)
    new = _sum_charges(after.costs)
    for price in (*new, *(price for price in old if price not in new)):
        found += _list_entries(price, old.get(price), *new.get(price, (_ZERO, _ZERO)))
    return found


def count_new(task: Task) -> dict[Price, Decimal]:
    """Return what a new task adds to the use of budgets, by price: zero where it is free."""
    return dict.fromkeys(map(_get_price, task.costs), _ZERO) | count_use(list_entries(None, task))


def count_use(found: Iterable[CostEntry]) -> dict[Price, Decimal]:
    """Return what entries add to the use of a budget, by price."""
    sums: dict[Price, Decimal] = {}
    for one in found:
        signed = SIGNS[one.name.phase] * one.amount
        sums[one.name.price] = _EXACT.add(sums.get(one.name.price, _ZERO), signed)
    return sums


def split(amount: Decimal) -> tuple[int, int]:
    """Return an amount as whole units and billionths, which databases add up exactly.

    Rounded away from zero at the ninth decimal, and cut at ±10^15.
    """
    scaled = int(_EXACT.multiply(amount, Decimal(_NANO)).to_integral_value(ROUND_UP))
    most = _LARGEST * _NANO
    return divmod(max(-most, min(most, scaled)), _NANO)


def join_amounts(whole: int, nano: int) -> Decimal:
    """Return the amount of which sums of `split` are the two parts."""
    return _EXACT.add(Decimal(whole), _EXACT.divide(Decimal(nano), Decimal(_NANO)))


def _open_amounts(task: Task) -> dict[EntryName, Decimal]:
    """Return what is expected or reserved of a task and neither charged nor given up."""
    if not task.costs:
        return {}
    told = [one for one in task.costs if one.origin is CostOrigin.PROVIDER]
    charges = _sum_charges(task.costs)
    found: dict[EntryName, Decimal] = {}
    if not charges:
        reserved = [one for one in told if one.phase is Phase.RESERVE]
        estimated = [one for one in told if one.phase is Phase.ESTIMATE]
        phase = EntryPhase.RESERVE if reserved else EntryPhase.ESTIMATE
        _add(found, _find_phase(task, phase), reserved or estimated)
    is_priced = {one.currency for one in told}
    own = [
        one
        for one in task.costs
        if one.origin is CostOrigin.PRICE_LIST and one.currency not in is_priced
    ]
    if charges:
        # The provider counts in units of its own; the list says what they are worth.
        is_charged = any(settled > refunded for settled, refunded in charges.values())
        _add(found, EntryPhase.ESTIMATE if is_charged else None, own)
    else:
        _add(found, _find_phase(task, EntryPhase.ESTIMATE), own)
    return found


def _add(found: dict[EntryName, Decimal], phase: EntryPhase | None, costs: Iterable[Cost]) -> None:
    if phase is None:
        return
    for one in costs:
        name = EntryName(phase, _get_price(one), one.origin)
        found[name] = _EXACT.add(found.get(name, _ZERO), Decimal(one.amount))


def _find_phase(task: Task, phase: EntryPhase) -> EntryPhase | None:
    """Return where an amount that is not charged stands; None where it will not be."""
    is_in_doubt = task.error is not None and task.error.doubtful
    if task.state in (TaskState.UNCERTAIN, TaskState.EXPIRED) or is_in_doubt:
        return EntryPhase.POSSIBLE
    if task.state not in VERDICTS or task.state is TaskState.SUCCEEDED:
        return phase
    # It ended without a result. What was reserved may or may not have come back.
    is_taken = phase is EntryPhase.RESERVE and not task.never_created
    return EntryPhase.POSSIBLE if is_taken else None


def _sum_charges(costs: Iterable[Cost]) -> dict[Price, tuple[Decimal, Decimal]]:
    """Return what a bill says was settled and given back, by price.

    Where it tells of a refund and of no charge, what it reserved is what was taken.
    """
    told: dict[Phase, dict[Price, Decimal]] = {phase: {} for phase in Phase}
    for one in costs:
        if one.origin is CostOrigin.PROVIDER:
            sums, price = told[one.phase], _get_price(one)
            sums[price] = _EXACT.add(sums.get(price, _ZERO), Decimal(one.amount))
    charged, refunded = told[Phase.SETTLE], told[Phase.REFUND]
    reserved = told[Phase.RESERVE]
    return {
        price: (charged.get(price, reserved.get(price, _ZERO)), refunded.get(price, _ZERO))
        for price in {**charged, **refunded}
    }


def _list_entries(
    price: Price, was: tuple[Decimal, Decimal] | None, settled: Decimal, refunded: Decimal
) -> list[CostEntry]:
    """Return the entries for a charge that is stated anew.

    A total that falls is a refund, whether the provider calls it one or not.
    """
    old = _ZERO if was is None else _EXACT.subtract(*was)
    new = _EXACT.subtract(settled, refunded)
    excess = _EXACT.subtract(max(_ZERO, -new), max(_ZERO, -old))
    if was is None:
        charged, back = settled, _EXACT.subtract(refunded, max(_ZERO, -new))
    else:
        change = _EXACT.add(_EXACT.subtract(new, old), excess)
        charged, back = max(_ZERO, change), max(_ZERO, -change)
    amounts = {
        EntryPhase.SETTLE: charged,
        EntryPhase.REFUND: back,
        EntryPhase.EXCESS_REFUND: excess,
    }
    return [CostEntry(EntryName(phase, price), sum_) for phase, sum_ in amounts.items() if sum_]


def _get_price(cost: Cost) -> Price:
    return Price(cost.kind, cost.unit, cost.currency)
