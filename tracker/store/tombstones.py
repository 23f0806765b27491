"""Statements on `gone_tasks`: what is still known of tasks that were dropped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from tracker.domain.errors import NO_SUCH_TASK, NotFound, TaskGone
from tracker.domain.records import record
from tracker.domain.task import TaskState
from tracker.store.driver import bulk
from tracker.store.schema import gone_tasks
from tracker.store.tolerant import read_member

_COLUMNS = (
    *("id", "tenant", "provider", "account", "external_digest", "state", "created_at"),
    *("finished_at", "gone_at", "late_callbacks"),
)
_INSERT = bulk.insert(gone_tasks, _COLUMNS)


@record
class Tombstone:
    """A task that was dropped.

    external_id: None where the provider never had it, so that its name may be used again.
    """

    id: UUID
    tenant: str
    provider: str
    account: str
    external_id: str | None
    state: TaskState
    created_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class TaskName:
    """The name that a task has at an account of a provider."""

    provider: str
    account: str
    external_id: str

    @property
    def digest(self) -> bytes:
        """Return the 16 bytes that stand for it."""
        parts = (self.provider, self.account, self.external_id)
        return sha256("\n".join(parts).encode("utf-8", "replace")).digest()[:16]


def insert_many(db: Connection, new: Sequence[Tombstone], *, now: datetime) -> None:
    """Keep what is left of tasks."""
    _INSERT.execute_later(db, [_make_row(one, now) for one in new])


def _make_row(one: Tombstone, now: datetime) -> tuple[Any, ...]:
    digest = None
    if one.external_id is not None:
        digest = TaskName(one.provider, one.account, one.external_id).digest
    return (
        *(one.id, one.tenant, one.provider, one.account, digest, one.state.value),
        *(one.created_at, one.finished_at, now, 0),
    )


def find_named(db: Connection, names: Collection[TaskName]) -> dict[TaskName, UUID]:
    """Return which of some names a dropped task had, with its id."""
    if not names:
        return {}
    by_digest = {name.digest: name for name in names}
    table = gone_tasks.c
    found = select(table.external_digest, table.id).where(table.external_digest.in_(by_digest))
    return {by_digest[bytes(digest)]: id_ for digest, id_ in db.execute(found)}


def find_known(db: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some ids were tasks' that were dropped."""
    if not ids:
        return set()
    return set(db.scalars(select(gone_tasks.c.id).where(gone_tasks.c.id.in_(ids))))


def count_callback(db: Connection, id_: UUID | None) -> None:
    """Count a callback that came too late."""
    counted = gone_tasks.c.late_callbacks + 1
    db.execute(update(gone_tasks).where(gone_tasks.c.id == id_).values(late_callbacks=counted))


def explain_missing(db: Connection, tenant: str, id_: UUID) -> NotFound | TaskGone:
    """Return what to say of a tenant's task that is not there."""
    table = gone_tasks.c
    found = select(table.state, table.finished_at).where(table.id == id_, table.tenant == tenant)
    row = db.execute(found).one_or_none()
    if row is None:
        return NotFound(NO_SUCH_TASK)
    return TaskGone(read_member(TaskState, row.state), row.finished_at)


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop the oldest tombstones; returns how many."""
    old = (
        select(gone_tasks.c.id)
        .where(gone_tasks.c.gone_at < before)
        .order_by(gone_tasks.c.gone_at)
        .limit(limit)
    )
    return db.execute(delete(gone_tasks).where(gone_tasks.c.id.in_(old))).rowcount
