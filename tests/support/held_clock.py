"""A clock whose pauses end when a test says so."""

import asyncio

from tracker.clock import SystemClock


class HeldClock(SystemClock):
    """A pause ends when the test says so. pauses: in seconds, as they were begun."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._ends: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        """Wait for `end_pause`; the renewing of leases waits for ever."""
        if seconds > 1:
            await asyncio.Event().wait()
        self.pauses.append(seconds)
        await self._ends.get()

    def end_pause(self) -> None:
        """End the pause that is under way, or the next one."""
        self._ends.put_nowait(None)
