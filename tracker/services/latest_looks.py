"""Answers that many ask for and that may be some seconds old: made once, beside requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from tracker.domain.errors import Unavailable

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)

FRESH_S = 5.0
_KEPT = 1000
"""Answers that are kept at hand."""


class LatestLooks(Generic[Key, Answer]):
    """The latest answer per key, e.g. a tenant. One per process and question."""

    def __init__(self) -> None:
        """Nothing is known until somebody looks."""
        self._known: dict[Key, tuple[float, Answer]] = {}
        self._making: dict[Key, asyncio.Task[Answer]] = {}

    async def look(
        self, key: Key, make: Callable[[], Awaitable[Answer]], *, patience_s: float
    ) -> Answer | None:
        """Return an answer no older than FRESH_S; None where the first is not there in time.

        An older one is returned where a new one takes longer than that, or cannot be had.
        make: finds the answer; may raise Unavailable. It goes on where its asker has gone.
        """
        found = self._known.get(key)
        if found is not None and _read_now() - found[0] < FRESH_S:
            return found[1]
        making = self._making.get(key) or self._begin(key, make)
        await asyncio.wait([making], timeout=patience_s)
        found = self._known.get(key)
        return None if found is None else found[1]

    async def renew(self, key: Key, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return an answer that is made from now on; those who ask next get it too.

        Raises what `make` raises. It goes on where its asker has gone.
        """
        return await asyncio.shield(self._begin(key, make))

    def forget(self, key: Key) -> None:
        """Drop an answer that is known to be past; one that is being made counts no more."""
        self._known.pop(key, None)
        self._making.pop(key, None)

    def _begin(self, key: Key, make: Callable[[], Awaitable[Answer]]) -> asyncio.Task[Answer]:
        making = asyncio.create_task(self._make(key, make))
        self._making[key] = making
        making.add_done_callback(lambda done: self._end(key, done))
        return making

    def _end(self, key: Key, done: asyncio.Task[Answer]) -> None:
        if self._making.get(key) is done:
            del self._making[key]
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Unavailable):
            log.warning("what pages show besides is not renewed: %(reason)s", {"reason": error})
        elif error is not None:
            log.error("what pages show besides is not renewed", exc_info=error)

    async def _make(self, key: Key, make: Callable[[], Awaitable[Answer]]) -> Answer:
        begun = _read_now()
        found = await make()
        if self._making.get(key) is asyncio.current_task():
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = begun, found
        return found


def _read_now() -> float:
    return asyncio.get_running_loop().time()
