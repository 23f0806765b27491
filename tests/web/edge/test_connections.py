"""Connections that stopped reading: the oldest are closed while all hold too much together."""

import asyncio

import pytest

from tracker.web.edge.connections import SWEEP_S, UNREAD_S, ConnectionLimits, ConnectionRegistry

pytestmark = pytest.mark.anyio


class FrozenLoop(asyncio.SelectorEventLoop):
    """An event loop that can have stood still for a while."""

    frozen_s = 0.0

    def time(self) -> float:
        return super().time() + self.frozen_s


class Stalled:
    """A connection whose client has not taken 60 bytes."""

    may_be_late = False

    def __init__(self, closed: asyncio.Queue["Stalled"]) -> None:
        self._closed = closed

    def give_way(self) -> None:
        self._closed.put_nowait(self)

    def close_by_timeout(self) -> None:
        assert self.may_be_late
        self._closed.put_nowait(self)

    def count_unread_bytes(self) -> int:
        return 60


async def test_who_stopped_reading_first_is_closed_until_little_is_held() -> None:
    closed: asyncio.Queue[Stalled] = asyncio.Queue()
    registry = ConnectionRegistry(ConnectionLimits(unread_bytes=150))
    first, second, third, recent = (Stalled(closed) for _ in range(4))
    now = asyncio.get_running_loop().time()
    for one in (first, second, third, recent):
        assert registry.admit(one)
        registry.unread[one] = now - (0 if one is recent else UNREAD_S)
    assert [await closed.get(), await closed.get()] == [first, second]
    assert list(registry.unread) == [third, recent]
    for one in (third, recent):
        registry.forget(one)


async def test_whose_request_began_first_is_closed_where_incomplete_ones_hold_too_much() -> None:
    closed: asyncio.Queue[Stalled] = asyncio.Queue()
    registry = ConnectionRegistry(ConnectionLimits(held_bytes=150))
    first, second, third = (Stalled(closed) for _ in range(3))
    for one in (first, second, third):
        assert registry.admit(one)
        registry.hold(one, 50)
    registry.hold(second, 0)
    registry.hold(third, 100)
    assert closed.empty()
    registry.hold(second, 10)
    assert closed.get_nowait() is first
    registry.hold(third, 140)
    assert closed.empty()
    for one in (second, third):
        registry.forget(one)
    registry.hold(first, 150)
    assert closed.empty()


def test_nobody_is_late_because_the_process_stood_still_unless_still_silent_afterwards() -> None:
    loop = FrozenLoop()

    async def freeze() -> float:
        closed: asyncio.Queue[Stalled] = asyncio.Queue()
        registry, silent = ConnectionRegistry(ConnectionLimits()), Stalled(closed)
        silent.may_be_late = True
        assert registry.admit(silent)
        loop.frozen_s += 60
        woke_at = loop.time()
        assert await closed.get() is silent
        registry.forget(silent)
        return loop.time() - woke_at

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(freeze()) >= SWEEP_S
