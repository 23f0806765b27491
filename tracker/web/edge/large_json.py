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
from tracker.web.edge.encoding import replace_cut_ends

LONG = 4096
"""Bytes; shorter texts are left where they stand."""
_STEP = 256 * 1024
_JOINED_AT_ONCE = 1024 * 1024
"""Characters that a text grows by."""
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

    def restore(self, value: Any) -> Any:
        """Return parsed JSON with the texts in their places."""
        if isinstance(value, str):
            is_mark = value.startswith(self.mark)
            return self.texts[int(value[len(self.mark) :])] if is_mark else value
        if isinstance(value, dict):
            return {self.restore(key): self.restore(item) for key, item in value.items()}
        return [self.restore(item) for item in value] if isinstance(value, list) else value

    def may_hold_nul(self) -> bool:
        """Return whether one of them holds NUL."""
        return any("\0" in text for text in self.texts)


class LongTextReader:
    """Takes the long texts out of a JSON text while its pieces arrive.

    A body of 57 MB is so never held twice: a long text grows in one place, and what it was read
    from is gone.
    """

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._found = LongTexts()
        self._kept: list[bytes] = []
        self._left = 0
        self._texts_left = _MOST_TEXTS
        self._rest, self._looked = b"", 0
        self._long: _GrowingText | None = None

    def add(self, piece: bytes) -> None:
        """Read on.

        Raises ValueError for a text that holds what none may, InvalidRequest where too much is left
        to be parsed at once.
        """
        self._take(self._rest + piece, is_last=False)

    def finish(self) -> tuple[bytes, LongTexts]:
        """Return the text with marks for its long texts, and these. Raises what `add` does."""
        self._take(self._rest, is_last=True)
        if self._long is not None:
            raise ValueError("a text does not end")
        self._keep(self._rest)
        return b"".join(self._kept), self._found

    def _take(self, body: bytes, *, is_last: bool) -> None:
        while True:
            if self._long is not None:
                body = self._read_on(body, self._long, is_last=is_last)
                if self._long is not None:
                    self._rest, self._looked = body, 0
                    return
            start = body.find(b'"', self._looked)
            if start < 0:
                self._keep(body)
                self._rest, self._looked = b"", 0
                return
            short = _SHORT_REST.match(body, start + 1, start + LONG)
            if short is None and len(body) < start + LONG and not is_last:
                self._keep(body[:start])
                self._rest, self._looked = body[start:], 0
                return
            self._texts_left -= 1
            if self._texts_left <= 0:
                raise _refuse_too_much(f"holds more than {_MOST_TEXTS} texts")
            if short is not None:
                self._looked = short.end()
                continue
            mark = f'"{self._found.mark}{len(self._found.texts)}"'.encode()
            self._keep(body[:start])
            self._keep(mark)
            body, self._looked = body[start + 1 :], 0
            self._long = _GrowingText()

    def _read_on(self, body: bytes, text: "_GrowingText", *, is_last: bool) -> bytes:
        """Read a long text on, and return what is behind its end, or not yet a part of it."""
        # As long as the piece, without escapes that hide what ends a text.
        plain = body.replace(rb"\\", b"  ").replace(rb"\"", b"  ") if b"\\" in body else body
        end = plain.find(b'"')
        if end >= 0:
            text.add(_read(body[:end]))
            self._found.texts.append(text.take_text())
            self._long = None
            return body[end + 1 :]
        if is_last:
            raise ValueError("a text does not end")
        if len(body) < LONG:  # an escape may begin in it
            return body
        end = _measure_whole(plain)
        text.add(_read(body[:end]))
        return body[end:]

    def _keep(self, piece: bytes) -> None:
        self._left += len(piece)
        if self._left > _MOST_LEFT:
            raise _refuse_too_much(f"holds more than {_MOST_LEFT} bytes besides its long texts")
        self._kept.append(piece)


class _GrowingText:
    """A text that pieces are added to."""

    def __init__(self) -> None:
        """It is empty."""
        self._text = ""
        self._pieces: list[str] = []
        self._size = self._unjoined = 0
        self._is_ascii = True

    def add(self, piece: str) -> None:
        """Add a piece. Raises InvalidRequest where so many characters are not ASCII."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._unjoined += len(piece)
        self._is_ascii = self._is_ascii and piece.isascii()
        if self._size > _MOST_CHARACTERS and not self._is_ascii:
            raise _refuse_too_much(
                f"holds a text of more than {_MOST_CHARACTERS} characters not in ASCII"
            )
        if self._unjoined > _JOINED_AT_ONCE:
            self._join()

    def take_text(self) -> str:
        """Return it; it is then empty."""
        self._join()
        text, self._text = self._text, ""
        return text

    def _join(self) -> None:
        """Append what has come. CPython extends a text that one name alone holds in its place."""
        more = "".join(self._pieces)
        self._pieces, self._unjoined = [], 0
        text, self._text = self._text, ""
        text += more
        self._text = text


def take_out_long_texts(body: bytes) -> tuple[bytes, LongTexts]:
    """Return a JSON text with marks for its long texts, and these.

    Half of a surrogate pair in one becomes a replacement character. Raises what `LongTextReader`
    does.
    """
    reader = LongTextReader()
    for start in range(0, len(body), _STEP):
        reader.add(body[start : start + _STEP])
    return reader.finish()


def _measure_whole(plain: bytes) -> int:
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
            whole = json.loads(replace_cut_ends(quoted))
            text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", whole)
        except ValueError:
            raise ValueError(str(error).partition(" at line")[0]) from None
    return text


def _refuse_too_much(reason: str) -> InvalidRequest:
    return InvalidRequest(FieldError("", reason), malformed=True)
