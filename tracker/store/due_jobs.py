"""Questions about `jobs` that take nothing: which lanes have work, and what is due since when."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, text

from tracker.domain.work import JobKind
from tracker.store import asset_queue, delivery_queue
from tracker.store.driver.types import UtcDateTime
from tracker.store.schema import jobs


def lanes(db: Connection, kind: JobKind) -> list[str]:
    """The lanes that have work of a kind, due or not."""
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


def due_kinds(db: Connection, *, now: datetime) -> set[JobKind]:
    """Kinds with something to claim: one statement, which idle processes ask every second.

    Of deliveries it is told that some are owed, due or not: how to find those that are due is
    their own queue's affair.
    """
    return {JobKind(kind) for kind in db.scalars(_DUE_KINDS, {"now": now})}


# min() and not EXISTS: that is one look into the partial index, whatever the planner believes.
_DUE_KINDS = text(
    f"""
    SELECT '{JobKind.DELIVER.value}'
    WHERE (SELECT min(lane) FROM deliveries WHERE state = 'pending') IS NOT NULL
    UNION ALL
    SELECT '{JobKind.FETCH.value}'
    WHERE (SELECT min(next_at) FROM assets WHERE state = 'wanted') <= :now
    UNION ALL
    SELECT '{JobKind.RUN.value}'
    WHERE (SELECT min(updated_at) FROM bulk_runs WHERE state = 'running') IS NOT NULL
        OR EXISTS (SELECT 1 FROM rereads WHERE state = 'running')
    UNION ALL
    """  # noqa: S608 - made of constants
    + " UNION ALL ".join(
        f"""
        SELECT '{kind.value}' WHERE EXISTS (
            SELECT 1 FROM jobs
            WHERE kind = '{kind.value}' AND lease_until IS NULL AND run_at <= :now
        ) OR EXISTS (
            SELECT 1 FROM jobs
            WHERE kind = '{kind.value}' AND lease_until IS NOT NULL AND lease_until <= :now
        )
        """  # noqa: S608 - made of constants
        for kind in (JobKind.SUBMIT, JobKind.RECONCILE)
    )
).bindparams(bindparam("now", type_=UtcDateTime))


_MOST_COUNTED = 1000


def overdue(db: Connection, *, now: datetime) -> dict[JobKind, tuple[int, datetime | None]]:
    """Return how many jobs of each kind are due and taken by nobody, and since when the oldest is.

    Those whose holder's lease has run out are due since then. Kinds that have rows here. No more
    than 1,000 of each kind that wait, and 1,000 that were left, are counted.
    """
    counted: dict[JobKind, tuple[int, datetime | None]] = {}
    for kind in (JobKind.SUBMIT, JobKind.RECONCILE):
        waits = _bounded(db, kind, jobs.c.run_at, jobs.c.lease_until.is_(None), now)
        left = _bounded(db, kind, jobs.c.lease_until, jobs.c.lease_until.is_not(None), now)
        ages = [oldest for _, oldest in (waits, left) if oldest is not None]
        counted[kind] = (waits[0] + left[0], min(ages, default=None))
    return counted


def oldest_due(db: Connection, *, now: datetime) -> dict[JobKind, datetime | None]:
    """Return since when work of each kind is due and taken by nobody; None where none is."""
    ages = {kind: oldest for kind, (_, oldest) in overdue(db, now=now).items()}
    owed = min((lane.due_at for lane in delivery_queue.lanes(db)), default=None)
    wanted = asset_queue.next_due(db)
    due = {JobKind.DELIVER: owed, JobKind.FETCH: wanted}
    return ages | {kind: at if at is not None and at <= now else None for kind, at in due.items()}


def left(db: Connection, *, now: datetime) -> tuple[int, datetime | None]:
    """Return how many jobs' leases have run out, and when the first did: nobody took them since.

    No more than 1,000 of each kind are counted.
    """
    is_left = jobs.c.lease_until.is_not(None)
    found = [
        _bounded(db, kind, jobs.c.lease_until, is_left, now)
        for kind in (JobKind.SUBMIT, JobKind.RECONCILE)
    ]
    ages = [oldest for _, oldest in found if oldest is not None]
    return sum(count for count, _ in found), min(ages, default=None)


def _bounded(
    db: Connection,
    kind: JobKind,
    since: ColumnElement[datetime],
    which: ColumnElement[bool],
    now: datetime,
) -> tuple[int, datetime | None]:
    """Return how many jobs there are whose time has come by a column, and the first time."""
    first = (
        select(since.label("since"))
        .where(jobs.c.kind == kind.value, since <= now, which)
        .order_by(since)
        .limit(_MOST_COUNTED)
        .subquery()
    )
    count, oldest = db.execute(select(func.count(), func.min(first.c.since))).one()
    return count, oldest


def next_due(db: Connection, kind: JobKind) -> datetime | None:
    """When the next job of a kind can be claimed; None when there is none."""
    waiting = select(func.min(jobs.c.run_at)).where(
        jobs.c.kind == kind.value, jobs.c.lease_until.is_(None)
    )
    leased = select(func.min(jobs.c.lease_until)).where(
        jobs.c.kind == kind.value, jobs.c.lease_until.is_not(None)
    )
    found = [when for when in (db.scalar(waiting), db.scalar(leased)) if when is not None]
    return min(found) if found else None


def waiting(db: Connection, kind: JobKind, lane: str) -> tuple[int, datetime | None]:
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
