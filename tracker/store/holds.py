"""Statements on `holds`: tasks and files that retention steps over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update

from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.retention import EndedRow
from tracker.store.schema import chore_leases, holds, tasks

_COLUMNS = (holds.c.key, holds.c.tenant, holds.c.task_id, holds.c.reason, holds.c.created_at)
_ALL = select(*_COLUMNS).order_by(holds.c.key)
_WHOLE = "SELECT tenant FROM holds WHERE task_id IS NULL AND tenant"
_NAMED = (
    "SELECT key FROM tasks WHERE EXISTS (SELECT 1 FROM holds"
    " WHERE holds.tenant = tasks.tenant AND holds.task_id = tasks.id) AND key"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold. task_id: None for all tasks of the tenant."""

    key: int
    tenant: str
    task_id: UUID | None
    reason: str
    created_at: datetime

    @property
    def id(self) -> str:
        """Return its number, as it is shown."""
        return str(self.key)


def lock(db: Connection) -> None:
    """Let no hold be added before the commit, or wait for one that is being added."""
    get_dialect(db).lock(db, "holds")


def add(
    db: Connection, tenant: str, task_id: UUID | None, reason: str, *, now: datetime
) -> Hold | None:
    """Add a hold; None where the tenant has no such task."""
    # A batch that began before ends first: behind this, nothing that is held is dropped.
    db.execute(update(chore_leases).values(behind=chore_leases.c.behind))
    lock(db)
    if task_id is not None:
        found = select(tasks.c.key).where(tasks.c.id == task_id, tasks.c.tenant == tenant)
        if db.scalar(found) is None:
            return None
    row = {"tenant": tenant, "task_id": task_id, "reason": reason, "created_at": now}
    return Hold(*db.execute(insert(holds).returning(*_COLUMNS), row).one())


def remove(db: Connection, tenant: str, key: int) -> bool:
    """Remove a tenant's hold; False where there is none of this number."""
    gone = delete(holds).where(holds.c.tenant == tenant, holds.c.key == key)
    return db.execute(gone).rowcount == 1


def get(db: Connection, tenant: str | None, key: int) -> Hold | None:
    """Return a hold; None where there is none of this number. tenant: whose; None: anybody's."""
    found = select(*_COLUMNS).where(holds.c.key == key)
    if tenant is not None:
        found = found.where(holds.c.tenant == tenant)
    row = db.execute(found).one_or_none()
    return None if row is None else Hold(*row)


def list_page(db: Connection, tenant: str, *, before: int | None, limit: int) -> list[Hold]:
    """Return a tenant's holds, the newest first. before: the number to go on behind."""
    found = select(*_COLUMNS).where(holds.c.tenant == tenant)
    if before is not None:
        found = found.where(holds.c.key < before)
    return [Hold(*row) for row in db.execute(found.order_by(holds.c.key.desc()).limit(limit))]


def list_of_task(db: Connection, tenant: str, id_: UUID, *, limit: int) -> list[Hold]:
    """Return the holds that keep a task, those of its whole tenant too, the newest first."""
    found = list[Hold]()
    for named in (holds.c.task_id == id_, holds.c.task_id.is_(None)):  # each walks the index
        one = select(*_COLUMNS).where(holds.c.tenant == tenant, named)
        found += [Hold(*row) for row in db.execute(one.order_by(holds.c.key.desc()).limit(limit))]
    return sorted(found, key=lambda hold: hold.key, reverse=True)[:limit]


def list_all(db: Connection) -> list[Hold]:
    """List every hold, oldest first."""
    return [Hold(*row) for row in db.execute(_ALL)]


def count(db: Connection) -> int:
    """Count all holds."""
    return int(db.execute(select(func.count()).select_from(holds)).scalar_one())


def prepare_held(db: Connection, rows: Sequence[EndedRow]) -> Callable[[], set[int]]:
    """Look which of some tasks a hold names, by itself or with its tenant.

    Call what is returned for their keys.
    """
    tenants = bulk.find_soon(
        db, _WHOLE, sorted({row.tenant for row in rows}), encoding.encode_texts, is_sent=False
    )
    named = bulk.find_soon(
        db, _NAMED, [row.place.key for row in rows], encoding.integers, is_sent=False
    )

    def read() -> set[int]:
        whole = {tenant for (tenant,) in tenants()}
        keys = {key for (key,) in named()}
        return keys | {row.place.key for row in rows if row.tenant in whole}

    return read


def match_task(tenant: ColumnElement[str], task_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return whether a hold names this task itself. Looked up for each row, in the index."""
    return exists().where(holds.c.tenant == tenant, holds.c.task_id == task_id)


def match_tenant(tenant: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a hold names all tasks of this tenant."""
    return exists().where(holds.c.tenant == tenant, holds.c.task_id.is_(None))
