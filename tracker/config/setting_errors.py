"""Wrong settings in plain words: the name, the reason, the form that is allowed. Never a secret."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from pydantic import ValidationError

PREFIX = "TRACKER_"
_CLOSE = 0.85
"""How alike two names must be, of 1, for one to be offered in the place of the other."""
_SHORTEST_ALIKE = 8
"""Names below this length resemble too many others."""
_SHOWN = re.compile(r"[+-]?[0-9][0-9._]{0,7}[A-Za-z]{0,3}|[A-Za-z]{1,8}")
"""A value that may be repeated, a number with a unit or one word: a credential that was misplaced,
or a password, is neither."""


def describe_setting_errors(error: ValidationError, given: Mapping[str, str]) -> list[str]:
    """Describe every wrong setting once, as `NAME: reason`.

    given: texts by field name, as they came.
    """
    found: dict[str, str] = {}
    for one in error.errors(include_url=False, include_input=False, include_context=True):
        if not one["loc"]:
            name, _, reason = one["msg"].removeprefix("Value error, ").partition(": ")
        else:
            field = str(one["loc"][0])
            name, reason = field.upper(), _describe_reason(field, one, given.get(field, ""))
        found.setdefault(name, f"{name}: {reason}")
    return list(found.values())


def describe_unknown_settings(environ: Mapping[str, str], names: Collection[str]) -> list[str]:
    """Describe each variable with the service's own prefix that no setting has.

    names: all that are known.
    """
    lines = []
    for name in sorted(n for n in environ if n.startswith(PREFIX) and n not in names):
        meant = find_similar_setting(name, names)
        hint = f"did you mean {meant}?" if meant else "docs/reference/settings.md has them all"
        lines.append(f"{name}: there is no such setting; {hint}")
    return lines


def look_alikes(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Name the variables that are read by nobody, and resemble settings that are not set.

    Returns what was probably meant, by what is set.
    """
    unset = {name for name in names if not environ.get(name)}
    strangers = sorted(n for n in environ if not n.startswith(PREFIX) and n not in names)
    found = {name: find_similar_setting(name, unset) for name in strangers}
    return {name: meant for name, meant in found.items() if meant is not None}


def find_similar_setting(name: str, names: Collection[str]) -> str | None:
    """Find the setting that a name was probably meant for; None when no name is close."""
    bare = name.upper().removeprefix(PREFIX)
    if bare in names and bare != name:
        return bare
    if f"{PREFIX}{bare}" in names and f"{PREFIX}{bare}" != name and "_" in bare:
        return f"{PREFIX}{bare}"
    if len(name) < _SHORTEST_ALIKE:
        return None
    alike = {known: SequenceMatcher(None, name.upper(), known).ratio() for known in sorted(names)}
    best = max(alike, key=alike.__getitem__, default=None)
    return best if best is not None and alike[best] >= _CLOSE else None


def _describe_reason(field: str, one: Mapping[str, Any], text: str) -> str:
    kind, limits = one["type"], one.get("ctx", {})
    entry = _name_entry(one["loc"], text)
    match kind:
        case "int_parsing" | "int_from_float" | "float_parsing" | "finite_number":
            return f"must be {_describe_number(field, kind)}{_quote_value(text)}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false{_quote_value(text)}"
        case "literal_error" | "enum":
            choices = str(limits["expected"]).replace("'", "").replace(" or ", ", ")
            return f"must be one of: {choices}{_quote_value(text)}"
        case "greater_than_equal":
            return f"must be at least {_format_limit(limits['ge'])}{_quote_value(text)}"
        case "greater_than":
            return f"must be more than {_format_limit(limits['gt'])}{_quote_value(text)}"
        case "less_than_equal":
            return f"must be at most {_format_limit(limits['le'])}{_quote_value(text)}"
        case "too_short" | "string_too_short":
            return f"{entry}must have at least {limits['min_length']} characters"
        case _:
            return entry + str(one["msg"]).removeprefix("Value error, ")


def _format_limit(limit: float) -> str:
    """Write a limit as people do: 0 for 0.0."""
    return str(limit).removesuffix(".0")


def _describe_number(field: str, kind: str) -> str:
    if field.endswith("_s") and not field.endswith("_per_s"):
        return "a number of seconds, like 90 for a minute and a half"
    if field.endswith("_bytes"):
        return "a whole number of bytes, like 1048576 for a mebibyte"
    return "a whole number" if kind.startswith("int") else "a number"


def _name_entry(place: Sequence[int | str], text: str) -> str:
    """Say which of several comma-separated entries is meant."""
    number = next((part for part in place if isinstance(part, int)), None)
    return "" if number is None or "," not in text else f"entry {number + 1}: "


def _quote_value(text: str) -> str:
    return f"; got {text}" if _SHOWN.fullmatch(text) else ""
