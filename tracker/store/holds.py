"""Statements on `holds`: tasks that retention steps over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from tracker.store.retention import EndedRow
from tracker.store.schema import chore_leases, holds, tasks


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold. task_id: None for all tasks of the tenant."""

    key: int
    tenant: str
    task_id: UUID | None
    reason: str
    created_at: datetime


def add(
    db: Connection, tenant: str, task_id: UUID | None, reason: str, *, now: datetime
) -> int | None:
    """Add a hold and return its number; None where the tenant has no such task."""
    # A batch that began before ends first: behind this, nothing that is held is dropped.
    db.execute(update(chore_leases).values(behind=chore_leases.c.behind))
    if task_id is not None:
        found = select(tasks.c.key).where(tasks.c.id == task_id, tasks.c.tenant == tenant)
        if db.scalar(found) is None:
            return None
    row = {"tenant": tenant, "task_id": task_id, "reason": reason, "created_at": now}
    return int(db.execute(insert(holds).returning(holds.c.key), row).scalar_one())


def remove(db: Connection, key: int) -> bool:
    """Remove a hold; False where there is none of this number."""
    return db.execute(delete(holds).where(holds.c.key == key)).rowcount == 1


def list_all(db: Connection) -> list[Hold]:
    """List every hold, oldest first."""
    table = holds.c
    columns = (table.key, table.tenant, table.task_id, table.reason, table.created_at)
    return [Hold(*row) for row in db.execute(select(*columns).order_by(table.key))]


def held(db: Connection, rows: Sequence[EndedRow]) -> set[int]:
    """Return the keys of those of some tasks that a hold names."""
    standing = list_all(db)
    tenants = {one.tenant for one in standing if one.task_id is None}
    ids = [one.task_id for one in standing if one.task_id is not None]
    named = set(db.scalars(select(tasks.c.key).where(tasks.c.id.in_(ids)))) if ids else set()
    return {row.place.key for row in rows if row.tenant in tenants or row.place.key in named}
