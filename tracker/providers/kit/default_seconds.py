"""Lengths that a provider gives tasks whose inputs name none, for estimates of an operator's."""

from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from tracker.domain.prices import DefaultSeconds


def build_default_seconds(
    lengths: Mapping[str, int], *, of_models: Mapping[str, int] | None = None
) -> DefaultSeconds:
    """Return a reader of `Provider.default_seconds`.

    lengths:   by operation.
    of_models: by pattern of the input's `model`, for those that differ.
    """

    def find(operation: str, input_: Mapping[str, Any]) -> Decimal | None:
        usual = lengths.get(operation)
        if usual is None:
            return None
        model = str(input_.get("model") or "")
        found = next((n for one, n in (of_models or {}).items() if fnmatchcase(model, one)), usual)
        return Decimal(found)

    return find
