"""Take the long texts, such as pictures, out of a large JSON text before the rest is parsed.

A parser lets no other thread run until it has done: 60 ms for 58 MB of pictures, and 260 ms where
they are written with escapes. Here a long text is read in pieces, between which others get their
turn; what is left is small.
"""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from tracker.domain.errors import FieldError, InvalidRequest

LONG = 4096
"""Bytes; shorter texts are left where they stand."""
_STEP = 256 * 1024
_MOST_LEFT = 8 * 1024 * 1024
"""Bytes that may be left: they are parsed at once."""
_MOST_TEXTS = 100_000
_MOST_CHARACTERS = 4 * 1024 * 1024
"""Of a text that is not ASCII, whose pieces are joined slowly."""
_SHORT_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
"""The first half of a surrogate pair."""
_ESCAPE = 6
"""Bytes of the longest escape."""
_CHARACTER = 4
"""Bytes of the longest character in UTF-8."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class LongTexts:
    """The long texts of one JSON text, and marks in their places that nobody can guess."""

    mark: str = field(default_factory=lambda: secrets.token_hex(16))
    texts: list[str] = field(default_factory=list)

    def restored(self, value: Any) -> Any:
        """Return parsed JSON with the texts in their places."""
        if isinstance(value, str):
            is_mark = value.startswith(self.mark)
            return self.texts[int(value[len(self.mark) :])] if is_mark else value
        if isinstance(value, dict):
            return {self.restored(key): self.restored(item) for key, item in value.items()}
        return [self.restored(item) for item in value] if isinstance(value, list) else value

    def may_hold_nul(self) -> bool:
        """Return whether one of them holds NUL."""
        return any("\0" in text for text in self.texts)


def without_long_texts(body: bytes) -> tuple[bytes, LongTexts]:
    """Return a JSON text with marks for its long texts, and these.

    Half of a surrogate pair in one becomes a replacement character. Raises ValueError for a text
    that does not end or holds what none may, InvalidRequest where too much is left to be parsed at
    once.
    """
    found = LongTexts()
    parts: list[bytes] = []
    left = place = kept_from = 0
    for _ in range(_MOST_TEXTS):
        start = body.find(b'"', place)
        if start < 0:
            break
        short = _SHORT_REST.match(body, start + 1, start + LONG)
        if short is not None:
            place = short.end()
            continue
        mark = f'"{found.mark}{len(found.texts)}"'.encode()
        text, place = _long_text(body, start + 1)
        found.texts.append(text)
        left += start - kept_from + len(mark)
        if left > _MOST_LEFT:
            break
        parts += (body[kept_from:start], mark)
        kept_from = place
    else:
        raise _too_much(f"holds more than {_MOST_TEXTS} texts")
    if left + len(body) - kept_from > _MOST_LEFT:
        raise _too_much(f"holds more than {_MOST_LEFT} bytes besides its long texts")
    parts.append(body[kept_from:])
    return b"".join(parts), found


def _long_text(body: bytes, place: int) -> tuple[str, int]:
    """Return the text that begins at a place, and the place behind its closing mark."""
    pieces: list[str] = []
    while place < len(body):
        piece = body[place : place + _STEP]
        # As long as the piece, without escapes that hide what ends a text.
        plain = piece.replace(rb"\\", b"  ").replace(rb"\"", b"  ") if b"\\" in piece else piece
        end = plain.find(b'"')
        if end >= 0:
            pieces.append(_read(piece[:end]))
            return _joined(pieces), place + end + 1
        end = _whole(plain)
        pieces.append(_read(piece[:end]))
        place += end
    raise ValueError("a text does not end")


def _whole(plain: bytes) -> int:
    """Return the size of a piece without the character or escape that it may end in the middle of.

    Both halves of a surrogate pair count as one.
    """
    end = len(plain)
    last = plain.rfind(b"\\", max(end - _ESCAPE, 1))
    if last > 0:
        size = _ESCAPE if plain[last + 1 : last + 2] == b"u" else 2
        end = last if last + size > end else end
    if end > _ESCAPE and _HALF.fullmatch(plain, end - _ESCAPE, end):
        return end - _ESCAPE
    for start in range(end - 1, max(end - _CHARACTER, 0), -1):
        if plain[start] < 0x80:
            break
        if plain[start] >= 0xC0:
            return start  # what follows the last whole character
    return end


def _read(piece: bytes) -> str:
    quoted = b'"%s"' % piece
    try:
        text: str = from_json(quoted)
    except ValueError as error:
        try:
            text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", json.loads(quoted))
        except ValueError:
            raise ValueError(str(error).partition(" at line")[0]) from None
    return text


def _joined(pieces: list[str]) -> str:
    is_large = sum(map(len, pieces)) > _MOST_CHARACTERS
    if is_large and not all(piece.isascii() for piece in pieces):
        raise _too_much(f"holds a text of more than {_MOST_CHARACTERS} characters not in ASCII")
    return "".join(pieces)


def _too_much(reason: str) -> InvalidRequest:
    return InvalidRequest(FieldError("", reason), malformed=True)
