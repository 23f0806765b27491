"""Bodies as people read them: pretty with every number as it came, raw, or in hex."""

import difflib
import json
from dataclasses import dataclass
from typing import Any

MOST_SHOWN = 64 * 1024
"""Bytes of one body on a page; the rest is for the download."""
_MAX_DEPTH = 100
_HEX_ROW = 16
_MOST_HEX = 4096
_MOST_LINES = 600
"""Of a body that is compared with another."""


class _Number(str):
    """A number as it was spelt."""

    __slots__ = ()


class _Fields(list[tuple[str, Any]]):
    """An object: its fields in their order, also those that come twice."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A body, or its beginning.

    size:   bytes of all of it.
    is_cut: whether more follows than is shown.
    pretty: JSON indented; None where it is none, or not all of it is here.
    raw:    the text; None where it is not UTF-8, and then `hex` has its first bytes.
    """

    size: int
    is_cut: bool
    pretty: str | None
    raw: str | None
    hex: str | None


def show_body(body: bytes, size: int | None = None) -> ShownBody:
    """Return a body as it is shown. size: of all of it, where `body` is its beginning."""
    whole = len(body) if size is None else size
    cut = body[:MOST_SHOWN]
    is_cut = whole > len(cut)
    text = _read_text(cut, is_cut=is_cut)
    if text is None:
        return ShownBody(whole, is_cut or whole > _MOST_HEX, None, None, format_hex(cut))
    return ShownBody(whole, is_cut, None if is_cut else format_json(text), text, None)


def format_json(text: str) -> str | None:
    """Return JSON with a line for each value, its numbers and fields exactly as they are.

    None for what is no JSON, or nests deeper than a page could show.
    """
    if text.count("{") + text.count("[") > _MAX_DEPTH * 200:
        return None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_Fields,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
        )
        return _write(value, 0)
    except (ValueError, RecursionError):
        return None


def format_hex(body: bytes) -> str:
    """Return the first bytes as rows of offset, hex and ASCII."""
    rows = []
    for start in range(0, min(len(body), _MOST_HEX), _HEX_ROW):
        row = body[start : start + _HEX_ROW]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{start:08x}  {row.hex(' '):<{_HEX_ROW * 3}} {text}")
    return "\n".join(rows)


def compute_difference(before: ShownBody, after: ShownBody) -> list[str] | None:
    """Return the lines that differ, as `diff -u` writes them; None where that cannot be told."""
    old, new = (one.pretty or one.raw for one in (before, after))
    if old is None or new is None:
        return None
    lines, others = old.splitlines(), new.splitlines()
    if max(len(lines), len(others)) > _MOST_LINES:
        return None
    return list(difflib.unified_diff(lines, others, lineterm="", n=2))[2:]


def _read_text(body: bytes, *, is_cut: bool) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of what is shown.
        if is_cut and error.start >= len(body) - 3:
            return body[: error.start].decode()
        return None


def _write(value: Any, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise RecursionError
    inside, outside = "  " * (depth + 1), "  " * depth
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Fields):
        if not value:
            return "{}"
        fields = (
            f"{inside}{_format_string(key)}: {_write(item, depth + 1)}" for key, item in value
        )
        return "{\n" + ",\n".join(fields) + f"\n{outside}}}"
    if isinstance(value, list):
        if not value:
            return "[]"
        items = (f"{inside}{_write(item, depth + 1)}" for item in value)
        return "[\n" + ",\n".join(items) + f"\n{outside}]"
    return _format_string(value) if isinstance(value, str) else json.dumps(value)


def _format_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
