"""Large bodies share the room for them: one goes on, the others wait or are to come again."""

import asyncio

import pytest

from tracker.domain.errors import Unavailable
from tracker.web.edge.body_shares import SHARED_BYTES, BodyRoom, BodyShare

pytestmark = pytest.mark.anyio
LARGE = 8 * SHARED_BYTES


async def test_the_first_goes_on_and_the_others_share_what_is_left() -> None:
    room = BodyRoom()
    first, second, third = (BodyShare(room, patience_s=0.001) for _ in range(3))
    await first.grow(LARGE)
    await second.grow(SHARED_BYTES // 2)
    await third.grow(SHARED_BYTES // 2)
    with pytest.raises(Unavailable):
        await third.grow(SHARED_BYTES // 2 + 1)
    await first.grow(2 * LARGE)


async def test_who_waits_goes_on_once_there_is_room() -> None:
    room = BodyRoom()
    first, second, third = (BodyShare(room) for _ in range(3))
    await first.grow(LARGE)
    await second.grow(1)
    waiting = asyncio.create_task(second.grow(LARGE))
    behind = asyncio.create_task(third.grow(LARGE))
    await asyncio.sleep(0)
    assert not waiting.done()
    first.release()
    await waiting
    assert not behind.done()
    second.release()
    second.release()
    await behind


async def test_a_waiter_that_is_cancelled_keeps_nobody_waiting() -> None:
    room = BodyRoom()
    first, second, third = (BodyShare(room) for _ in range(3))
    await first.grow(LARGE)
    for share in (second, third):
        waiting = asyncio.create_task(share.grow(LARGE))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    first.release()
    await third.grow(LARGE)
