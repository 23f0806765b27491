"""Values out of JSON that anybody may have written: texts, times, numbers. Nothing raises."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, TypeVar

from pydantic_core import from_json

from tracker.domain.documents import BLANKS, may_be_too_deep, may_hold_nul, replace_unstorable

Found = TypeVar("Found")
_MS_FROM = 10**11
"""Numbers from here on are milliseconds, below they are seconds."""
_MS_TO = 253_402_300_799_000
"""The end of the year 9999, after which there are no dates."""
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9A-Fa-f]{4})|u?)')
"""An escape of JSON as a whole, or the beginning of what is none (RFC 8259 section 7)."""
_EXACT = 2**53
"""Of what a double holds, whole numbers below it are those that were written."""
_PLACES = 30
"""Digits before and behind the point that an amount may have."""


def read_json(body: bytes) -> Any:
    """Return the JSON of a body, with visible stand-ins for what a database cannot store.

    Half of a surrogate pair, control characters and bytes that are no characters are read as well:
    they are in a message, and the verdict beside it counts. NaN, Infinity and integers of thousands
    of digits are null, for the same reason. A text that holds an object, as senders make it that
    encode twice, is that object.
    Raises ValueError for what is no JSON.
    """
    found = _read_once(body)
    if isinstance(found, str) and found.lstrip().startswith("{"):
        return _read_once(found.encode())
    return found


def _read_once(body: bytes) -> Any:
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError:
        try:
            return _read_leniently(body.decode(json.detect_encoding(body), "replace"))
        except ValueError as error:
            # In GBK and Big5 the second byte of a character may be a backslash, which spoils the
            # JSON around it. Nothing else says that the body is in one of them.
            try:
                return _read_leniently(body.decode("gb18030"))
            except ValueError:
                text = body.decode(json.detect_encoding(body), "replace")
                if (mended := _ESCAPE.sub(_mend_escape, text)) == text:
                    raise error from None
            return _read_leniently(mended)
    return replace_unstorable(parsed) if may_hold_nul(body) or may_be_too_deep(body) else parsed


def _mend_escape(found: re.Match[str]) -> str:
    """Return an escape, or a replacement character for what is none: it was cut, or is broken."""
    return found[0] if found[1] else "\N{REPLACEMENT CHARACTER}"


def _read_leniently(text: str) -> Any:
    """Parse what strict parsers refuse and senders write. Raises ValueError."""
    plain = text.strip(BLANKS)
    try:
        parsed = json.loads(
            plain, parse_constant=_refuse_constant, parse_int=_parse_whole, strict=False
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    return replace_unstorable(parsed)


def _refuse_constant(word: str) -> None:
    """Read NaN or Infinity."""
    del word


def _parse_whole(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:  # thousands of digits
        return None


def unpack_json(value: Any) -> Any:
    """Return the object or list that a text holds, as senders make it that encode twice.

    Anything else is returned as it is.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        found = read_json(value.encode())
    except ValueError:
        return value
    return found if isinstance(found, dict | list) else value


def unwrap_data(parsed: Any) -> Any:
    """Return an answer with what its `data`, and the `data` in that, hold as texts unpacked."""
    if not isinstance(parsed, dict) or "data" not in parsed:
        return parsed
    held = unpack_json(parsed["data"])
    if isinstance(held, dict) and isinstance(held.get("data"), str):
        held = {**held, "data": unpack_json(held["data"])}
    return parsed if held is parsed["data"] else {**parsed, "data": held}


def replace_infinite(value: Any) -> Any:
    """Return the JSON with null for numbers beyond what a double holds, such as 1e999."""
    kind = type(value)
    if kind is dict:
        return {k: v if type(v) is str else replace_infinite(v) for k, v in value.items()}
    if kind is list:
        return [replace_infinite(item) for item in value]
    return None if kind is float and not isfinite(value) else value


def read_text(value: Any, *, limit: int) -> str | None:
    """Return a string, or a whole number as its digits; None for anything else.

    Relays that know one kind of number write 200 as 200.0 or 2e2.
    """
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))[:limit]
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        return str(value)[:limit]
    except ValueError:  # an integer of thousands of digits
        return None


def find_first_text(holder: Any, names: Sequence[str], *, limit: int = 4000) -> str | None:
    """Return the first of some fields that holds a text, and not an empty one."""
    if isinstance(holder, dict):  # JSON's objects are; asking for a Mapping takes long
        for name in names:
            value = holder.get(name) if "." not in name else _read_within(holder, name)
            if type(value) is str:  # asked first: most are, or are not there
                if value:
                    return value[:limit]
            elif value is not None and (found := read_text(value, limit=limit)):
                return found
    return None


def find_first_number(holder: Any, names: Sequence[str]) -> str | None:
    """Return the first of some fields that holds a number, as it was written."""
    return _read_first(holder, names, read_number)


def find_first_instant(holder: Any, names: Sequence[str]) -> datetime | None:
    """Return the first of some fields that holds a time."""
    return _read_first(holder, names, read_instant)


def _read_first(
    holder: Any, names: Sequence[str], read: Callable[[Any], Found | None]
) -> Found | None:
    """Return what `read` makes of the first field that holds something for it."""
    if isinstance(holder, dict):
        for name in names:
            value = holder.get(name) if "." not in name else _read_within(holder, name)
            if value is not None and (found := read(value)):
                return found
    return None


def read_number(value: Any) -> str | None:
    """Return a number as it was written, be it text, integer or fraction."""
    if isinstance(value, float):
        return str(value) if isfinite(value) else None
    return read_text(value, limit=40)


def read_amount(value: Any) -> str | None:
    """Return plain decimal text of a number or its digits; None for what is no number.

    Never by way of a binary fraction: amounts are exact.
    """
    text = read_number(value)
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount.adjusted()) > _PLACES:
        return None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_PLACES:
        return None
    return f"{amount:f}"


def read_charge(value: Any) -> str | None:
    """Return an amount that is charged; None for what is no number, and for less than nothing."""
    text = read_amount(value)
    return None if text is None or text.startswith("-") else text


def _read_within(holder: Any, name: str) -> Any:
    """Return a field of a field: `a.b`."""
    for part in name.split("."):
        if not isinstance(holder, dict):
            return None
        holder = holder.get(part)
    return holder


def read_instant(value: Any) -> datetime | None:
    """Read milliseconds, seconds, their digits, or RFC 3339; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or not text.isdigit():
            return _read_written_time(text)
        value = int(text) if len(text) < 20 else 0
    if not isinstance(value, (int, float)) or not 0 < value < _MS_TO:
        return None
    return datetime.fromtimestamp(value / 1000 if value >= _MS_FROM else value, UTC)


def _read_written_time(text: str) -> datetime | None:
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text)  # nanoseconds
    try:
        parsed = datetime.fromisoformat(shortened)
        parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year > 1 else None  # Go's zero time says "not yet"
