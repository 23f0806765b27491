"""Measure now and then what only the database knows, for the gauges of `/metrics`.

One worker process does it, under a lease. The others have no such values. No look grows with
history: each ends at a bound or reads an index's end.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tracker.clock import make_token
from tracker.domain.errors import Unavailable
from tracker.services.context import Context
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.state_counts import MOST
from tracker.store import (
    chore_leases,
    conditions,
    due_jobs,
    feed,
    server_state,
    sizes,
)
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading
from tracker.telemetry.metrics import (
    CHORE_BEHIND,
    CLOCK_SKEW,
    CONDITIONS,
    DATABASE_BYTES,
    DATABASE_FREE,
    DATABASE_INFO,
    DELIVERIES_PENDING,
    FEED_HEAD,
    INDEXES_MISSING,
    JOBS_DUE,
    OLDEST_DUE,
    OLDEST_SNAPSHOT,
    OPEN_TASKS,
    REPLICA_LAG,
    SAMPLED,
    Gauge,
    Labels,
)

FROM_DATABASE = (
    *(OPEN_TASKS, JOBS_DUE, OLDEST_DUE, DELIVERIES_PENDING, FEED_HEAD, CHORE_BEHIND, CONDITIONS),
    *(DATABASE_BYTES, DATABASE_FREE, DATABASE_INFO, INDEXES_MISSING, OLDEST_SNAPSHOT),
    *(REPLICA_LAG, CLOCK_SKEW, SAMPLED),
)
"""Gauges that one process has for all."""
SAMPLE_S = 15.0
"""Pause between two looks."""
LEASE = timedelta(seconds=40)
"""Another process follows one that died within it, before the alarm that nobody measures."""
NAME = "gauges"
NOTHING: Mapping[Labels, float] = {}


@dataclass(slots=True)
class GaugeSampler:
    """Fills the gauges, or empties them where another process fills its own.

    token:   of this process, for the lease.
    is_mine: whether it had the lease when it last could be asked for.
    """

    context: Context
    presence: ProcessPresence
    token: str = field(default_factory=make_token)
    is_mine: bool = False

    async def sample(self) -> None:
        """Look once. Raises Unavailable."""
        try:
            self.is_mine = await self.context.store.write(_take, self.token)
        except Unavailable:
            if not self.is_mine:
                raise
            # What takes no writes may be read, and its free disk is what somebody wants to know.
        found = await self.context.store.read(self._measure) if self.is_mine else {}
        for gauge in FROM_DATABASE:
            gauge.replace(found.get(gauge.metric.name, NOTHING))

    def _measure(self, db: Reading) -> Mapping[str, Mapping[Labels, float]]:
        alive = self.presence.list_alive(db)
        now = self.context.clock.now()
        there = sizes.open_tasks(db, most=MOST)
        due = due_jobs.count_overdue(db, now=now)
        standing = Counter(one.name for one in conditions.list_told(db))
        ages: dict[Labels, float] = {
            (kind.value,): 0.0 if oldest is None else (now - oldest).total_seconds()
            for kind, oldest in due_jobs.find_oldest_due(db, now=now).items()
        }
        measured: Sequence[tuple[Gauge, Mapping[Labels, float]]] = (
            (OPEN_TASKS, {(state.value,): float(count) for state, count in there.items()}),
            (JOBS_DUE, {(kind.value,): float(count) for kind, (count, _) in due.items()}),
            (OLDEST_DUE, ages),
            (DELIVERIES_PENDING, {(): float(sizes.count_pending_deliveries(db, most=MOST))}),
            (FEED_HEAD, {(): float(feed.find_head(db))}),
            (CHORE_BEHIND, {(name,): float(left) for name, left in sizes.count_behind(db).items()}),
            (CONDITIONS, {(name,): float(count) for name, count in standing.items()}),
            (CLOCK_SKEW, {(): max((abs(one.ahead_ms) for one in alive), default=0) / 1000}),
            *_sample_server(db),
            (SAMPLED, {(): now.timestamp()}),
        )
        return {gauge.metric.name: values for gauge, values in measured}


def _take(tx: Tx, tokens: Sequence[str]) -> list[bool]:
    now = tx.lease_now
    return [chore_leases.take(tx.db, NAME, token, now=now, until=now + LEASE) for token in tokens]


def _sample_server(db: Reading) -> Sequence[tuple[Gauge, Mapping[Labels, float]]]:
    """Return what concerns the database as such; without what this kind of it does not have."""
    snapshot = server_state.find_oldest_snapshot(db)
    standbys = server_state.list_standbys(db)
    sizes_ = server_state.measure_tables(db)
    free = server_state.free_bytes(db)
    return (
        (DATABASE_BYTES, {(name,): float(size) for name, size in sizes_.items()}),
        (DATABASE_FREE, {} if free is None else {(): float(free)}),
        (DATABASE_INFO, {server_state.find_engine_version(db): 1.0}),
        (INDEXES_MISSING, {(): float(len(server_state.list_missing_indexes(db)))}),
        (OLDEST_SNAPSHOT, {} if snapshot is None else {(): snapshot.age_s}),
        (REPLICA_LAG, {(): max(one.lag_s for one in standbys)} if standbys else {}),
    )
