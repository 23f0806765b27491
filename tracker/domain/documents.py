"""Which JSON can be kept and read again: no NUL, no lone surrogates, not nested too deep."""

import re
from typing import Any

from tracker.domain.errors import FieldError
from tracker.domain.validation import format_path

MAX_DEPTH = 64
"""Levels of arrays and objects. Parsers that read what was kept give up somewhere above 200."""
TOO_DEEP = "(nested too deep to be kept)"
BLANKS = "\ufeff\0 \t\r\n\u00a0\u200b\u2060\u3000"
"""Stand around a JSON text that was pasted, or that a program in C sent; all show nothing."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUL = rb"\u0000"


def may_be_too_deep(body: bytes) -> bool:
    """Return whether a JSON text has brackets enough to nest too deep."""
    # Taken out and not counted: that finds a bracket in a quarter of the time.
    without = len(body.replace(b"{", b"")) + len(body.replace(b"[", b""))
    return 2 * len(body) - without > MAX_DEPTH


def may_hold_nul(body: bytes) -> bool:
    """Return whether a JSON text may hold NUL, which it can only spell as an escape."""
    return b"\\" in body and _NUL in body


def is_large(value: Any, most: int) -> bool:
    """Return whether the texts in JSON have more characters than `most`."""
    left = [value]
    while left and most >= 0:
        one = left.pop()
        kind = type(one)  # JSON has no others, and every submit is looked through
        if kind is str:
            most -= len(one)
        elif kind is dict:
            left += one.values()
        elif kind is list:
            left += one
    return most < 0


def shorten_texts(value: Any, most: int) -> Any:
    """Return JSON whose texts are cut to so many characters."""
    if isinstance(value, str):
        return value[:most]
    if isinstance(value, dict):
        return {key: shorten_texts(item, most) for key, item in value.items()}
    return [shorten_texts(one, most) for one in value] if isinstance(value, list) else value


def replace_unstorable_text(text: str) -> str:
    """Return a text with a replacement character for each that cannot be stored."""
    if text.isascii() and "\0" not in text:  # most are, and searching them takes longer
        return text
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def replace_half_pairs(value: Any) -> Any:
    """Return JSON with a replacement character for each half of a surrogate pair."""
    return _set_spelling(value, lambda text: _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text), 0)


def replace_unstorable(value: Any) -> Any:
    """Return JSON that can be stored, with visible stand-ins for what cannot."""
    return _set_spelling(value, replace_unstorable_text, 0)


def _set_spelling(value: Any, spell: Any, depth: int) -> Any:
    if isinstance(value, str):
        return spell(value)
    if not isinstance(value, dict | list):
        return value
    if depth >= MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, dict):
        return {spell(key): _set_spelling(item, spell, depth + 1) for key, item in value.items()}
    return [_set_spelling(item, spell, depth + 1) for item in value]


def find_unstorable_field(value: Any, path: tuple[int | str, ...] = ()) -> FieldError | None:
    """Return the first field that cannot be stored, with its path; None when all can."""
    if isinstance(value, str):
        is_bad = "\0" in value
        return FieldError(format_path(path), "must not hold U+0000") if is_bad else None
    if not isinstance(value, dict | list):
        return None
    if len(path) >= MAX_DEPTH:
        reason = f"must not nest more than {MAX_DEPTH} levels deep"
        return FieldError(format_path(path[:8]) + "…", reason)
    if isinstance(value, list):
        flaws = (find_unstorable_field(item, (*path, number)) for number, item in enumerate(value))
        return next((flaw for flaw in flaws if flaw is not None), None)
    for key, item in value.items():
        if "\0" in key:
            at = format_path((*path, replace_unstorable_text(key)[:64]))
            return FieldError(at, "a name must not hold U+0000")
        flaw = find_unstorable_field(item, (*path, key))
        if flaw is not None:
            return flaw
    return None
