"""The order of work in one event loop: callbacks and deliveries go before creates that last.

A call whose answer takes long, and an answer with files in it, are worked on in slices of some
tenths of a millisecond: one step of opening a connection and of writing a request, one piece of an
answer. Whoever is about to begin one gives way to callbacks and deliveries that are under way, and
to the slice of another: one turn of the loop holds one slice, however many are at it. What began
first goes on first, so that it ends and its memory is free before the next one fills some.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from types import TracebackType

from tracker.clock import Clock

PAUSE_S = 0.002
"""Seconds from one slice to the next while a callback or a delivery is under way: at some tenths of
a millisecond each, slices then take a fifth of the loop, whatever comes, and a callback meets one
or two. Without an end to what is urgent they go on all the same, 500 a second, which is 32 MB of
answers."""
LULL_S = 0.05
"""Longest that what nobody waits for is put off, where something urgent is always under way."""
_NICE = 5
CROWD = 32
"""Callbacks under way at once, from which on there are more than are kept as they come: at 1,000 a
second and 10 ms each there are 10."""
CROWDED_S = 0.1
"""After a crowd it is reckoned with for so long: it is gone and back with each commit."""
BACKGROUND_SHARE = 0.02
"""Of the processor's time, for what runs in the background beside a crowd."""


def step_back() -> None:
    """Have the calling thread give way from now on to others on its core, which answer callers."""
    if sys.platform != "linux":  # elsewhere such an id may be that of another process
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + _NICE)


class Precedence:
    """Of one event loop. `with` it around urgent work; `await give_way()` before each slice."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing is under way. monotonic: the time in seconds.

        begun: callbacks that have come to this process since it began.
        """
        self._monotonic = monotonic
        self._urgent = self._callbacks = 0
        self.begun = 0
        self._crowded_at_s: float | None = None
        self._slice_at = monotonic() - PAUSE_S
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._places = count()
        self._has_slice = False
        self._look: asyncio.Handle | None = None
        self._is_calm = asyncio.Event()

    def __enter__(self) -> None:
        """Begin something urgent."""
        self._urgent += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, however it ended."""
        self._end_one()

    def begin(self) -> None:
        """Begin to keep a callback, whose `end` is called elsewhere."""
        self._urgent += 1
        self.begun += 1
        self._callbacks += 1
        if self._callbacks >= CROWD:
            self._crowded_at_s = self._monotonic()

    def end(self) -> None:
        """End a callback that has begun."""
        self._callbacks -= 1
        self._end_one()

    def _end_one(self) -> None:
        self._urgent -= 1
        if self._urgent:
            return
        self._is_calm.set()
        if self._waiting:
            self._look_soon()

    @property
    def is_crowded(self) -> bool:
        """Tell whether more callbacks come than are kept as they come."""
        at_s = self._crowded_at_s
        return at_s is not None and self._monotonic() < at_s + CROWDED_S

    @property
    def is_urgent(self) -> bool:
        """Tell whether something urgent is under way."""
        return self._urgent > 0

    @property
    def waiting(self) -> int:
        """Return how many slices wait for their turns."""
        return len(self._waiting)

    def take_place(self) -> int:
        """Return a place for all slices of one piece of work, behind those of others so far."""
        return next(self._places)

    async def give_way(self, place: int | None = None) -> None:
        """Return when a slice may begin, which lasts until its work waits for something.

        place: of the work that it belongs to; None for the last.
        """
        if not (self._waiting or self._has_slice or self._count_held_s()):
            self._begin()
            return
        turn = asyncio.get_running_loop().create_future()
        last = next(self._places)
        heappush(self._waiting, (last if place is None else place, last, turn))
        if self._look is None:
            self._look_soon()
        await turn

    async def wait_for_lull(self, at_most_s: float = LULL_S) -> None:
        """Return once nothing urgent is under way, or after so many seconds.

        For a transaction that takes a millisecond and more, which cannot be cut into slices.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while self._urgent:
                    self._is_calm.clear()
                    await self._is_calm.wait()

    def _count_held_s(self) -> float:
        """Return for how many more seconds no slice may begin."""
        if not self._urgent:
            return 0.0
        return max(0.0, self._slice_at + PAUSE_S - self._monotonic())

    def _begin(self) -> None:
        """Note that this turn of the loop has its slice, or the next one."""
        self._has_slice = True
        self._slice_at = self._monotonic()
        self._look_soon()

    def _look_soon(self) -> None:
        if self._look is not None:
            self._look.cancel()
        self._look = asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Let the next slice begin, or look again when it may."""
        self._look, self._has_slice = None, False
        while self._waiting and self._waiting[0][2].cancelled():
            heappop(self._waiting)
        if not self._waiting:
            return
        held_s = self._count_held_s()
        if held_s:
            self._look = asyncio.get_running_loop().call_later(held_s, self._go_on)
            return
        heappop(self._waiting)[2].set_result(None)
        self._begin()


class Background:
    """Of one event loop: work that lasts and that nobody waits for, such as fetching files.

    It goes on as fast as it can, but beside a crowd of callbacks: then each piece of it is followed
    by a rest, by which all of it takes BACKGROUND_SHARE of the processor. It is never stopped.
    """

    def __init__(self, precedence: Precedence, clock: Clock) -> None:
        """Begin without a rest. precedence: of this event loop."""
        self._precedence = precedence
        self._clock = clock
        self._rests_until_s = 0.0

    async def give_way(self, takes_s: float) -> None:
        """Return when a piece of work may begin. takes_s: the processor's time that it takes."""
        if not self._precedence.is_crowded:
            self._rests_until_s = 0.0
            return
        begins_s = max(self._clock.monotonic(), self._rests_until_s)
        self._rests_until_s = begins_s + takes_s / BACKGROUND_SHARE
        while self._precedence.is_crowded:
            left_s = begins_s - self._clock.monotonic()
            if left_s <= 0:
                return
            await self._clock.sleep(min(left_s, CROWDED_S))
