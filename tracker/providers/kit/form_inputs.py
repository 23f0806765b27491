"""Checks of inputs that are sent as forms, for pydantic: numbers that may be texts, and files.

A form has texts alone: `7` and `"7"` are the same.
"""

from collections.abc import Callable
from typing import Any

from tracker.providers.kit.forms import read_file
from tracker.providers.kit.reading import read_number


def check_number(low: float, high: float) -> Callable[[Any], Any]:
    """Return a check that passes a number within these bounds on as it is, also as a text.

    It raises ValueError.
    """

    def check(value: Any) -> Any:
        try:
            number = float(read_number(value) or "")
        except ValueError:
            raise ValueError(f"must be a number from {low:g} to {high:g}") from None
        if not low <= number <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value

    return check


def check_form_file(value: Any) -> Any:
    """Pass a data URI on as it is. Raises ValueError for anything else."""
    if read_file(value) is None:
        raise ValueError("must be a data: URI: this upstream takes files, and no URLs")
    return value
