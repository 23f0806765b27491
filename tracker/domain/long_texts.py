"""Encode JSON that holds long texts, such as pictures, in steps.

Python's encoder lets no other thread run until it has done: 350 ms for 56 MB. Here a text is
encoded in pieces, between which others get their turn.
"""

import binascii
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from tracker.domain.documents import is_large

LONG = 256 * 1024
"""Characters of a piece; shorter texts are encoded at once. A multiple of four."""
_MARK = re.compile(r'"\\u0000(\d+)\\u0000"')
"""Stands for a long text. No other text has NUL in it, or all are encoded at once."""


def encode_bytes(
    value: Any,
    *,
    separators: tuple[str, str] = (",", ":"),
    ensure_ascii: bool = True,
) -> bytes:
    """Return a value's JSON in UTF-8, halves of surrogate pairs included, never held twice."""
    found = io.BytesIO()  # what it returns is the bytes that it has written, not a copy
    for piece in iterate_json_pieces(value, separators=separators, ensure_ascii=ensure_ascii):
        found.write(piece.encode("utf-8", "surrogatepass"))
    return found.getvalue()


def iterate_json_pieces(
    value: Any,
    *,
    separators: tuple[str, str] = (",", ":"),
    sort_keys: bool = False,
    ensure_ascii: bool = True,
    step: int = LONG,
) -> Iterator[str]:
    """Yield a value's JSON in pieces, which together are what `json.dumps` returns."""
    spell = encode_basestring_ascii if ensure_ascii else encode_basestring
    for part in _iterate_parts(value, separators, sort_keys, ensure_ascii, step):
        if not isinstance(part, _LongText):
            yield part
            continue
        yield '"'
        for piece in part.iterate_pieces(step):
            yield spell(piece)[1:-1]
        yield '"'


class WrittenJson:
    """JSON that is written into bytes piece by piece, each time it is asked for.

    Its long texts stand in memory once, as they are: written at once they would stand there twice.
    """

    def __init__(self, value: Any) -> None:
        """Raises ValueError for infinity and NaN."""
        self._parts = list(_iterate_parts(value, (",", ":"), False, True, LONG))
        self._size = 0
        for part in self._parts:
            if not isinstance(part, _LongText):
                self._size += len(part)
                continue
            size = sum(len(encode_basestring_ascii(one)) - 2 for one in part.iterate_pieces(LONG))
            part.is_plain = size == len(part.text)
            self._size += size + 2

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def __bytes__(self) -> bytes:
        """Return all of it."""
        return b"".join(self.iterate_pieces())

    def iterate_pieces(self) -> Iterator[bytes]:
        """Yield all of it in pieces."""
        for part in self._parts:
            if not isinstance(part, _LongText):
                yield part.encode()
                continue
            yield b'"'
            for piece in part.iterate_pieces(LONG):
                yield (piece if part.is_plain else encode_basestring_ascii(piece)[1:-1]).encode()
            yield b'"'


@dataclass(slots=True)
class _LongText:
    """A text longer than a step. is_plain: nothing in it has to be escaped."""

    text: str
    is_plain: bool = False

    def iterate_pieces(self, step: int) -> Iterator[str]:
        for start in range(0, len(self.text), step):
            yield self.text[start : start + step]


def _iterate_parts(
    value: Any,
    separators: tuple[str, str],
    sort_keys: bool,  # noqa: FBT001 - as json has it
    ensure_ascii: bool,  # noqa: FBT001
    step: int,
) -> Iterator[str | _LongText]:
    """Yield a value's JSON with its long texts as they are."""
    long: list[str] = []
    skeleton = _mark_long_texts(value, long, step) if is_large(value, step) else None
    encoder = _make_encoder(separators, sort_keys, ensure_ascii)
    text = encoder.encode(value if skeleton is None else skeleton)
    if skeleton is None or not long:
        yield text
        return
    for place, between in enumerate(_MARK.split(text)):
        yield between if place % 2 == 0 else _LongText(long[int(between)])


@cache
def _make_encoder(
    separators: tuple[str, str],
    sort_keys: bool,  # noqa: FBT001 - as json has it
    ensure_ascii: bool,  # noqa: FBT001
) -> json.JSONEncoder:
    """Return an encoder; `json.dumps` makes one for each text."""
    return json.JSONEncoder(
        separators=separators, sort_keys=sort_keys, ensure_ascii=ensure_ascii, allow_nan=False
    )


def measure_base64(text: str, *, step: int = LONG) -> int:
    """Return how many bytes strict base64 stands for. Raises ValueError for what is none.

    step: characters of a piece, a multiple of four.
    """
    size = 0
    for start in range(0, len(text), step):
        piece = text[start : start + step]
        if start + step < len(text) and piece.endswith("="):
            raise binascii.Error("Excess data after padding")
        size += len(binascii.a2b_base64(piece, strict_mode=True))
    return size


def _mark_long_texts(value: Any, long: list[str], step: int) -> Any:
    """Return JSON with a mark for each text longer than a step, which is appended to `long`.

    None where another text holds NUL, which might look like a mark.
    """
    if isinstance(value, str):
        if len(value) > step:
            long.append(value)
            return f"\0{len(long) - 1}\0"
        return None if "\0" in value else value
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            marked = _mark_long_texts(item, long, step)
            if (marked is None and item is not None) or (isinstance(key, str) and "\0" in key):
                return None
            found[key] = marked
        return found
    if isinstance(value, list | tuple):
        items = []
        for item in value:
            marked = _mark_long_texts(item, long, step)
            if marked is None and item is not None:
                return None
            items.append(marked)
        return items
    return value
