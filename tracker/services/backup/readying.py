"""Make a database that holds a backup ready to be served: nothing is sent twice from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.events import Event, EventKind, Source
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import attempts, held_slots, jobs, restoring, tasks
from tracker.store.driver.transaction import Tx

BATCH = 500
"""Tasks that are loaded at once."""
REASON = (
    "the database was restored from a backup: what was written after it is brought back by "
    "callbacks and by the lists of providers, and submits wait. See `tracker recover`; "
    "`tracker recover --done` ends it"
)


@dataclass(frozen=True, slots=True)
class RestoreReadiness:
    """Result. uncertain: tasks that may have been sent since the backup, and are looked for."""

    uncertain: int


async def make_ready(context: Context, taken_at: datetime) -> RestoreReadiness:
    """Make a database ready that `restoring.begin` has begun with, in one transaction.

    taken_at: of the backup; what was committed before is in it.
    Leaves the feed's numbers out that others may have given out since, frees leases, has open tasks
    asked about at once, ends open attempts as lost. A task that had not left us may have been sent
    after the backup: like those whose attempt was open it becomes `uncertain`, and is looked for.
    Raises Unavailable.
    """
    return await context.store.write(_Readying(context).apply, taken_at)


@dataclass(frozen=True, slots=True)
class _Readying:
    context: Context

    def apply(self, tx: Tx, orders: Sequence[datetime]) -> list[RestoreReadiness]:
        return [self._apply_one(tx, taken_at) for taken_at in orders]

    def _apply_one(self, tx: Tx, taken_at: datetime) -> RestoreReadiness:
        lost_s = max((tx.now - taken_at).total_seconds(), 0.0)
        restoring.skip_numbers(tx.db, round(lost_s * restoring.NUMBERS_A_SECOND))
        restoring.release_all(tx.db, now=tx.now)
        doubtful = restoring.list_maybe_sent(tx.db)
        keys = list(doubtful)
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            going = [attempt for key in some if (attempt := doubtful[key]) is not None]
            attempts.end_lost(tx.db, going, now=tx.now)
            recorder = Recorder(self.context, tx, tasks.lock_by_key(tx.db, some).values())
            for key in some:
                recorder.record(key, _make_maybe_sent(taken_at, doubtful[key]))
            held_slots.hold(tx.db, some)
            jobs.drop(tx.db, some, [JobKind.SUBMIT])
            recorder.flush()
        restoring.finish(tx.db, REASON, now=tx.now)
        return RestoreReadiness(len(doubtful))


def _make_maybe_sent(taken_at: datetime, attempt: int | None) -> Event:
    at = taken_at.isoformat(timespec="seconds")
    message = f"restored from a backup of {at}: it may have been sent after that"
    return Event(EventKind.SUBMIT_UNKNOWN, Source.OPERATOR, message=message, attempt=attempt)
