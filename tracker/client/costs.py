"""Sums of costs as a frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class CostSum:
    """The costs of one group of tasks, in one currency or unit; None for what was not asked for.

    day:        on which the tasks were created, UTC.
    key:        the id of the API key that submitted them.
    possible:   perhaps billed: their outcome is unknown or in doubt.
    refunded_in_excess: given back beyond what was charged.
    total:      all that is expected or charged, less refunds.
    """

    day: date | None
    provider: str | None
    account: str | None
    operation: str | None
    key: str | None
    key_name: str | None
    kind: str
    unit: str | None
    currency: str | None
    estimated: Decimal
    reserved: Decimal
    possible: Decimal
    settled: Decimal
    refunded: Decimal
    refunded_in_excess: Decimal
    total: Decimal

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        day = data["day"]
        return cls(
            None if day is None else date.fromisoformat(day),
            *(data[name] for name in _COST_NAMES),
            *(Decimal(data[name]) for name in _COST_AMOUNTS),
        )


_COST_NAMES = (
    *("provider", "account", "operation", "key", "key_name"),
    *("kind", "unit", "currency"),
)
_COST_AMOUNTS = (
    *("estimated", "reserved", "possible", "settled"),
    *("refunded", "refunded_in_excess", "total"),
)
