"""How many tasks stand in each open state: counted beside requests, for everybody who looks."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.task import OPEN, TERMINAL, TaskState
from tracker.services.upkeep.counting import look
from tracker.store.store import Reading, Store

log = logging.getLogger(__name__)

MOST = 10_000
"""Of one open state; beyond it is not counted."""
FRESH = timedelta(seconds=5)
LATELY = timedelta(hours=24)
_TENANTS = 1000
"""Whose counts are kept at hand."""


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
    """Counts per tenant, no older than FRESH where they are looked at. One per process."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Nothing is counted until somebody looks."""
        self._store, self._clock = store, clock
        self._known: dict[str, StateCounts] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}

    async def look(self, tenant: str, *, patience_s: float) -> StateCounts | None:
        """Return the counts of a tenant; None where they are not there in time for the first look.

        Counts that are no longer fresh are returned where new ones take longer than that.
        """
        known = self._known.get(tenant)
        if known is not None and self._clock.now() - known.at < FRESH:
            return known
        counting = self._counting.get(tenant)
        if counting is None:
            counting = asyncio.create_task(self._count(tenant))
            self._counting[tenant] = counting
            counting.add_done_callback(lambda _: self._counting.pop(tenant, None))
        await asyncio.wait([counting], timeout=patience_s)
        return self._known.get(tenant)

    async def _count(self, tenant: str) -> None:
        now = self._clock.now()
        try:
            found = await self._store.read(partial(_count, tenant=tenant, now=now))
        except Unavailable as error:
            log.warning("tasks are not counted: %s", error)
            return
        if len(self._known) >= _TENANTS:
            self._known.clear()
        self._known[tenant] = found


def _count(db: Reading, tenant: str, now: datetime) -> StateCounts:
    since = (now - LATELY).replace(minute=0, second=0, microsecond=0)
    tallies = look(db, tenant, since=since, most_open=MOST + 1)
    lately = dict.fromkeys(TERMINAL, 0)
    for one in tallies.lately.values():
        ended = one.labelled("ended")
        for state in TERMINAL:
            lately[state] += ended.get(state.value, 0)
    return StateCounts(now, {state: tallies.open.get(state, 0) for state in OPEN}, lately)
