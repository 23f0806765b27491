"""pydantic's findings in our words: a path for each wrong field and what would be right."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tracker.domain.errors import FieldError

REASONS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "there is no such field",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode text",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "list_type": "must be an array",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "literal_error": "must be one of {expected}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} items, got {actual_length}",
    "too_short": "at least {min_length} items, got {actual_length}",
    "greater_than": "must be greater than {gt:.15g}",
    "greater_than_equal": "must be at least {ge:.15g}",
    "multiple_of": "must be a multiple of {multiple_of:.15g}",
    "less_than": "must be less than {lt:.15g}",
    "less_than_equal": "must be at most {le:.15g}",
}
"""pydantic's error types, in words that a caller who knows no pydantic understands."""


_BRANCH = re.compile(r"int|float|str|constrained-(int|str)|(list|dict|literal)\[.*\]", re.DOTALL)
_OF_A_NAME = frozenset({"extra_forbidden", "missing"})


class FieldFlaw(ValueError):
    """Raised by a check of a whole object, whose finding would otherwise name no field."""

    def __init__(self, field: str, reason: str) -> None:
        """field: the one to change, from the object on; of several the first."""
        super().__init__(reason)
        self.field = field


def is_blank(value: Any) -> bool:
    """Return whether a value is a text without a character that shows, or an empty list or object.

    Generated clients write it for a field of theirs without a value.
    """
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, list | dict) and not value


def list_field_errors(error: ValidationError, given: object = None) -> Sequence[FieldError]:
    """Return each wrong field once, in order, with its path from the validated object.

    given: that object. Without it, a key of an object within it that is called like a type is left
    out of the path.
    """
    found: dict[str, FieldError] = {}
    for one in error.errors(include_url=False, include_input=False):
        flaw = one.get("ctx", {}).get("error")
        within = (flaw.field,) if isinstance(flaw, FieldFlaw) else ()
        place = _find_place(one, given)
        path, reason = format_path((*place, *within)), _describe_reason(one)
        before = found.get(path)
        if before is not None and len(place) < len(one["loc"]):  # what another type would need
            reason = f"{before.reason}; or {reason}"
        elif before is not None:
            continue
        found[path] = FieldError(path, reason)
    return list(found.values())


def _find_place(one: Mapping[str, Any], given: object) -> list[int | str]:
    """Return an error's place without a field's types, of which pydantic tried each.

    They stand behind a field, and none is a field that is unknown or lacking.
    """
    place: list[int | str] = []
    for part in one["loc"]:
        is_key = isinstance(given, Mapping) and part in given
        if is_key or not place or not _is_branch(part):
            place.append(part)
            is_item = isinstance(given, list) and isinstance(part, int) and part < len(given)
            given = given[part] if is_key or is_item else None  # type: ignore[index]
    if one["type"] in _OF_A_NAME and place[-1] != one["loc"][-1]:
        place.append(one["loc"][-1])
    return place


def _is_branch(part: int | str) -> bool:
    return isinstance(part, str) and _BRANCH.fullmatch(part) is not None


def format_path(location: Sequence[int | str]) -> str:
    """Spell a place in JSON: `image_list[2].image` for ("image_list", 2, "image")."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if path else part
    return path


def _describe_reason(one: Mapping[str, Any]) -> str:
    known = REASONS.get(one["type"])
    if known is not None:
        return known.format_map(one.get("ctx", {})).replace("'", '"')
    message: str = one["msg"]
    return message.removeprefix("Value error, ")
