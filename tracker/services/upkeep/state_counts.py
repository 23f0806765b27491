"""How many tasks stand in each open state: counted beside requests, for everybody who looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tracker.clock import Clock
from tracker.domain.task import OPEN, TERMINAL, TaskState
from tracker.services.latest_looks import LatestLooks
from tracker.services.upkeep.counting import look
from tracker.store.store import Reading, Store

MOST = 10_000
"""Of one open state; beyond it is not counted."""
LATELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StateCounts:
    """The tasks of a tenant at one moment.

    open:   by state, up to MOST + 1.
    lately: those that ended within a day, by state; the hour in which the day began counts whole.
    """

    at: datetime
    open: Mapping[TaskState, int]
    lately: Mapping[TaskState, int]


class StateCounting:
    """Counts per tenant, a few seconds old where they are looked at. One per process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is counted until somebody looks."""
        self._store, self._clock = store, clock
        self._looks = LatestLooks[str, StateCounts]()

    async def look(self, tenant: str, *, patience_s: float) -> StateCounts | None:
        """Return the counts of a tenant; None where they are not there in time for the first look.

        Counts that are no longer fresh are returned where new ones take longer than that.
        """
        return await self._looks.look(tenant, lambda: self._count(tenant), patience_s=patience_s)

    async def _count(self, tenant: str) -> StateCounts:
        now = self._clock.now()
        return await self._store.read(partial(_count, tenant=tenant, now=now))


def _count(db: Reading, tenant: str, now: datetime) -> StateCounts:
    since = (now - LATELY).replace(minute=0, second=0, microsecond=0)
    tallies = look(db, tenant, since=since, most_open=MOST + 1)
    lately = dict.fromkeys(TERMINAL, 0)
    for one in tallies.lately.values():
        ended = one.get_counts("ended")
        for state in TERMINAL:
            lately[state] += ended.get(state.value, 0)
    return StateCounts(now, {state: tallies.open.get(state, 0) for state in OPEN}, lately)
