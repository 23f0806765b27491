"""Bound what parsing a JSON text can cost before it is parsed: how many values it may hold.

A parser turns 60 MB of `[]` into 20 million objects, and nothing else runs meanwhile. Pictures and
sounds are long strings, of which one value is made.
"""

import asyncio

from tracker.domain.errors import FieldError, InvalidRequest

MOST_VALUES = 20_000
"""Values, and separators within strings, that any body may hold."""
_PIECE = 1024 * 1024
"""Bytes that are looked at before others get their turn."""


class ValueCounter:
    """Counts the values of a JSON text while its pieces arrive.

    It counts commas and opening brackets, those within strings too: cheap, and never too few.
    """

    def __init__(self, most: int = MOST_VALUES) -> None:
        """Nothing has arrived."""
        self._left = self._most = most

    def add_whole(self, text: bytes) -> None:
        """Count a text that came in one piece. Raises InvalidRequest if it holds too many."""
        if len(text) > self._left:
            self.add(text)

    def add(self, piece: bytes) -> None:
        """Count on. Raises InvalidRequest once there are too many."""
        for start in range(0, len(piece), _PIECE):
            self._left -= _count(piece, start, start + _PIECE)
            if self._left < 0:
                raise _refuse_too_many(self._most)


async def check_values(body: bytes) -> None:
    """Raise InvalidRequest for a JSON text that holds more than `MOST_VALUES` values."""
    counter = ValueCounter(MOST_VALUES)
    for start in range(0, len(body), _PIECE):
        counter.add(body[start : start + _PIECE])
        if start + _PIECE < len(body):
            await asyncio.sleep(0)


def check_values_at_once(body: bytes) -> None:
    """Raise InvalidRequest like `check_values`, for a body of at most a few megabytes."""
    if len(body) > MOST_VALUES and _count(body, 0, len(body)) > MOST_VALUES:
        raise _refuse_too_many(MOST_VALUES)


def _count(body: bytes, start: int, end: int) -> int:
    return sum(body.count(mark, start, end) for mark in (b",", b"[", b"{"))


def _refuse_too_many(most: int) -> InvalidRequest:
    reason = f"holds more than {most} values and separators; send fewer"
    return InvalidRequest(FieldError("", reason), malformed=True)
