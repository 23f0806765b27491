"""Find tasks for fronts: by many names, and pages over several operations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, false, not_, or_, select, tuple_

from tracker.domain.task import Task, TaskState
from tracker.store import task_rows
from tracker.store.schema import tasks


@dataclass(frozen=True, slots=True)
class FrontFilter:
    """Which tasks of a tenant at a provider a page shows. None narrows nothing.

    below, not_below: the beginning that operations have, or do not have.
    named: first or last parts of operations.
    """

    tenant: str
    provider: str
    created_from: datetime | None = None
    created_until: datetime | None = None
    states: Collection[TaskState] | None = None
    below: str | None = None
    not_below: str | None = None
    named: Collection[str] | None = None


def find_named(  # noqa: PLR0913 - each kind of name
    db: Connection,
    tenant: str,
    provider: str,
    *,
    ids: Collection[UUID] = (),
    keys: Collection[int] = (),
    external_ids: Collection[str] = (),
) -> list[Task]:
    """Find a tenant's tasks by either id, newest first. Accounts may share external ids."""
    wanted = or_(
        tasks.c.id.in_(ids), tasks.c.key.in_(keys), tasks.c.external_task_id.in_(external_ids)
    )
    found = select(tasks).where(tasks.c.tenant == tenant, tasks.c.provider == provider, wanted)
    return [task_rows.read_task(row) for row in db.execute(found.order_by(tasks.c.key.desc()))]


def list_parts(db: Connection, first: Task) -> list[Task]:
    """Return the tasks that the create of a task made besides it, by their names."""
    name, parent = tasks.c.external_task_id, tasks.c.parent_id
    is_part = name.startswith(f"{first.external_task_id}::", autoescape=True)
    found = select(tasks).where(parent == first.id, parent.is_not(None), is_part)
    return [task_rows.read_task(row) for row in db.execute(found.order_by(name))]


def list_page(
    db: Connection, filter_: FrontFilter, *, before: tuple[datetime, int] | None, limit: int
) -> Sequence[Task]:
    """Load a page, newest first.

    before: `created_at` and key of the last task of the page before.
    """
    table = tasks.c
    wanted = [table.tenant == filter_.tenant, table.provider == filter_.provider]
    if filter_.below is not None:
        wanted.append(table.operation.startswith(filter_.below, autoescape=True))
    if filter_.not_below is not None:
        wanted.append(not_(table.operation.startswith(filter_.not_below, autoescape=True)))
    if filter_.created_from is not None:
        wanted.append(table.created_at >= filter_.created_from)
    if filter_.created_until is not None:
        wanted.append(table.created_at <= filter_.created_until)
    if filter_.states is not None:
        wanted.append(table.state.in_(sorted(filter_.states)))
    if filter_.named is not None:
        ends = [
            table.operation.startswith(f"{name}/", autoescape=True)
            | table.operation.endswith(f"/{name}", autoescape=True)
            for name in sorted(filter_.named)
        ]
        wanted.append(or_(false(), *ends))
    if before is not None:
        wanted.append(tuple_(tasks.c.created_at, tasks.c.key) < before)
    found = select(tasks).where(and_(*wanted))
    newest = (tasks.c.created_at.desc(), tasks.c.key.desc())
    return [task_rows.read_task(row) for row in db.execute(found.order_by(*newest).limit(limit))]
