"""Look for work that has come due without a commit of this process, every second.

A look starts where the last one found something, or a little before the last one's time. Rows that
are gone stay in the indexes as long as an open snapshot may see them, and walking 200,000 of them
takes longer than all else that an idle process does.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.store import due_jobs
from tracker.store.due_jobs import QUEUES, DueIndex, DueRow

LATE = timedelta(seconds=15)
"""A row is there so long after the time that it carries, at most: its transaction has to commit."""
BEGINNING_S = 60.0
"""Pause between two looks from the beginning, for rows that were due before and handed back."""


class Lookout:
    """One per process; it remembers where its last look found something."""

    def __init__(self, context: Context) -> None:
        """Nothing was looked for yet: the first look starts at the beginning."""
        self._context = context
        self._began_s: float | None = None
        self._looked_at: datetime | None = None
        self._last = DueRow(frozenset(), {})

    async def find_due_kinds(self) -> frozenset[JobKind]:
        """Return the kinds of which there is something to claim now. Raises Unavailable."""
        clock = self._context.clock
        now, now_s = clock.now(), clock.monotonic()
        since = self._choose_starts(now, now_s)
        self._last = await self._context.store.read(
            lambda db: due_jobs.count_due(db, now=now, since=since)
        )
        self._looked_at = now
        if not since:
            self._began_s = now_s
        return self._last.kinds

    def _choose_starts(self, now: datetime, now_s: float) -> Mapping[DueIndex, datetime]:
        """Return where to start in each queue; nothing for the beginning."""
        if self._looked_at is None or self._began_s is None:
            return {}
        if now_s - self._began_s >= BEGINNING_S:
            return {}
        before = min(self._looked_at, now) - LATE  # a clock may have been set back
        return {queue: min(self._last.firsts.get(queue, before), before) for queue in QUEUES}
