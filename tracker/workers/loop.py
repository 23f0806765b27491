"""The one loop: wake, look, sleep, stop, drain. What is looked for, its subclasses say."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

from tracker.domain.errors import Unavailable

log = logging.getLogger(__name__)

Work = TypeVar("Work")
"""The unit of work of one asyncio task of a loop."""

IDLE_S = 30.0
"""Longest pause between two looks of one loop; the supervisor's look-out wakes it before that."""


class Loop(ABC, Generic[Work]):
    """Looks for work and starts it until it is told to stop."""

    def __init__(self, name: str, *, drain_s: float) -> None:
        """Nothing runs yet.

        name:    for the log.
        drain_s: how long work under way may take to end after `stop`.
        """
        self._name = name
        self._drain_s = drain_s
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: dict[asyncio.Task[None], Work] = {}

    def wake(self) -> None:
        """Wake it: there may be something to do now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`; then wait for what is under way, and hand back the rest."""
        while not self._stopping.is_set():
            self._woken.clear()
            pause_s = await self._step()
            await self._sleep(pause_s)
        await self._drain()

    @abstractmethod
    async def _look(self) -> float:
        """Claim and start what is due and fits; return how long there will be nothing, in seconds.

        Raises Unavailable when the database cannot be asked.
        """

    @abstractmethod
    def _handle_finished(self, work: Work) -> None:
        """Account for work that has ended, however it ended."""

    @abstractmethod
    async def _hand_back(self, unfinished: Sequence[Work]) -> None:
        """Give up what was cancelled, and what was claimed and never started."""

    def _start(self, run: Coroutine[Any, Any, None], work: Work) -> None:
        running = asyncio.create_task(run)
        self._running[running] = work
        running.add_done_callback(self._handle_ended)

    def _handle_ended(self, running: asyncio.Task[None]) -> None:
        self._handle_finished(self._running.pop(running))

    async def _step(self) -> float:
        """Look once; return the pause in seconds. A failure is logged and tried again later."""
        try:
            return await self._look()
        except Unavailable as error:
            log.warning(
                "work was not claimed (%(kind)s): %(reason)s; trying again",
                {"kind": self._name, "reason": error},
            )
            return float(error.retry_after_s)
        except Exception:
            # A loop that ended here would leave a service that accepts and never works.
            log.exception("claiming work raised (%(kind)s); trying again", {"kind": self._name})
            return IDLE_S

    async def _sleep(self, pause_s: float) -> None:
        if pause_s <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._woken.wait()

    async def _drain(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._drain_s)
        left = dict(self._running)
        for running in left:
            running.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._hand_back(list(left.values()))
