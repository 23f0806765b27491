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

PAUSE_S = 0.002
"""Seconds from one slice to the next while a callback or a delivery is under way: at some tenths of
a millisecond each, slices then take a fifth of the loop, whatever comes, and a callback meets one
or two. Without an end to what is urgent they go on all the same, 500 a second, which is 32 MB of
answers."""
_NICE = 5


def step_back() -> None:
    """Have the calling thread give way from now on to others on its core, which answer callers."""
    if sys.platform != "linux":  # elsewhere such an id may be that of another process
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + _NICE)


class Precedence:
    """Of one event loop. `with` it around urgent work; `await give_way()` before each slice."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing is under way. monotonic: the time in seconds."""
        self._monotonic = monotonic
        self._urgent = 0
        self._slice_at = monotonic() - PAUSE_S
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._places = count()
        self._has_slice = False
        self._look: asyncio.Handle | None = None

    def __enter__(self) -> None:
        """Begin something urgent."""
        self.begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, however it ended."""
        self.end()

    def begin(self) -> None:
        """Begin something urgent, whose `end` is called elsewhere."""
        self._urgent += 1

    def end(self) -> None:
        """End something urgent that has begun."""
        self._urgent -= 1
        if self._waiting and not self._urgent:
            self._look_soon()

    @property
    def is_urgent(self) -> bool:
        """Tell whether something urgent is under way."""
        return self._urgent > 0

    @property
    def waiting(self) -> int:
        """Return how many slices wait for their turns."""
        return len(self._waiting)

    def place(self) -> int:
        """Return a place for all slices of one piece of work, behind those of others so far."""
        return next(self._places)

    async def give_way(self, place: int | None = None) -> None:
        """Return when a slice may begin, which lasts until its work waits for something.

        place: of the work that it belongs to; None for the last.
        """
        if not (self._waiting or self._has_slice or self._held_s()):
            self._begin()
            return
        turn = asyncio.get_running_loop().create_future()
        last = next(self._places)
        heappush(self._waiting, (last if place is None else place, last, turn))
        if self._look is None:
            self._look_soon()
        await turn

    def _held_s(self) -> float:
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
        held_s = self._held_s()
        if held_s:
            self._look = asyncio.get_running_loop().call_later(held_s, self._go_on)
            return
        heappop(self._waiting)[2].set_result(None)
        self._begin()
