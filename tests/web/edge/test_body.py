"""Bodies are read at once where they are there, and in bounded time where they are not."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from tracker.web.edge.body import BodySteps, read_capped
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow
from tracker.web.edge.body_shares import BodyRoom, BodyShare
from tracker.web.edge.json_objects import PARSED_AT_ONCE

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


async def _read_sharing(receive: Receive, *, span_s: float) -> bytes:
    steps = BodySteps(share=BodyShare(BodyRoom()), span_s=span_s)
    return await read_capped({}, receive, limit=2**20, timeout_s=20, steps=steps)


@pytest.mark.parametrize("then", [[], [part(b"a", more=True)] * 100_000], ids=["silence", "drips"])
async def test_a_large_body_that_only_drips_is_given_up_and_says_why(then: list[Message]) -> None:
    left = [part(b"a" * PARSED_AT_ONCE, more=True), part(b"a", more=True), *then]

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return left.pop(0)

    with pytest.raises(BodyTooSlow, match="came"):
        await _read_sharing(receive, span_s=0.01)


async def test_a_small_body_and_a_large_one_that_gets_on_may_take_their_time() -> None:
    small = [part(b"a", more=True) for _ in range(100)]
    assert len(await _read_sharing(comes([*small, part(b"b")], late=True), span_s=0.0)) == 101
    large = [part(b"a" * 2**16, more=True) for _ in range(10)]
    found = await _read_sharing(comes([*large, part(b"b")], late=True), span_s=10)
    assert len(found) == 10 * 2**16 + 1
