"""The time while a create is under way whose answer is its result: recorded, so that it is seen.

Such an answer takes minutes. Nothing else tells of the task meanwhile: neither callback nor query.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Self

from tracker.domain.errors import Unavailable
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.signals import CrashPoint
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.attempt_results import OpenAttempt
from tracker.store import attempts, tasks
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

SEEN_AFTER_S = 1.0
"""Seconds from the first byte until a call counts as under way: most refusals come before, and then
nothing needs to be recorded but them."""


class CallUnderWay:
    """One call; `async with` it around the exchange.

    is_seen: whether callers see already that it is under way.
    """

    def __init__(self, context: Context, begun: OpenAttempt) -> None:
        """Nothing is sent yet."""
        self.is_seen = False
        self._context = context
        self._begun = begun
        self._sent = asyncio.Event()
        self._recording: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Wait for the first byte."""
        self._recording = asyncio.create_task(self._record())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Record nothing more: a write that is under way finds the attempt ended."""
        assert self._recording is not None  # noqa: S101 - entered
        self._recording.cancel()
        await asyncio.wait([self._recording])

    def mark_sent(self) -> None:
        """Hear that the first byte leaves."""
        self._sent.set()

    async def _record(self) -> None:
        await self._sent.wait()
        while not self.is_seen:
            await self._context.clock.sleep(SEEN_AFTER_S)
            if self.is_seen:
                return
            try:
                await self._context.store.write(self._see, self._begun, is_patient=True)
            except Unavailable as error:
                log.warning("a call under way is not recorded yet: %(reason)s", {"reason": error})
                continue
            self.is_seen = True
            self._context.at(CrashPoint.CALL_UNDER_WAY)

    def _see(self, tx: Tx, items: Sequence[OpenAttempt]) -> list[None]:
        recorder = Recorder(
            self._context, tx, tasks.lock_by_key(tx.db, {one.task.key for one in items}).values()
        )
        record_open(tx, recorder, {one.task.key: (one, build_sent_event(one)) for one in items})
        recorder.flush()
        return [None] * len(items)


def build_sent_event(begun: OpenAttempt) -> Event:
    """Return the event of a call that has been under way for a while."""
    return Event(EventKind.SUBMIT_SENT, Source.SUBMIT, attempt=begun.attempt.key)


def record_open(tx: Tx, recorder: Recorder, events: dict[int, tuple[OpenAttempt, Event]]) -> None:
    """Record events, by the keys of locked tasks, of those whose attempt is open still.

    Whoever ended it has recorded what came of it, and a task that was dropped has no more history.
    """
    is_open = attempts.open_of(tx.db, events.keys())
    for key, (begun, event) in events.items():
        if is_open.get(key) == begun.attempt.key:
            recorder.record(key, event)
