"""Rows that requests ask for again and again, kept in memory for a few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tracker.clock import Clock
from tracker.services.shared_task import wait_for_shared

Row = TypeVar("Row")

FRESH_S = 5.0
"""For so long a row is believed without asking the database again, in seconds."""


@dataclass(frozen=True, slots=True)
class _Known(Generic[Row]):
    row: Row
    at: float


class RecentRows(Generic[Row]):
    """Finds rows by a hash. Only rows that exist are kept, so that nobody can make it grow."""

    def __init__(self, clock: Clock, ask: Callable[[bytes], Awaitable[Row | None]]) -> None:
        """ask: looks in the database."""
        self._clock = clock
        self._ask = ask
        self._known: dict[bytes, _Known[Row]] = {}
        self._asking: dict[bytes, asyncio.Task[Row | None]] = {}

    async def get(self, wanted: bytes) -> Row | None:
        """Return the row as it is or was FRESH_S ago. Raises what `ask` raises."""
        known = self._known.get(wanted)
        if known is not None and self._clock.monotonic() - known.at < FRESH_S:
            return known.row
        asking = self._asking.get(wanted)
        if asking is None:  # requests that come together ask once
            asking = asyncio.create_task(self._look(wanted))
            self._asking[wanted] = asking
            asking.add_done_callback(lambda _: self._asking.pop(wanted, None))
        return await wait_for_shared(asking)

    def forget(self, wanted: bytes) -> None:
        """Ask anew for this row."""
        self._known.pop(wanted, None)

    async def _look(self, wanted: bytes) -> Row | None:
        began = self._clock.monotonic()
        row = await self._ask(wanted)
        if row is None:
            self._known.pop(wanted, None)
            return None
        self._known[wanted] = _Known(row, began)
        return row
