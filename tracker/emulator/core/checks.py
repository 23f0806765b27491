"""Checks of JSON values that put together a provider's validation. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = [
    "Check",
    "Flaw",
    "accept_flag",
    "accept_integer",
    "accept_number",
    "accept_one_of",
    "accept_text",
    "accept_web_url",
    "is_web_url",
    "list_of",
    "record",
]

_LONGEST_URL = 8192


class Flaw(NamedTuple):
    """A mistake in a body."""

    path: str
    """The field, with dots and indices: `keyframes.frame0.url`; empty: the value itself."""
    text: str

    def __str__(self) -> str:
        """Name the field and what it must be."""
        return f"{self.path}: {self.text}" if self.path else self.text


Check = Callable[[object], Flaw | None]
"""Returns the first mistake of a value; None when there is none."""


def accept_text(*, least: int = 0, most: int = 5000) -> Check:
    """Accept a text of so many characters."""
    wanted = f"must be a string of {least} to {most} characters"
    return _make_check(lambda value: isinstance(value, str) and least <= len(value) <= most, wanted)


def accept_one_of(*choices: str) -> Check:
    """Accept one of these texts."""
    return _make_check(
        lambda value: isinstance(value, str) and value in choices,
        f"must be one of {', '.join(choices)}",
    )


def accept_flag(value: object) -> Flaw | None:
    """Accept true or false."""
    return None if isinstance(value, bool) else Flaw("", "must be a boolean")


def accept_integer(*, least: int | None = None, most: int | None = None) -> Check:
    """Accept a whole number within limits."""
    return _make_check(
        lambda value: type(value) is int and _is_within(value, least, most),
        f"must be an integer{_describe_limits(least, most)}",
    )


def accept_number(*, least: float | None = None, most: float | None = None) -> Check:
    """Accept any number within limits."""
    return _make_check(
        lambda value: type(value) in (int, float) and _is_within(value, least, most),
        f"must be a number{_describe_limits(least, most)}",
    )


def accept_web_url(*schemes: str) -> Check:
    """Accept an absolute address of one of these schemes; http and https without any."""
    allowed = schemes or ("http", "https")
    return _make_check(
        lambda value: isinstance(value, str) and is_web_url(value, allowed),
        f"must be a valid {' or '.join(allowed)} URL",
    )


def list_of(check: Check, *, least: int = 0, most: int = 1000) -> Check:
    """Accept a list of so many values that each pass a check."""

    def run(value: object) -> Flaw | None:
        if not isinstance(value, list):
            return Flaw("", "must be an array")
        if not least <= len(value) <= most:
            return Flaw("", f"must have {least} to {most} items")
        for index, item in enumerate(value):
            flaw = check(item)
            if flaw is not None:
                return _move_below(str(index), flaw)
        return None

    return run


def record(fields: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """Accept an object whose known fields pass their checks.

    A null field counts as absent, and unknown fields pass.
    """

    def run(value: object) -> Flaw | None:
        if not isinstance(value, dict):
            return Flaw("", "must be an object")
        for name in required:
            if value.get(name) is None:
                return Flaw(name, "field required")
        for name, check in fields.items():
            item = value.get(name)
            flaw = None if item is None else check(item)
            if flaw is not None:
                return _move_below(name, flaw)
        return None

    return run


def is_web_url(value: str, schemes: tuple[str, ...]) -> bool:
    """Return whether a text is an absolute address of one of the schemes."""
    if len(value) > _LONGEST_URL or any(character.isspace() for character in value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _make_check(is_good: Callable[[object], bool], wanted: str) -> Check:
    return lambda value: None if is_good(value) else Flaw("", wanted)


def _move_below(name: str, flaw: Flaw) -> Flaw:
    return Flaw(f"{name}.{flaw.path}" if flaw.path else name, flaw.text)


def _is_within(value: object, least: float | None, most: float | None) -> bool:
    if not isinstance(value, int | float):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _describe_limits(least: float | None, most: float | None) -> str:
    low = "" if least is None else f" from {least}"
    return low + ("" if most is None else f" to {most}")
