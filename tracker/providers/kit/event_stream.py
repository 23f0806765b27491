"""Server-sent events that come piece by piece, read by their standard and a little beyond it.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11. Data of
several lines is joined by line feeds; `event`, `id`, `retry` and comments are passed over. Beyond
the standard, since senders leave out the blank line behind an event: a line of data that is whole
JSON ends where the next data begins, `[DONE]` is an event, and the last one needs no blank line.
"""

import json
from collections.abc import Iterator

from tracker.domain.errors import BrokenTransfer

LONGEST_EVENT = 1024 * 1024
"""Bytes of the data of one event, and of one line."""
_DONE = b"[DONE]"
"""The data that ends a stream of OpenAI's format: an event of its own, wherever it stands."""
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which may stand before the first line and is not of it."""


class EventStream:
    """Cuts a body into the data of its events."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._line = bytearray()
        self._data: list[str] = []
        self._size = 0
        self._has_begun = self._ends_in_cr = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """Yield the data of events that are whole now. Raises BrokenTransfer for endless ones."""
        if self._ends_in_cr and piece:
            piece = piece.removeprefix(b"\n")  # the second half of one CRLF
            self._ends_in_cr = False
        self._ends_in_cr = self._ends_in_cr or piece.endswith(b"\r")
        first, *more = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._line += first
        for start in more:
            yield from self._take_line()
            self._line += start
        if len(self._line) > LONGEST_EVENT:
            raise BrokenTransfer(f"a line of it is longer than {LONGEST_EVENT} bytes")

    def read_rest(self) -> Iterator[str]:
        """Yield the data of the last event where no blank line ended it."""
        yield from self._take_line()
        yield from self._dispatch()

    def _take_line(self) -> Iterator[str]:
        line = bytes(self._line)
        self._line.clear()
        if not self._has_begun:
            line, self._has_begun = line.removeprefix(_MARK), True
        if not line:
            yield from self._dispatch()
            return
        name, _, value = line.partition(b":")
        if name != b"data":
            return
        is_one_line = len(self._data) == 1  # an event of more lines has blank lines about it
        if value.strip() == _DONE or (is_one_line and _is_whole(self._data[0])):
            yield from self._dispatch()
        self._size += len(line)
        if self._size > LONGEST_EVENT:
            raise BrokenTransfer(f"an event of it is longer than {LONGEST_EVENT} bytes")
        self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))

    def _dispatch(self) -> Iterator[str]:
        data, self._data, self._size = self._data, [], 0
        if data:
            yield "\n".join(data)


def _is_whole(data: str) -> bool:
    """Tell whether data that no blank line has ended yet is nevertheless all of an event."""
    text = data.strip()
    if text == _DONE.decode():
        return True
    if not text.startswith(("{", "[")):
        return False
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True
