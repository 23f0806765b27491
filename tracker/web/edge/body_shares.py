"""Bound what large request bodies hold together: one goes on, the others wait for room.

A body of 60 MB and what is made of it may take 120 MB; without a bound four callers take four times
as much. Memory that was once taken is seldom given back whole.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from starlette.types import Scope

from tracker.domain.errors import Unavailable

SHARED_BYTES = 16 * 1024 * 1024
"""Bytes that all bodies may hold besides the first, which waits for nobody."""
PATIENCE_S = 25.0
"""So long a body waits for room, less than a body may take; then its sender is to come again."""
_RETRY_S = 5
_SHARE = "body_share"
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, "BodyRoom"] = WeakKeyDictionary()


class BodyRoom:
    """The room for the bodies of one event loop."""

    def __init__(self) -> None:
        """No body holds anything."""
        self._held: dict[BodyShare, int] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def try_hold(self, share: "BodyShare", size: int) -> bool:
        """Let a body hold so many bytes if there is room; the one that has held longest may."""
        first = next(iter(self._held), share)
        others = sum(held for one, held in self._held.items() if one not in (first, share))
        if share is not first and others + size > SHARED_BYTES:
            return False
        self._held[share] = size
        return True

    async def wait(self) -> None:
        """Wait until a body holds nothing any more."""
        gone = asyncio.get_running_loop().create_future()
        self._waiting.append(gone)
        await gone

    def leave(self, share: "BodyShare") -> None:
        """Take note that a body holds nothing any more."""
        if self._held.pop(share, None) is None:
            return
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)


class BodyShare:
    """The part of the room that one request's body holds, until it is released."""

    def __init__(self, room: BodyRoom, *, patience_s: float = PATIENCE_S) -> None:
        """It holds nothing. patience_s: how long it waits for room."""
        self._room = room
        self._patience_s = patience_s

    async def grow(self, size: int) -> bool:
        """Hold so many bytes in all; returns whether it waited for room.

        Raises Unavailable where there is none.
        """
        if self._room.try_hold(self, size):
            return False
        try:
            async with asyncio.timeout(self._patience_s):
                while not self._room.try_hold(self, size):
                    await self._room.wait()
        except TimeoutError:
            raise Unavailable(
                "other large bodies are being taken in", retry_after_s=_RETRY_S
            ) from None
        return True

    def release(self) -> None:
        """Hold nothing any more."""
        self._room.leave(self)


def get_share(scope: Scope) -> BodyShare:
    """Return the share of a request, which `release_share` ends."""
    state: dict[str, Any] = scope["state"]
    found = state.get(_SHARE)
    if found is None:
        room = _rooms.setdefault(asyncio.get_running_loop(), BodyRoom())
        found = state[_SHARE] = BodyShare(room)
    share: BodyShare = found
    return share


def release_share(scope: Scope) -> None:
    """Let a request's body hold nothing any more: its input is kept, or was refused."""
    share: BodyShare | None = scope.get("state", {}).get(_SHARE)
    if share is not None:
        share.release()
