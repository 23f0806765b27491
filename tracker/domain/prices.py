"""The operator's price list: what a task probably costs where its provider does not say. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from tracker.domain.cost import Cost, CostOrigin, Phase

DefaultSeconds = Callable[[str, Mapping[str, Any]], Decimal | None]
"""Returns, by operation and input, the length of what is made without one; None: unknown."""
_MODELS = ("model_name", "model", "model_id", "version", "mv", "model_type", "taskType")
SECONDS = (
    *("duration", "seconds", "duration_s", "durationSeconds", "duration_seconds", "length"),
    "Duration",
)
"""Names under which providers' inputs have the length of what is to be made."""
_PIECES = (
    *("n", "num_outputs", "num_images", "image_count", "number_of_images", "sampleCount"),
    *("batch_size", "batchSize"),
)
_WITHIN = ("input", "parameters", "settings", "gen_params", "options", "metadata")
"""Objects of a request in which providers put the fields of the model."""
_MOST = 10_000
"""A quantity beyond it is no count of seconds or pieces."""


class PricedUnit(StrEnum):
    """The thing that a price is for."""

    TASK = "task"
    SECOND = "second"
    """Of the length that the input asks for."""
    PIECE = "piece"
    """Of the number of images or clips that the input asks for; one where it names none."""


@dataclass(frozen=True, slots=True)
class ListPrice:
    """One price of the list. The first that covers a task decides.

    operation, model: patterns with `*`; None for every one.
    usual:            how many units a task has whose input does not say; None: as `default_seconds`
                      says, by operation and input, and no estimate where that does not either.
    """

    provider: str
    unit: PricedUnit
    amount: Decimal
    currency: str
    operation: str | None = None
    model: str | None = None
    usual: Decimal | None = None
    default_seconds: DefaultSeconds | None = None

    def read_seconds(self, operation: str, input_: Mapping[str, Any]) -> Decimal | None:
        """Return the length that an input asks for, or that a task has without; None: unknown."""
        asked = _parse_number(_find_first_named(input_, SECONDS)) or self.usual
        if asked is not None or self.default_seconds is None:
            return asked
        return self.default_seconds(operation, input_)

    def is_for_task(self, provider: str, operation: str, model: str | None) -> bool:
        """Return true if the price is one of such a task."""
        return (
            provider == self.provider
            and (self.operation is None or fnmatchcase(operation, self.operation))
            and (self.model is None or (model is not None and fnmatchcase(model, self.model)))
        )


def estimate(
    prices: Sequence[ListPrice], provider: str, operation: str, input_: Mapping[str, Any]
) -> tuple[Cost, ...]:
    """Return what a task is expected to cost, as one entry; none where the list does not say."""
    if not prices:
        return ()
    model = _find_first_named(input_, _MODELS)
    name = model if isinstance(model, str) else None
    found = next((one for one in prices if one.is_for_task(provider, operation, name)), None)
    quantity = None if found is None else _count_quantity(found, operation, input_)
    if found is None or quantity is None:
        return ()
    amount = found.amount * quantity
    return (
        Cost(
            "cash",
            f"{amount:f}",
            currency=found.currency,
            phase=Phase.ESTIMATE,
            origin=CostOrigin.PRICE_LIST,
        ),
    )


def _count_quantity(price: ListPrice, operation: str, input_: Mapping[str, Any]) -> Decimal | None:
    match price.unit:
        case PricedUnit.TASK:
            return Decimal(1)
        case PricedUnit.SECOND:
            return price.read_seconds(operation, input_)
        case PricedUnit.PIECE:
            return _parse_number(_find_first_named(input_, _PIECES)) or price.usual or Decimal(1)


def _find_first_named(input_: Mapping[str, Any], names: Sequence[str]) -> Any:
    inner = [input_[name] for name in _WITHIN if isinstance(input_.get(name), Mapping)]
    for holder in (input_, *inner):
        for name in names:
            if holder.get(name) is not None:
                return holder[name]
    return None


def _parse_number(value: Any) -> Decimal | None:
    """Return a count above zero, also of text like `5` or `5s`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value).removesuffix("s"))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number <= _MOST else None
