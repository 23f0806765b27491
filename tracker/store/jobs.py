"""Statements on `jobs`: leased rows of background work."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)

from tracker.domain.records import record
from tracker.domain.work import JobKind
from tracker.store.driver import bulk, encoding
from tracker.store.driver.types import UtcDateTime
from tracker.store.schema import jobs, tasks

WAITING = "waiting for a free slot"
"""The `last_error` of a submit that our own cap holds back."""
MAY_BE_IT = "in the provider's list these may be it"
"""The beginning of the `last_error` of a look that leaves the choice to a person."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work that somebody holds for a time.

    lane:     who might starve whom: provider and account.
    attempts: tries that were spent before this one.
    token:    proves that the holder still holds it.
    was_left: whether an earlier holder's lease ran out.
    """

    key: int
    kind: JobKind
    task_key: int
    lane: str
    run_at: datetime
    attempts: int
    token: str
    was_left: bool = False


@record
class NewJob:
    """A job to enqueue. Its dedup key is made of kind and task."""

    tenant: str
    kind: JobKind
    task_key: int
    lane: str
    run_at: datetime

    @property
    def dedup_key(self) -> str:
        """See `build_dedup_key`."""
        return build_dedup_key(self.kind, self.task_key)


def build_dedup_key(kind: JobKind, task_key: int) -> str:
    """Return the key by which a task has one job of a kind."""
    return f"{kind._value_}:{task_key}"


def enqueue(db: Connection, new: Sequence[NewJob], *, now: datetime) -> None:
    """Enqueue. One that is there already is kept; its time moves only to be earlier.

    What is wanted at once while somebody holds the job is noted in its time: see `reschedule`.
    """
    _ENQUEUE.execute_later(
        db,
        [
            (
                job.tenant,
                job.kind._value_,
                job.task_key,
                job.dedup_key,
                job.lane,
                job.run_at,
                0,
                now,
            )
            for job in new
        ],
    )


_ENQUEUE = bulk.insert(
    jobs,
    (
        *("tenant", "kind", "task_key", "dedup_key", "lane", "run_at"),
        *("attempts", "created_at"),
    ),
    conflict=(
        "ON CONFLICT (dedup_key) DO UPDATE SET run_at = excluded.run_at"
        " WHERE CASE WHEN jobs.lease_until IS NULL THEN excluded.run_at < jobs.run_at"
        " ELSE excluded.run_at <= excluded.created_at END"
    ),
)
_DROP = bulk.Bulk(
    jobs,
    ("dedup_key",),
    sqlite="DELETE FROM jobs WHERE dedup_key = ?1",
    postgresql="DELETE FROM jobs USING {rows} WHERE jobs.dedup_key = n.dedup_key",
    key="dedup_key",
)
_FINISH = bulk.Bulk(
    jobs,
    ("key", "lease_token"),
    sqlite="DELETE FROM jobs WHERE key = ?1 AND lease_token = ?2",
    postgresql=(
        "DELETE FROM jobs USING {rows} WHERE jobs.key = n.key AND jobs.lease_token = n.lease_token"
    ),
    key="key",
)
_PROLONG = bulk.update(jobs, ("lease_until",))
_LEASES = "SELECT key, lease_token FROM jobs WHERE key"


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """How much of an account's concurrency is free.

    free: slots that nobody takes now.
    cap:  slots that there are. A task that wants more than all of them goes alone.
    """

    free: int
    cap: int

    def has_room(self, slots: int) -> bool:
        """Return true if a task of so many slots fits now."""
        return min(slots, self.cap) <= self.free

    def subtract_slots(self, slots: int) -> "FreeSlots":
        """Return the room left once a task of so many slots has gone."""
        return FreeSlots(self.free - slots, self.cap)


def claim(  # noqa: PLR0913 - each narrows the claim
    db: Connection,
    kind: JobKind,
    *,
    token: str,
    now: datetime,
    until: datetime,
    limit: int,
    per_lane: int,
    busy: Mapping[str, int] = MappingProxyType({}),
    rooms: Mapping[str, FreeSlots] = MappingProxyType({}),
) -> list[Job]:
    """Take up to `limit` due jobs, the oldest of each lane first.

    A row is due when its time has come and nobody's lease on it still runs. Two claimants never
    get the same row: PostgreSQL skips rows that another claim has locked, SQLite has one writer.
    However long a lane's backlog is, only the rows that are taken are read.

    per_lane: the most that this claimant may hold of one lane.
    busy:     what it holds already. No lane holds more than is then left for the others, so that
              lanes whose other side has died never take all of a process.
    rooms:    of lanes whose tasks take slots. The first that does not fit holds up those behind
              it, or a large one would wait for ever.
    """
    ripe: dict[int, bool] = {}
    for lane in _list_due_lanes(db, kind, now):
        left, held = limit - len(ripe), busy.get(lane, 0)
        share = min(per_lane - held, -((held - left) // 2))
        if share > 0:
            ripe |= _lock_due(db, kind, lane, now=now, limit=share, room=rooms.get(lane))
    if not ripe:
        return []
    taken = (
        update(jobs)
        .where(jobs.c.key.in_(list(ripe)))
        .values(lease_token=token, lease_until=until)
        .returning(*jobs.c)
    )
    rows = [_parse_job(row, was_left=ripe[row.key]) for row in db.execute(taken)]
    return sorted(rows, key=lambda job: (job.run_at, job.key))


def _lock_due(  # noqa: PLR0913 - what is due, of what, and how much of it
    db: Connection, kind: JobKind, lane: str, *, now: datetime, limit: int, room: FreeSlots | None
) -> dict[int, bool]:
    """Lock due jobs of one lane, oldest first; return their keys, and whether a lease ran out."""
    found = (
        select(jobs.c.key, jobs.c.lease_until.is_not(None))
        .where(jobs.c.kind == kind.value, jobs.c.lane == lane, jobs.c.run_at <= now)
        .where(or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now))
        .order_by(jobs.c.run_at, jobs.c.key)
        .limit(limit)
        .with_for_update(skip_locked=True, of=jobs)  # left out on SQLite
    )
    if room is None:
        return dict(db.execute(found).all())
    if room.free <= 0:
        return {}
    fitting: dict[int, bool] = {}
    sized = found.add_columns(tasks.c.slots).join(tasks, tasks.c.key == jobs.c.task_key)
    for key, was_left, slots in db.execute(sized):
        if not room.has_room(slots):
            break
        fitting[key] = was_left
        room = room.subtract_slots(slots)
    return fitting


def _list_due_lanes(db: Connection, kind: JobKind, now: datetime) -> list[str]:
    """Return lanes with something due, the one that has waited longest first."""
    found = db.execute(_LANES, {"kind": kind.value, "now": now})
    return [lane for _, lane in sorted((due, lane) for lane, due in found)]


_IS_FREE = "(lease_until IS NULL OR lease_until <= :now)"
_LANES = text(
    f"""
    WITH RECURSIVE found (lane) AS (
        SELECT min(lane) FROM jobs WHERE kind = :kind
        UNION ALL
        SELECT (SELECT min(lane) FROM jobs WHERE kind = :kind AND lane > found.lane)
        FROM found WHERE found.lane IS NOT NULL
    ), first (lane, due) AS (
        SELECT lane, (
            SELECT run_at FROM jobs
            WHERE kind = :kind AND jobs.lane = found.lane AND run_at <= :now AND {_IS_FREE}
            ORDER BY run_at LIMIT 1
        )
        FROM found WHERE lane IS NOT NULL
    )
    SELECT lane, due FROM first WHERE due IS NOT NULL
    """  # noqa: S608 - made of constants
).bindparams(bindparam("now", type_=UtcDateTime))
"""The lanes of a kind that have something due, and since when: by leaps through the index, one
look per lane and not per row."""


def renew(db: Connection, held: Sequence[Job], *, until: datetime) -> set[Job]:
    """Hold these jobs for longer. Returns those that are still held."""
    still = lock_held(db, held)
    extend_lease(db, still, until=until)
    return still


def extend_lease(db: Connection, locked: Collection[Job], *, until: datetime) -> None:
    """Hold for longer what `lock_held` has returned in this transaction."""
    _PROLONG.execute_later(db, [(until, job.key) for job in locked])


def lock_held(db: Connection, claimed: Sequence[Job]) -> set[Job]:
    """Return those jobs on which their holders may still commit work. Locks the rows.

    By key and token: a process may have claimed a row twice, and holds it once.
    """
    keys, lock = [job.key for job in claimed], " ORDER BY key FOR UPDATE"
    leases = dict(bulk.find(db, _LEASES, keys, encoding.integers, tail=lock))
    return {job for job in claimed if leases.get(job.key) == job.token}


def _is_held(claimed: Sequence[Job]) -> ColumnElement[bool]:
    return tuple_(jobs.c.key, jobs.c.lease_token).in_([(job.key, job.token) for job in claimed])


def finish(db: Connection, done: Sequence[Job]) -> None:
    """Delete the rows of work that is done, where the lease was not lost."""
    _FINISH.execute_later(db, [(job.key, job.token) for job in done])


def reschedule(
    db: Connection, job: Job, *, run_at: datetime, spent: bool, error: str | None = None
) -> bool:
    """Give the job back to run later, or at once where that was asked for while it was held.

    Returns False when the lease was lost. spent: whether this try counts.
    """
    at = bindparam("at", type_=UtcDateTime)
    was_asked_for = and_(jobs.c.run_at != bindparam("was", type_=UtcDateTime), jobs.c.run_at < at)
    statement = _build_fenced_update().values(
        lease_token=None,
        lease_until=None,
        run_at=case((was_asked_for, jobs.c.run_at), else_=at),
        attempts=bindparam("n"),
        last_error=bindparam("e"),
    )
    values = {
        "k": job.key,
        "t": job.token,
        "at": run_at,
        "was": job.run_at,
        "n": job.attempts + (1 if spent else 0),
        "e": error,
    }
    return db.execute(statement, values).rowcount == 1


def release(db: Connection, held: Sequence[Job], *, now: datetime) -> None:
    """Hand leases back at once without spending an attempt.

    A job that came due before all that waits now comes due with the first of it, or now: other
    processes do not look for work where they have found none before (`services.lookout`).
    """
    others = jobs.alias()
    first = select(func.min(others.c.run_at)).where(
        others.c.kind == jobs.c.kind, others.c.lease_until.is_(None), others.c.run_at <= now
    )
    in_sight = func.coalesce(first.scalar_subquery(), literal(now, UtcDateTime))
    run_at = case((jobs.c.run_at < in_sight, in_sight), else_=jobs.c.run_at)
    freed = update(jobs).where(_is_held(held))
    db.execute(freed.values(lease_token=None, lease_until=None, run_at=run_at))


def drop(db: Connection, task_keys: Collection[int], kinds: Collection[JobKind]) -> None:
    """Drop the jobs of these kinds of these tasks, whoever holds them."""
    _DROP.execute_later(db, [(build_dedup_key(kind, key),) for key in task_keys for kind in kinds])


def _build_fenced_update() -> Any:
    return update(jobs).where(jobs.c.key == bindparam("k"), jobs.c.lease_token == bindparam("t"))


def _parse_job(row: Row[Any], *, was_left: bool) -> Job:
    return Job(
        key=row.key,
        kind=JobKind(row.kind),
        task_key=row.task_key,
        lane=row.lane,
        run_at=row.run_at,
        attempts=row.attempts,
        token=row.lease_token,
        was_left=was_left,
    )
