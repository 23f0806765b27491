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
        found += sum(body.count(mark, start, end) for mark in (b",", b"[", b"{"))
        if found > most:
            reason = f"holds more than {most} values and separators; send fewer"
            raise InvalidRequest(FieldError("", reason), malformed=True)
        if end < len(body):
            await asyncio.sleep(0)
