"""The cost of a task, in the provider's own unit."""

from enum import StrEnum

from tracker.domain.records import record


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


@record
class Cost:
    """One entry of a provider's bill for one task.

    kind:       `unit` (of a resource pack) or `cash`, or the provider's own word.
    amount:     exact decimal text, e.g. "2" or "0.35"; never a binary fraction.
    unit:       what is counted: the pack's type (`video`, `image`) or the purse; None if not said.
    currency:   of cash, e.g. `USD`; None if not said.
    list_price: of cash, before discounts; exact decimal text.
    phase:      an estimate, a reservation, the settled charge or a refund.
    """

    kind: str
    amount: str
    unit: str | None = None
    currency: str | None = None
    list_price: str | None = None
    phase: Phase = Phase.SETTLE
