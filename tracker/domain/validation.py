"""pydantic's findings in our words: a path for each wrong field and what would be right."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tracker.domain.errors import FieldError

_REASONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda c: "is required",
    "extra_forbidden": lambda c: "there is no such field",
    "string_type": lambda c: "must be a string",
    "dict_type": lambda c: "must be an object",
    "model_type": lambda c: "must be an object",
    "list_type": lambda c: "must be an array",
    "tuple_type": lambda c: "must be an array",
    "bool_type": lambda c: "must be true or false",
    "int_type": lambda c: "must be a whole number",
    "int_from_float": lambda c: "must be a whole number",
    "float_type": lambda c: "must be a number",
    "literal_error": lambda c: f"must be one of {c['expected']}".replace("'", '"'),
    "string_too_long": lambda c: f"at most {c['max_length']} characters",
    "string_too_short": lambda c: f"at least {c['min_length']} characters",
    "too_long": lambda c: f"at most {c['max_length']} items, got {c['actual_length']}",
    "too_short": lambda c: f"at least {c['min_length']} items, got {c['actual_length']}",
    "greater_than": lambda c: f"must be greater than {c['gt']:g}",
    "greater_than_equal": lambda c: f"must be at least {c['ge']:g}",
    "less_than": lambda c: f"must be less than {c['lt']:g}",
    "less_than_equal": lambda c: f"must be at most {c['le']:g}",
    "finite_number": lambda c: "must be a finite number",
    "string_unicode": lambda c: "must be valid Unicode text",
}


def field_errors(error: ValidationError, *, prefix: str = "") -> Sequence[FieldError]:
    """Each wrong field once, in order, with its path from the body's root.

    prefix: where the validated object stands in the body.
    """
    found: dict[str, FieldError] = {}
    for one in error.errors(include_url=False, include_input=False):
        path = path_of(one["loc"], prefix=prefix)
        found.setdefault(path, FieldError(path, _reason(one)))
    return list(found.values())


def path_of(place: Sequence[int | str], *, prefix: str = "") -> str:
    """`image_list[2].image` for ("image_list", 2, "image")."""
    path = prefix
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if path else part
    return path


def _reason(one: Mapping[str, Any]) -> str:
    known = _REASONS.get(one["type"])
    if known is not None:
        return known(one.get("ctx", {}))
    message: str = one["msg"]
    return message.removeprefix("Value error, ")
