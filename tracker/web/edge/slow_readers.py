"""Bodies that are sent piece by piece, for as long as somebody takes them."""

import asyncio

from starlette.types import Send


class SlowReader(Exception):
    """A reader did not take what it was sent."""


async def send_piece(send: Send, piece: bytes, slow_s: float) -> None:
    """Send a piece of a body. Raises SlowReader when the reader does not take it in time."""
    try:
        async with asyncio.timeout(slow_s):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except TimeoutError:
        raise SlowReader from None


async def wait_until_taken(send: Send, slow_s: float) -> None:
    """Wait until the server sends more. Raises SlowReader when the reader does not take what waits.

    Before a piece is made, which else would be held, with all that it is made of, until then.
    """
    await send_piece(send, b"", slow_s)
