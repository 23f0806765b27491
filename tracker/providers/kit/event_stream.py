"""Server-sent events that come piece by piece, read tolerantly: each data line is an event.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11. Senders
leave out the blank line behind an event, and the space behind `data:`.
"""

from collections.abc import Iterator

from tracker.domain.errors import Broken

LONGEST_LINE = 1024 * 1024
"""Bytes."""
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which may stand before the first line and is not of it."""


class EventStream:
    """Cuts a body into the data of its events."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._line = bytearray()
        self._has_begun = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """Yield the data of the lines that are whole by now. Raises Broken for endless lines."""
        self._line += piece.replace(b"\r", b"\n")
        *whole, rest = bytes(self._line).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Broken(f"a line of it is longer than {LONGEST_LINE} bytes")
        self._line = bytearray(rest)
        for line in whole:
            yield from _data_of(self._without_mark(line))

    def rest(self) -> Iterator[str]:
        """Yield the data of a last line without an end."""
        line, self._line = bytes(self._line), bytearray()
        yield from _data_of(self._without_mark(line))

    def _without_mark(self, line: bytes) -> bytes:
        is_first, self._has_begun = not self._has_begun, True
        return line.removeprefix(_MARK) if is_first else line


def _data_of(line: bytes) -> Iterator[str]:
    if line.startswith(b"data:"):
        yield line.removeprefix(b"data:").decode("utf-8", "replace").strip()
