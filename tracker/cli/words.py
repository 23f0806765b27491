"""Values of the API in words for people: no value of Python's, no control character."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tracker.cli.visible import escape_hidden

_COST = ("amount", "unit", "currency")


def format_value(value: Any) -> str:
    """Return a value as people write it: nothing for null, yes and no, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return escape_hidden(value)
        case float():
            return f"{value:g}"
        case Mapping():
            return _format_pairs(value)
        case list() | tuple() | set() | frozenset():
            return ", ".join(format_value(one) for one in value)
        case _:
            return escape_hidden(str(value))


def cut_fraction(instant: str | None) -> str:
    """Return a time of the API without its fraction: 2026-11-28T14:14:49Z."""
    if not instant:
        return ""
    head, dot, _ = escape_hidden(instant).partition(".")
    return f"{head}Z" if dot else head


def format_age(instant: str | None, now: datetime) -> str:
    """Return how long ago it was, or with a sign how far ahead, in at most four characters."""
    if not instant:
        return ""
    try:
        seconds = (now - datetime.fromisoformat(instant).astimezone(UTC)).total_seconds()
    except ValueError:
        return escape_hidden(instant)
    sign = "+" if seconds <= -1 else ""
    left = abs(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if left >= size:
            return f"{sign}{int(left // size)}{unit}"
    return f"{sign}{int(left)}s"


def _format_pairs(value: Mapping[str, Any]) -> str:
    if "amount" in value and "kind" in value:
        shown = [format_value(value[name]) for name in _COST if value.get(name)]
        return " ".join(shown if len(shown) > 1 else [*shown, format_value(value["kind"])])
    told = {name: one for name, one in value.items() if one is not None}
    return ", ".join(
        f"{escape_hidden(str(name))}={format_value(one)}" for name, one in told.items()
    )
