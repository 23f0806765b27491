"""How long callers wait for the writer: so long and no longer, whatever the database does.

A server that is stopped, or a file that somebody else holds, keeps the writer's thread inside one
transaction, and nothing can take it out of there. So that callers need not wait with it, those who
have waited long enough are refused in the event loop, and while the transaction is that old nobody
else starts to wait. What was refused before its transaction began is not carried out; what was
refused later may still be committed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from tracker.clock import Clock
from tracker.domain.errors import Unavailable

log = logging.getLogger(__name__)

LOOKS = 20
"""How often it is looked within the limit: nobody waits longer than that by more than 1/20."""
STALLED = "the database does not take writes now: a transaction has stood still"
_TOO_LONG = "the database did not take it in time; it may still do"


class WriteWaiter(Protocol):
    """A caller of a write, as a future is one."""

    def done(self) -> bool:
        """Return whether the result is wanted no more."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Take the result, in the event loop."""
        ...

    def set_exception(self, error: Exception, /) -> None:
        """Take the reason why there is none, in the event loop."""
        ...


class Waiting(Protocol):
    """A caller that waits for the writer.

    since_s:    monotonic, set here.
    is_patient: waits for as long as it takes.
    is_refused: was told that it is not done.
    """

    future: WriteWaiter
    since_s: float
    is_patient: bool
    is_refused: bool


class Patience:
    """Of one writer. Everything but `begun` and `ended` is for the event loop's thread.

    stalled_since: when the transaction began that stands still; None when none does.
    """

    def __init__(self, clock: Clock, limit_s: float) -> None:
        """limit_s: how long anybody waits."""
        self._clock = clock
        self._limit_s = limit_s
        self._waiting: deque[Waiting] = deque()
        self._begun: tuple[float, datetime] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[Callable[[datetime, datetime], None]] = []
        self.stalled_since: datetime | None = None
        self._untold_since: datetime | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """loop: the one in which callers wait."""
        self._loop = loop

    def stop(self) -> None:
        """Note that nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def call_on_recovery(self, listener: Callable[[datetime, datetime], None]) -> None:
        """Be told after a stall from when to when it was."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """Return how many wait for their commit."""
        return len(self._waiting)

    @property
    def stalled_s(self) -> float:
        """Age in seconds of a transaction that stands still for too long; 0 where none does."""
        begun = self._begun
        if self.stalled_since is None or begun is None:
            return 0.0
        return self._clock.monotonic() - begun[0]

    def note_begin(self) -> None:
        """Note that the writer begins with some of them. Called in its thread."""
        self._begun = self._clock.monotonic(), self._clock.now()

    def note_end(self) -> None:
        """Note that the writer is through with them. Called in its thread."""
        self._begun = None

    def add(self, arrived: Sequence[Waiting]) -> None:
        """Note that these wait from now on, behind all others."""
        now_s = self._clock.monotonic()
        for one in arrived:
            one.since_s = now_s
        self._waiting.extend(arrived)
        if self._timer is None:
            self._timer = self._loop.call_later(self._limit_s / LOOKS, self._look)

    def remove(self, count: int, *, is_any_taken: bool) -> None:
        """Note that the first ones have their answers.

        is_any_taken: whether something of theirs was written: what stands still may end in refusals
            as well, as where the server is killed, and then writes do not go on yet.
        """
        for _ in range(count):
            self._waiting.popleft()
        self._untold_since = since = self._untold_since or self.stalled_since
        self.stalled_since = None
        if since is not None and is_any_taken:
            self._untold_since = None
            now = self._clock.now()
            log.warning(
                "writes go on; they stood still since %(since)s", {"since": since.isoformat()}
            )
            for listener in self._listeners:
                listener(since, now)

    def _look(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        self._timer = self._loop.call_later(self._limit_s / LOOKS, self._look)
        now_s, begun = self._clock.monotonic(), self._begun
        is_old = begun is not None and now_s - begun[0] >= self._limit_s
        if is_old and begun is not None and self.stalled_since is None:
            self.stalled_since = begun[1]
            log.error(
                "writes are refused: %(reason)s for %(seconds)g s",
                {"reason": STALLED, "seconds": self._limit_s},
            )
        for one in self._waiting:
            if now_s - one.since_s < self._limit_s and not self.stalled_since:
                return
            if not (one.is_patient or one.future.done()):
                one.is_refused = True
                one.future.set_exception(Unavailable(_TOO_LONG))
