"""Time: what happens when. The wall clock, and one that only moves when told."""

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

__all__ = ["Job", "ManualTimeline", "Timeline", "WallTimeline"]

Job = Callable[[], Awaitable[object]]
"""Something to do at an instant. It must not wait for the timeline itself."""

logger = logging.getLogger(__name__)


class Timeline(Protocol):
    """A clock that carries out jobs. Lives inside one running event loop."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        ...

    def schedule_job(self, delay: float, job: Job) -> None:
        """Do the job `delay` seconds from now. Jobs due together are begun in order."""
        ...

    async def sleep(self, delay: float) -> None:
        """Return `delay` seconds from now."""
        ...

    def clear(self) -> None:
        """Forget every job, also those under way."""
        ...


class WallTimeline:
    """The machine's clock."""

    def __init__(self) -> None:
        """Nothing is planned yet."""
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count()

    def now(self) -> float:
        """Return Unix time in seconds."""
        return time.time()

    def schedule_job(self, delay: float, job: Job) -> None:
        """Do the job `delay` seconds from now."""
        number = next(self._numbers)
        loop = asyncio.get_running_loop()
        self._timers[number] = loop.call_later(delay, self._begin, number, job)

    async def sleep(self, delay: float) -> None:
        """Return `delay` seconds from now."""
        await asyncio.sleep(delay)

    def clear(self) -> None:
        """Forget every job, also those under way."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._running:
            task.cancel()

    def _begin(self, number: int, job: Job) -> None:
        del self._timers[number]
        task = asyncio.get_running_loop().create_task(_carry_out(job))
        self._running.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._running.discard)


class ManualTimeline:
    """A clock that stands still until `advance`, so that tests need no sleeping."""

    def __init__(self) -> None:
        """Start at the wall clock's time, so that instants look right."""
        self._now = time.time()
        self._plan: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()
        self._turn = asyncio.Lock()

    def now(self) -> float:
        """Return Unix time in seconds."""
        return self._now

    def schedule_job(self, delay: float, job: Job) -> None:
        """Do the job when the clock has been advanced by `delay` seconds."""
        heapq.heappush(self._plan, (self._now + delay, next(self._numbers), job))

    async def sleep(self, delay: float) -> None:
        """Return when the clock has been advanced by `delay` seconds."""
        woken = asyncio.Event()

        async def wake() -> None:
            woken.set()

        self.schedule_job(delay, wake)
        await woken.wait()

    def clear(self) -> None:
        """Forget every job that has not begun."""
        self._plan.clear()

    def count_planned(self) -> int:
        """Return how many jobs wait for the clock."""
        return len(self._plan)

    async def advance(self, seconds: float) -> None:
        """Move the clock, and return when everything that fell due has been done.

        Jobs due at one instant run side by side, those of different instants one after another.
        """
        async with self._turn:
            target = self._now + seconds
            while self._plan and self._plan[0][0] <= target:
                self._now = max(self._now, self._plan[0][0])
                await asyncio.gather(*(_carry_out(job) for job in self._pop_due()))
            self._now = target

    def _pop_due(self) -> list[Job]:
        due = []
        while self._plan and self._plan[0][0] <= self._now:
            due.append(heapq.heappop(self._plan)[2])
        return due


async def _carry_out(job: Job) -> None:
    try:
        await job()
    except Exception:
        # One job's mistake must not stop the clock for all others.
        logger.exception("a planned job failed")
