"""Ask a person before retention drops much at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tracker.domain.retention import RetentionWalk
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.services.upkeep.retention_lease import LATEST
from tracker.store import retention, retention_plans
from tracker.store.conditions import RETENTION_WAITS
from tracker.store.retention import LONG_AGO
from tracker.store.store import Reading

FREE = 1000
"""Tasks of one walk that are never asked about."""
ASKED_PART = 5
"""A person is asked before a walk comes by more than this part of all tasks."""
VALID = timedelta(minutes=5)
"""For how long it holds that no walk has much to do. All tasks are counted for it."""


class RetentionAsking:
    """Of one process: up to which end of tasks each walk may drop without a person's word."""

    def __init__(self, context: Context, walks: Sequence[RetentionWalk], *, free: int) -> None:
        """free: see FREE."""
        self._context = context
        self._walks = tuple(walks)
        self._free = free
        self._until: dict[str, datetime] = {}
        self._asked_at: datetime | None = None
        self._asked_at_s = 0.0

    async def ask(self) -> None:
        """Find out what may be dropped, and say for what a person is asked."""
        clock = self._context.clock
        is_valid = self._asked_at is not None and not self._until
        if is_valid and clock.monotonic() < self._asked_at_s + VALID.total_seconds():
            return
        self._asked_at, self._asked_at_s = clock.now(), clock.monotonic()
        self._until = await self._context.store.read(self._find_limits)
        waiting = sorted(name for name, until in self._until.items() if until == LONG_AGO)
        reason = describe_wait(waiting) if waiting else None
        await self._context.store.write(report, ConditionReport(RETENTION_WAITS, "", "", reason))

    def compute_due_before(self, walk: RetentionWalk) -> datetime:
        """Return which end of tasks is old enough for a walk, whatever a person says."""
        return _compute_due_before(walk, self._context.clock.now())

    def find_limit(self, walk: RetentionWalk) -> datetime:
        """Return which end of tasks a walk may drop up to.

        No further than was asked about: a clock that leaps makes no more of it due.
        """
        due_before = self.compute_due_before(walk)
        if self._asked_at is not None:
            due_before = min(due_before, _compute_due_before(walk, self._asked_at + 2 * VALID))
        return min(due_before, self._until.get(walk.name, due_before))

    def _find_limits(self, db: Reading) -> dict[str, datetime]:
        """Return, of each walk that has much to do, up to which end of tasks it may drop.

        Much of few tasks is no plan that anybody would look at: up to FREE go unasked.
        """
        approved = retention_plans.read_approved(db)
        found: dict[str, datetime] = {}
        for walk, place in retention.find_places(db, self._walks).items():
            before = self.compute_due_before(walk)
            if retention.count(db, place, before=before, most=self._free + 1) <= self._free:
                continue
            most = retention_plans.count_all(db) // ASKED_PART
            if retention.count(db, place, before=before, most=most + 1) > most:
                until = approved.get(walk.name, LONG_AGO)
                is_some = retention.count(db, place, before=until, most=1)
                found[walk.name] = until if is_some else LONG_AGO
        return found


def describe_wait(names: Sequence[str]) -> str:
    """Return what to say of walks that wait for a person."""
    return (
        f"more than a fifth of all tasks would lose something at once ({', '.join(names)}): see "
        "`tracker retention plan`, then `tracker retention approve`, or keep things longer"
    )


def _compute_due_before(walk: RetentionWalk, now: datetime) -> datetime:
    return now - LATEST - walk.keep
