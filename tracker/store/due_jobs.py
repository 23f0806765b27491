"""Questions about `jobs` that take nothing: which lanes have work, and what is due since when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import (
    Connection,
    Integer,
    Text,
    bindparam,
    func,
    select,
    text,
)

from tracker.domain.work import JobKind
from tracker.store import delivery_queue
from tracker.store.driver.types import UtcDateTime
from tracker.store.schema import jobs


def list_lanes(db: Connection, kind: JobKind) -> list[str]:
    """Return the lanes that have work of a kind, due or not."""
    return [lane for lane in db.scalars(_ALL_LANES, {"kind": kind.value}) if lane is not None]


_ALL_LANES = text(
    """
    WITH RECURSIVE found (lane) AS (
        SELECT min(lane) FROM jobs WHERE kind = :kind
        UNION ALL
        SELECT (SELECT min(lane) FROM jobs WHERE kind = :kind AND lane > found.lane)
        FROM found WHERE found.lane IS NOT NULL
    )
    SELECT lane FROM found
    """
)
"""One look per lane and not per row."""


@dataclass(frozen=True, slots=True)
class DueIndex:
    """Rows that come due in the order of one index.

    column: when they do.
    where:  which rows these are, as the partial index has it.
    """

    kind: JobKind
    table: str
    column: str
    where: str


QUEUES = (
    *(
        DueIndex(kind, "jobs", column, f"kind = '{kind.value}' AND lease_until {is_held}")
        for kind in (JobKind.SUBMIT, JobKind.RECONCILE)
        for column, is_held in (("run_at", "IS NULL"), ("lease_until", "IS NOT NULL"))
    ),
    DueIndex(JobKind.FETCH, "assets", "next_at", "state = 'wanted'"),
)


@dataclass(frozen=True, slots=True)
class DueRow:
    """Work that can be claimed.

    kinds:  of deliveries and runs it is told that some are owed, due or not: how to find those that
            are due is their own queue's affair.
    firsts: when the first row of a queue came due; without the queues in which none has.
    """

    kinds: frozenset[JobKind]
    firsts: Mapping[DueIndex, datetime]


def count_due(
    db: Connection, *, now: datetime, since: Mapping[DueIndex, datetime] = MappingProxyType({})
) -> DueRow:
    """Return what there is to claim: one statement, which idle processes ask every second.

    since: where to start in a queue; at its beginning where nothing is said. Dead rows before that
           are not walked: they stay in an index as long as some transaction may still see them.
    """
    starts = {f"since_{place}": since.get(one, _LONG_AGO) for place, one in enumerate(QUEUES)}
    rows = db.execute(_DUE, {"now": now, **starts}).all()
    firsts = {QUEUES[place]: first for place, _, first in rows if first is not None}
    kinds = [kind for _, kind, first in rows if kind in _OWED or first is not None]
    return DueRow(frozenset(map(JobKind, kinds)), firsts)


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OWED = {
    JobKind.DELIVER: "(SELECT min(lane) FROM deliveries WHERE state = 'pending') IS NOT NULL",
    JobKind.RUN: "(SELECT min(updated_at) FROM bulk_runs WHERE state = 'running') IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM rereads WHERE state = 'running')",
}
# min() and not EXISTS: that is one look into the partial index, whatever the planner believes.
_FIRSTS = [
    f"""
    SELECT {place} AS place, '{one.kind.value}' AS kind, (
        SELECT min({one.column}) FROM {one.table}
        WHERE {one.where} AND {one.column} >= :since_{place} AND {one.column} <= :now
    ) AS first
    """  # noqa: S608 - made of constants
    for place, one in enumerate(QUEUES)
]
_OTHERS = [f"SELECT -1, '{kind.value}', NULL WHERE {is_owed}" for kind, is_owed in _OWED.items()]
_TIMES = ("now", *(f"since_{place}" for place in range(len(QUEUES))))
_DUE = (
    text(" UNION ALL ".join((*_FIRSTS, *_OTHERS)))
    .bindparams(*(bindparam(name, type_=UtcDateTime) for name in _TIMES))
    .columns(place=Integer, kind=Text, first=UtcDateTime)
)


_MOST_COUNTED = 1000


def count_overdue(db: Connection, *, now: datetime) -> dict[JobKind, tuple[int, datetime | None]]:
    """Return how many jobs of each kind are due and taken by nobody, and since when the oldest is.

    Those whose holder's lease has run out are due since then. Without deliveries and runs, which
    are counted elsewhere. No more than 1,000 of each kind that wait, and 1,000 that were left, are
    counted.
    """
    return {
        kind: _count(db, [one for one in QUEUES if one.kind is kind], now)
        for kind in (JobKind.SUBMIT, JobKind.RECONCILE, JobKind.FETCH)
    }


def find_oldest_due(db: Connection, *, now: datetime) -> dict[JobKind, datetime | None]:
    """Return since when work of each kind is due and taken by nobody; None where none is."""
    ages: dict[JobKind, datetime | None] = {one.kind: None for one in QUEUES}
    for queue, first in count_due(db, now=now).firsts.items():
        ages[queue.kind] = min(first, ages[queue.kind] or first)
    owed = min((lane.due_at for lane in delivery_queue.list_lanes(db)), default=None)
    return ages | {JobKind.DELIVER: owed if owed is not None and owed <= now else None}


def count_left(db: Connection, *, now: datetime) -> tuple[int, datetime | None]:
    """Return how many jobs' leases have run out, and when the first did: nobody took them since.

    No more than 1,000 of each kind are counted.
    """
    return _count(db, [one for one in QUEUES if one.column == "lease_until"], now)


def _count(
    db: Connection, queues: Iterable[DueIndex], now: datetime
) -> tuple[int, datetime | None]:
    """Return how many rows of some queues are due, and since when the oldest is."""
    firsts = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {one.column} AS since FROM {one.table} WHERE {one.where} "  # noqa: S608 - made of constants
        f"AND {one.column} <= :now ORDER BY {one.column} LIMIT {_MOST_COUNTED}) AS queue{place}"
        for place, one in enumerate(queues)
    )
    counted = (
        text(f"SELECT count(*) AS count, min(since) AS oldest FROM ({firsts}) AS firsts")  # noqa: S608 - made of constants
        .bindparams(bindparam("now", type_=UtcDateTime))
        .columns(count=Integer, oldest=UtcDateTime)
    )
    count, oldest = db.execute(counted, {"now": now}).one()
    return count, oldest


def find_next_due(db: Connection, kind: JobKind) -> datetime | None:
    """Return when the next job of a kind can be claimed; None when there is none."""
    waiting = select(func.min(jobs.c.run_at)).where(
        jobs.c.kind == kind.value, jobs.c.lease_until.is_(None)
    )
    leased = select(func.min(jobs.c.lease_until)).where(
        jobs.c.kind == kind.value, jobs.c.lease_until.is_not(None)
    )
    found = [when for when in (db.scalar(waiting), db.scalar(leased)) if when is not None]
    return min(found) if found else None


def count_waiting(db: Connection, kind: JobKind, lane: str) -> tuple[int, datetime | None]:
    """Return how much of a kind stands in one lane, due or not, and since when the oldest does.

    No more than 1,000 are counted.
    """
    first = (
        select(jobs.c.created_at)
        .where(jobs.c.kind == kind.value, jobs.c.lane == lane)
        .order_by(jobs.c.run_at)
        .limit(_MOST_COUNTED)
        .subquery()
    )
    count, oldest = db.execute(select(func.count(), func.min(first.c.created_at))).one()
    return count, oldest


def count(db: Connection, kind: JobKind, lane: str, *, before: datetime) -> int:
    """Return how much of a kind is due in one lane before a time: all of it is counted."""
    found = select(func.count()).where(
        jobs.c.kind == kind.value, jobs.c.lane == lane, jobs.c.run_at < before
    )
    return int(db.scalars(found).one())
