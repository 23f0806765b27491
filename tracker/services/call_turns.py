"""Let the calls to an account leave no faster than its provider takes them."""

import asyncio
from collections import deque
from enum import StrEnum

from tracker.clock import Clock
from tracker.domain.call_rate import CallLimits
from tracker.domain.token_bucket import TokenBucket

_SHORTEST_S = 0.001
"""Of a pause: a clock may be too coarse for what is left to wait."""


class CallPurpose(StrEnum):
    """Kinds of calls that take turns, so that none keeps those of another waiting."""

    CREATE = "create"
    LOOK = "look"
    OTHER = "other"


class CallTurns:
    """The turns of one account's calls in one process. Several processes know nothing of another's.

    While calls wait, each purpose of which some do has the next turn after the others have had
    theirs; within a purpose, the call that came first has it.
    """

    def __init__(self, limits: CallLimits, clock: Clock) -> None:
        """Nothing has left yet."""
        calls = None if limits.calls is None else _Queue(limits.calls.make_bucket(), clock)
        own = None if limits.creates is None else _Queue(limits.creates.make_bucket(), clock)
        self._queues = dict.fromkeys(CallPurpose, calls) | {CallPurpose.CREATE: own or calls}

    async def take(self, purpose: CallPurpose) -> None:
        """Wait until one call may leave, which then counts as made."""
        queue = self._queues[purpose]
        if queue is not None:
            await queue.take(purpose)

    def put_back(self, purpose: CallPurpose) -> None:
        """Give back a turn with which no call was made."""
        queue = self._queues[purpose]
        if queue is not None:
            queue.bucket.put_back()


class _Queue:
    """Calls that share a bucket."""

    def __init__(self, bucket: TokenBucket, clock: Clock) -> None:
        self.bucket = bucket
        self._clock = clock
        self._waiting: dict[CallPurpose, deque[asyncio.Future[None]]] = {
            p: deque() for p in CallPurpose
        }
        self._order = list(CallPurpose)
        self._serving: asyncio.Task[None] | None = None

    async def take(self, purpose: CallPurpose) -> None:
        if not any(self._waiting.values()) and self.bucket.take(self._clock.monotonic()):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[purpose].append(turn)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting[purpose]:
                self._waiting[purpose].remove(turn)
            elif not turn.cancelled():
                self.bucket.put_back()  # the turn had come, and nothing will be sent
            raise

    async def _serve(self) -> None:
        """Give turns out until nobody waits."""
        while any(self._waiting.values()):
            if not self.bucket.take(self._clock.monotonic()):
                await self._clock.sleep(max(self.bucket.wait_s, _SHORTEST_S))
                continue
            turn = self._pop_next()
            if turn.done():  # whoever waited for it has been cancelled
                self.bucket.put_back()
            else:
                turn.set_result(None)

    def _pop_next(self) -> asyncio.Future[None]:
        purpose = next(one for one in self._order if self._waiting[one])
        self._order.remove(purpose)
        self._order.append(purpose)
        return self._waiting[purpose].popleft()
