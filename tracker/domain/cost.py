"""What one task cost, in the provider's own terms."""

from tracker.domain.records import record


@record
class Cost:
    """One entry of a provider's bill for one task.

    kind:       `unit` (of a resource pack) or `cash`, or the provider's own word.
    amount:     exact decimal text, e.g. "2" or "0.35"; never a binary fraction.
    unit:       what is counted: the pack's type (`video`, `image`) or the purse; None if not said.
    currency:   of cash, e.g. `USD`; None if not said.
    list_price: of cash, before discounts; exact decimal text.
    """

    kind: str
    amount: str
    unit: str | None = None
    currency: str | None = None
    list_price: str | None = None
