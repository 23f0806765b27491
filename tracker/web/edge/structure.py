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


async def check_values(body: bytes, *, most: int = MOST_VALUES) -> None:
    """Raise InvalidRequest for a JSON text that holds more values than `most`.

    Counts commas and opening brackets, those within strings too: cheap, and never too few.
    """
    found = 0
    for start in range(0, len(body), _PIECE):
        end = start + _PIECE
        found += _count(body, start, end)
        if found > most:
            raise _too_many(most)
        if end < len(body):
            await asyncio.sleep(0)


def check_values_at_once(body: bytes, *, most: int = MOST_VALUES) -> None:
    """Raise InvalidRequest like `check_values`, for a body of at most a few megabytes."""
    if len(body) > most and _count(body, 0, len(body)) > most:
        raise _too_many(most)


def _count(body: bytes, start: int, end: int) -> int:
    return sum(body.count(mark, start, end) for mark in (b",", b"[", b"{"))


def _too_many(most: int) -> InvalidRequest:
    reason = f"holds more than {most} values and separators; send fewer"
    return InvalidRequest(FieldError("", reason), malformed=True)
