"""Bodies are read at once where they are there, and in bounded time where they are not."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from tracker.web.edge.body import read_capped
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow

pytestmark = pytest.mark.anyio
GONE: Message = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def comes(messages: Sequence[Message], *, late: bool) -> Receive:
    """late: each lets the event loop turn before it is there."""
    left = list(messages)

    async def receive() -> Message:
        if late:
            await asyncio.sleep(0)
        return left.pop(0)

    return receive


async def read(receive: Receive, *, limit: int = 4, timeout_s: float = 20) -> bytes:
    return await read_capped({}, receive, limit=limit, timeout_s=timeout_s)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("pieces", [["abcd"], ["ab", "cd"], ["", "abcd", ""]], ids=len)
async def test_a_body_is_whole_however_it_comes(pieces: list[str], *, late: bool) -> None:
    *before, last = (piece.encode() for piece in pieces)
    messages = [*(part(piece, more=True) for piece in before), part(last)]
    assert await read(comes(messages, late=late)) == b"abcd"
    with pytest.raises(BodyTooLarge, match="3 bytes"):
        await read(comes(messages, late=late), limit=3)


@pytest.mark.parametrize("late", [False, True])
async def test_a_client_that_leaves_is_noticed(*, late: bool) -> None:
    with pytest.raises(ClientDisconnect):
        await read(comes([GONE], late=late))
    with pytest.raises(ClientDisconnect):
        await read(comes([part(b"a", more=True), GONE], late=late))


@pytest.mark.parametrize("first", [[], [part(b"a", more=True)]], ids=len)
async def test_one_that_never_ends_is_given_up_with_what_was_waited_for(
    first: list[Message],
) -> None:
    left, ended = list(first), asyncio.Event()

    async def receive() -> Message:
        if left:
            return left.pop(0)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    with pytest.raises(BodyTooSlow):
        await read(receive, timeout_s=0.01)
    assert ended.is_set()
