"""Reading of calls, shared by fronts."""

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.ports.front_call import Fault, FrontCall, FrontRefusal


def read_whole_number(call: FrontCall, name: str, *, default: int, low: int, high: int) -> int:
    """Read a parameter. Raises InvalidRequest for what is no number within these bounds."""
    text = call.get_parameter(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        reason = f"must be a whole number from {low} to {high}"
        raise InvalidRequest(FieldError(name, reason), malformed=True)
    return int(text)


def refuse_method(call: FrontCall) -> FrontRefusal:
    """Refuse a method that a path is not called with."""
    return FrontRefusal(Fault.WRONG_METHOD, f"{call.method} is not a method of this path")


def refuse_path(call: FrontCall) -> FrontRefusal:
    """Refuse a path that names nothing."""
    return FrontRefusal(Fault.NO_ROUTE, f"there is no {call.path[:128]!r}")


MOST_WAIT_S = 60
"""Seconds that an answer is held back at most."""


def find_name(part: str) -> str | None:
    """Return the name that one part of a path is; None for what can be none."""
    name = part.replace("%2F", "/")
    return name if name.isprintable() else None
