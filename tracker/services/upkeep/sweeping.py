"""Changes of tasks by time alone: `overdue`, `expired`; and removal of what is old."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from tracker.domain.errors import Unavailable
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.task import AT_PROVIDER, Awaits, Task, TaskError, TaskState
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import (
    callback_ids,
    forgeries,
    idempotency,
    lost_answers,
    made_objects,
    receipts,
    tasks,
    uploaded_files,
)
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

BATCH = 200
"""Tasks of one transaction."""
FLAGGED_NOW = 10
"""Batches that are flagged while somebody waits for the answer."""
FORGED_KEPT = timedelta(days=7)
"""How long forged callbacks, and their counts, are kept."""


UPLOADS_KEPT = timedelta(days=30)
"""Rows of uploads, once their bytes are gone."""
MADE_KEPT = timedelta(days=730)
"""How long it is known which tenant made an object at a provider, such as a voice."""


class Sweeper:
    """Looks for what is due. Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def sweep(self) -> int:
        """Sweep one round; return how many tasks moved. A full batch means that more is due."""
        if not await self._context.store.read(
            lambda db: tasks.is_any_due(db, now=self._context.clock.now())
        ):
            return 0
        return await self._context.store.write(self._sweep, BATCH)

    async def flag_due(self) -> None:
        """Flag what is due before somebody asks for it: it may be that no process works.

        A database that takes no writes keeps nobody from reading.
        """
        try:
            for _ in range(FLAGGED_NOW):
                if await self.sweep() < BATCH:
                    break
        except Unavailable as error:
            log.warning("tasks past their deadline were not flagged: %(reason)s", {"reason": error})

    async def sweep_all(self) -> None:
        """Rounds until nothing is due."""
        while await self.sweep() >= BATCH:
            pass

    async def forget(self) -> None:
        """Drop names that nobody will repeat any more, and old forged callbacks."""
        while await self._context.store.write(self._forget, BATCH) >= BATCH:
            pass

    def _sweep(self, tx: Tx, limits: Sequence[int]) -> list[int]:
        moved = []
        for limit in limits:
            due = tasks.lock_due(tx.db, now=tx.now, limit=limit)
            recorder = Recorder(self._context, tx, due)
            for task in due:
                if task.deadline_at is not None and task.deadline_at <= tx.now:
                    message = "past its deadline; still open"
                    recorder.record(
                        task.key, Event(EventKind.DEADLINE_PASSED, Source.SWEEP, message=message)
                    )
                if (
                    task.state in AT_PROVIDER
                    and task.give_up_at is not None
                    and task.give_up_at <= tx.now
                    and task.blocked_at is None
                ):
                    recorder.record(task.key, _make_given_up(task))
            recorder.flush()
            moved.append(len(due))
        return moved

    def _forget(self, tx: Tx, limits: Sequence[int]) -> list[int]:
        before = tx.now - self._context.policy.keep_idempotency_keys
        dropped = []
        for limit in limits:
            keys = idempotency.forget(tx.db, before=before, limit=limit)
            ids = callback_ids.forget(tx.db, before=before, limit=limit)
            untold = tx.now - self._context.policy.keep_lost_answers
            lost = lost_answers.forget(tx.db, before=untold, limit=limit)
            made = made_objects.forget(tx.db, before=tx.now - MADE_KEPT, limit=limit)
            forged = receipts.forget_forged(tx.db, before=tx.now - FORGED_KEPT, limit=limit)
            files = uploaded_files.forget(tx.db, before=tx.now - UPLOADS_KEPT, limit=limit)
            forgeries.forget(tx.db, before=tx.now - FORGED_KEPT)
            dropped.append(max(keys, ids, lost, made, forged, files))
        return dropped


def _make_given_up(task: Task) -> Event:
    if task.state is not TaskState.UNCERTAIN and task.awaits is not Awaits.ANSWER:
        message = "no verdict came in time; nobody asks any more"
        return Event(EventKind.GIVEN_UP, Source.SWEEP, message=message)
    message = "whether the provider has it, and bills it, could not be found out in time"
    error = TaskError("outcome_unknown", "outcome_unknown", message)
    return Event(EventKind.GIVEN_UP, Source.SWEEP, message=message, error=error)
