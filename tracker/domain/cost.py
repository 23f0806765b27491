"""The cost of a task, in the provider's own unit."""

from decimal import Decimal
from enum import StrEnum

from tracker.domain.enum_members import find_members_directly
from tracker.domain.records import record, replace_fields


@find_members_directly
class Phase(StrEnum):
    """Where in the life of a bill an entry stands."""

    ESTIMATE = "estimate"
    """The expected cost, told before the provider charges."""
    RESERVE = "reserve"
    """Taken at the start, and settled or given back later."""
    SETTLE = "settle"
    """The amount charged in the end."""
    REFUND = "refund"
    """Given back, also after the verdict."""


@find_members_directly
class CostOrigin(StrEnum):
    """The party that says that something is charged."""

    PROVIDER = "provider"
    PRICE_LIST = "price_list"
    """The operator's own list, for what the provider does not tell."""


def is_miswritten_currency(name: str) -> bool:
    """Tell whether a name is a currency's without its capitals.

    Amounts in `cny` and in `CNY` would stand beside each other, and a budget would see one of them.
    """
    return len(name) == 3 and name.isascii() and name.isalpha() and not name.isupper()


QUOTA = "quota"
"""The unit of rows of gateways: taken at the create, and given back after a failure, often late."""


@record
class Price:
    """The key by which amounts are added up."""

    kind: str
    unit: str | None
    currency: str | None


@record
class Cost:
    """One entry of a provider's bill for one task.

    kind:       `unit` (of a resource pack) or `cash`, or the provider's own word.
    amount:     exact decimal text, e.g. "2" or "0.35"; never a binary fraction.
    unit:       what is counted: the pack's type (`video`, `image`) or the purse; None if not said.
    currency:   of cash, e.g. `USD`; None if not said.
    list_price: of cash, before discounts; exact decimal text.
    phase:      an estimate, a reservation, the settled charge or a refund.
    origin:     who says so.
    """

    kind: str
    amount: str
    unit: str | None = None
    currency: str | None = None
    list_price: str | None = None
    phase: Phase = Phase.SETTLE
    origin: CostOrigin = CostOrigin.PROVIDER


def select_own_estimates(costs: tuple[Cost, ...]) -> tuple[Cost, ...]:
    """Return those entries that come from the operator's price list."""
    return tuple(one for one in costs if one.origin is CostOrigin.PRICE_LIST)


def restate_costs(before: tuple[Cost, ...], told: tuple[Cost, ...]) -> tuple[Cost, ...]:
    """Return the bill after the provider has stated its part anew; a statement replaces the last.

    told: the provider's whole bill as it stands now; empty where it says nothing of it.
    """
    owed = tuple(one for entry in told if (one := _read_above_zero(entry)) is not None)
    return (*owed, *select_own_estimates(before)) if owed else before


def _read_above_zero(entry: Cost) -> Cost | None:
    """Return an entry below zero as what it means: given back. Nothing less is ever expected."""
    if not entry.amount.startswith("-"):
        return entry
    if entry.phase not in (Phase.SETTLE, Phase.REFUND):
        return None
    return replace_fields(entry, amount=entry.amount.removeprefix("-"), phase=Phase.REFUND)


def is_refund_due(costs: tuple[Cost, ...]) -> bool:
    """Tell whether a gateway still holds quota that it gives back where nothing was made."""
    held = {phase: Decimal() for phase in Phase}
    for one in costs:
        if one.unit == QUOTA and one.origin is CostOrigin.PROVIDER:
            held[one.phase] += Decimal(one.amount)
    return (held[Phase.SETTLE] or held[Phase.RESERVE]) > held[Phase.REFUND]


def is_charged(costs: tuple[Cost, ...]) -> bool:
    """Tell whether the provider's bill, as it stands, charges anything."""
    total = Decimal()
    for one in costs:
        if one.origin is CostOrigin.PROVIDER and one.phase in (Phase.SETTLE, Phase.REFUND):
            total += Decimal(one.amount) if one.phase is Phase.SETTLE else -Decimal(one.amount)
    return total > 0


def expect_again(costs: tuple[Cost, ...]) -> dict[Price, Decimal]:
    """Return what the same request is expected to cost when it is made again, by price.

    That is what it was charged, else what was reserved for it, else what was expected of it; a
    failure that cost nothing tells nothing.
    """
    for phase in (Phase.SETTLE, Phase.RESERVE, Phase.ESTIMATE):
        amounts: dict[Price, Decimal] = {}
        for one in costs:
            if one.phase is phase:
                price = Price(one.kind, one.unit, one.currency)
                amounts[price] = amounts.get(price, Decimal()) + Decimal(one.amount)
        if any(amounts.values()):
            return amounts
    return {}
