"""Of a file nothing is read for a client that takes no more of it, or has gone."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.requests import Request
from starlette.types import Message, Scope

from tests.support.waiting import wait_for_condition
from tracker.domain.byte_range import ByteRange
from tracker.web.edge.ranged import RangedFile

pytestmark = pytest.mark.anyio
SCOPE: Scope = {"type": "http", "method": "GET", "headers": []}


@pytest.mark.parametrize("is_gone", [False, True])
async def test_no_block_is_read_that_nobody_takes(*, is_gone: bool) -> None:
    blocks, sent = 0, 0
    taken, left = asyncio.Event(), asyncio.Event()

    async def read(_start: int, _end: int) -> AsyncGenerator[bytes, None]:
        nonlocal blocks
        for _ in range(100):
            blocks += 1
            yield b"x"

    async def send(message: Message) -> None:
        """Wait before a further piece, as a server does for a client that does not read."""
        nonlocal sent
        if sent and message["type"] == "http.response.body" and not taken.is_set():
            await taken.wait()
        sent += len(message.get("body", b""))

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    answer = RangedFile(Request(SCOPE), read, {}, ByteRange(0, 100, 100))
    sending = asyncio.create_task(answer(SCOPE, receive, send))
    await wait_for_condition(lambda: sent > 0)
    if is_gone:
        left.set()
        await asyncio.sleep(0)
        taken.set()  # a server takes everything for a client that has gone
        await sending
        assert (blocks, sent) == (1, 1)
    else:
        await asyncio.sleep(0)
        assert blocks == 1
        taken.set()
        await sending
        assert (blocks, sent) == (100, 100)
