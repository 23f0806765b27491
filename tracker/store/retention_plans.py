"""Statements on how much retention would drop, and on plans that were approved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from tracker.domain.retention import KeptClass
from tracker.domain.task import TaskState
from tracker.store import retention
from tracker.store.assets import IS_KEPT
from tracker.store.driver.dialect import get_dialect
from tracker.store.retention import WalkPlace
from tracker.store.schema import (
    assets,
    deliveries,
    delivery_bodies,
    receipts,
    retention_approvals,
    task_inputs,
    tasks,
)
from tracker.store.stats import NOBODY
from tracker.store.tolerant import read_member


@dataclass(frozen=True, slots=True)
class PlannedRows:
    """Rows of tasks that have tenant, provider and state in common. bytes: of their bodies."""

    tenant: str
    provider: str
    state: TaskState
    rows: int
    bytes: int


def _select_inputs() -> Select[Any]:
    size = func.length(task_inputs.c.body)
    return _select_sum(size).join(task_inputs, task_inputs.c.task_key == tasks.c.key)


def _select_evidence() -> Select[Any]:
    joined = _select_sum(func.length(receipts.c.body)).join(
        receipts, receipts.c.task_key == tasks.c.key
    )
    return joined.where(receipts.c.body.is_not(None))


def _select_deliveries() -> Select[Any]:
    return (
        _select_sum(func.length(delivery_bodies.c.body))
        .join(deliveries, deliveries.c.task_key == tasks.c.key)
        .join(delivery_bodies, delivery_bodies.c.id == deliveries.c.body_id)
        .where(deliveries.c.ended_at.is_not(None))
    )


def _select_tasks() -> Select[Any]:
    return _select_sum(0)


def _select_sum(size: Any) -> Select[Any]:
    named = (tasks.c.tenant, tasks.c.provider, tasks.c.state)
    columns = (*named, func.count(), func.coalesce(func.sum(size), 0))
    return select(*columns).select_from(tasks).group_by(*named)


_PLANS: dict[KeptClass, Callable[[], Select[Any]]] = {
    KeptClass.INPUTS: _select_inputs,
    KeptClass.EVIDENCE: _select_evidence,
    KeptClass.DELIVERIES: _select_deliveries,
    KeptClass.TASKS: _select_tasks,
}


def list_planned(
    db: Connection, kept_class: KeptClass, after: WalkPlace, *, before: datetime
) -> list[PlannedRows]:
    """Return the rows of a class behind a place, of tasks that ended before an instant."""
    found = retention.select_due(_PLANS[kept_class](), after, before)
    return [
        PlannedRows(tenant, provider, read_member(TaskState, state), rows, int(size))
        for tenant, provider, state, rows, size in db.execute(found)
    ]


def sum_files(db: Connection, *, before: datetime) -> tuple[int, int]:
    """Return how many files of results are due, and their bytes together."""
    due = select(func.count(), func.coalesce(func.sum(assets.c.size), 0))
    rows, size = db.execute(due.where(IS_KEPT, assets.c.expires_at <= before)).one()
    return rows, int(size)


def count_all(db: Connection) -> int:
    """Count all tasks."""
    return db.scalar(select(func.count()).select_from(tasks)) or 0


def read_approved(db: Connection) -> dict[str, datetime]:
    """Return up to which end of tasks each walk was approved, by its name."""
    table = retention_approvals.c
    return {row.name: row.before for row in db.execute(select(table.name, table.before))}


def approve(db: Connection, name: str, *, before: datetime) -> None:
    """Approve what a walk drops of tasks that ended before an instant."""
    statement = get_dialect(db).insert(retention_approvals)
    newer = {"before": statement.excluded.before}
    upsert = statement.on_conflict_do_update(index_elements=["name"], set_=newer)
    db.execute(upsert, {"tenant": NOBODY, "name": name, "before": before})
