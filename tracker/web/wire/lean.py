"""Parts of a connection that take little memory while they wait.

Each `asyncio.Event` and each empty `deque` takes 0.7 KB for a queue that nobody stands in, and of
connections that wait there are thousands.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl


class LeanEvent:
    """An `asyncio.Event`, as far as uvicorn uses one."""

    __slots__ = ("_is_set", "_waiting")

    def __init__(self, *, is_set: bool = False) -> None:
        """Nobody waits."""
        self._is_set = is_set
        self._waiting: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        """Return whether nobody has to wait."""
        return self._is_set

    def set(self) -> None:
        """Let all who wait go on."""
        self._is_set = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """Let who comes now wait."""
        self._is_set = False

    async def wait(self) -> None:
        """Return once it is set."""
        if self._is_set:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        finally:
            self._waiting.remove(waiter)


class LeanFlow(FlowControl):
    """uvicorn's flow control."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Nothing is paused."""
        self._transport = transport
        self.read_paused = self.write_paused = False
        self._is_writable_event: Any = LeanEvent(is_set=True)


class Pipeline(list[Any]):
    """uvicorn's queue of requests that wait for an answer to one before them; mostly empty."""

    __slots__ = ()

    def appendleft(self, one: Any) -> None:
        """Let it come last."""
        self.insert(0, one)
