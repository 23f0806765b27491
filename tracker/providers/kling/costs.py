"""The cost of a task as Kling reports it. Exact: amounts stay decimal text."""

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.cost import Cost
from tracker.providers.kit.reading import read_amount, read_text

_MOST = 50
"""Entries of one task that are kept."""


def read_costs(task: Mapping[str, Any]) -> tuple[Cost, ...]:
    """Return the cost entries of a task object, of either dialect; none where nothing is said.

    Nothing said is not nothing charged.
    """
    found = [*_iterate_billing(task.get("billing")), *_iterate_deductions(task)]
    return tuple(found[:_MOST])


def _iterate_deductions(task: Mapping[str, Any]) -> Iterator[Cost]:
    """Legacy: units as one string, money as `{quota, list_price}` (callbacks page, 2026-03)."""
    amount = read_amount(task.get("final_unit_deduction", task.get("FinalUnitDeduction")))
    if amount is not None:
        yield Cost("unit", amount)
    balance = task.get("final_balance_deduction")
    if isinstance(balance, dict) and (amount := read_amount(balance.get("quota"))) is not None:
        yield Cost("cash", amount, list_price=read_amount(balance.get("list_price")))


def _iterate_billing(entries: Any) -> Iterator[Cost]:
    """Yield entries of `billing[]`. A task that failed before generating shows only an amount."""
    for entry in entries if isinstance(entries, list) else ():
        amount = read_amount(entry.get("amount")) if isinstance(entry, dict) else None
        if amount is None:
            continue
        kind = read_text(entry.get("charge_type"), limit=40)
        yield Cost(
            kind=kind or "unit",
            amount=amount,
            unit=read_text(entry.get("package_type", entry.get("cash_type")), limit=40),
            currency=read_text(entry.get("currency"), limit=10),
            list_price=read_amount(entry.get("list_price")),
        )
