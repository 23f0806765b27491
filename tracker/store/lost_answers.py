"""Statements on `lost_answers`: creates whose answer did not reach the client that made them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, tuple_

from tracker.domain import records
from tracker.store.schema import lost_answers


@records.record
class CreateName:
    """A name for all creates of one tenant that are equal, byte for byte.

    fingerprint: 32 bytes over the provider, the path and the body.
    """

    tenant: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time within which a task may have been made whose client was not told of it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """A task whose client was not told of it."""

    name: CreateName
    task_key: int


def record(db: Connection, lost: Collection[LostAnswer], *, now: datetime) -> None:
    """Keep that these answers did not arrive."""
    if lost:
        db.execute(
            insert(lost_answers),
            [
                {
                    "tenant": one.name.tenant,
                    "fingerprint": one.name.fingerprint,
                    "task_key": one.task_key,
                    "lost_at": now,
                }
                for one in lost
            ],
        )


_ANY = select(lost_answers.c.key).limit(1)


def take(
    db: Connection, wanted: Sequence[CreateName], *, since: datetime
) -> dict[CreateName, list[int]]:
    """Take out, for each create, the tasks that it may repeat: their keys, the oldest first.

    wanted: a name as often as creates of it wait; no more are taken out than that.
    since:  answers lost before are left alone.
    """
    table = lost_answers.c
    if db.execute(_ANY).first() is None:
        return {}  # as nearly always: every create at a front asks this
    pairs = {(one.tenant, one.fingerprint) for one in wanted}
    found = (
        select(table.key, table.tenant, table.fingerprint, table.task_key)
        .where(tuple_(table.tenant, table.fingerprint).in_(pairs), table.lost_at >= since)
        .order_by(table.key)
        .with_for_update(skip_locked=True)  # left out on SQLite
    )
    taken: dict[CreateName, list[int]] = {}
    rows: list[int] = []
    for key, tenant, fingerprint, task_key in db.execute(found):
        name = CreateName(tenant, bytes(fingerprint))
        if len(taken.setdefault(name, [])) < wanted.count(name):
            taken[name].append(task_key)
            rows.append(key)
    if rows:
        db.execute(delete(lost_answers).where(table.key.in_(rows)))
    return taken


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop answers that nobody asks for again any more. Returns how many went."""
    old = select(lost_answers.c.key).where(lost_answers.c.lost_at < before).limit(limit)
    return db.execute(delete(lost_answers).where(lost_answers.c.key.in_(old))).rowcount
