"""Measure how long a service's event loop is kept from going on."""

import asyncio
import time

from starlette.types import ASGIApp, Receive, Scope, Send


class StallMeter:
    """Put it around a service's app; `longest_s` is the longest turn of its event loop so far.

    Counts the processor time of the loop's own thread, so that other processes and the test
    beside it do not count.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._ticking: asyncio.Task[None] | None = None

    def wrap_app(self, app: ASGIApp) -> ASGIApp:
        """The app, whose event loop is measured from its start on."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                self._ticking = asyncio.create_task(self._tick())
            await app(scope, receive, send)

        return measured

    def reset(self) -> None:
        """Forget what was measured so far."""
        self.longest_s = 0.0

    async def _tick(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.thread_time()
            self.longest_s = max(self.longest_s, now - before)
            before = now
