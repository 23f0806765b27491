"""Queries of the fronts on `tasks` beyond one operation: by many ids, and pages over all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, false, not_, or_, select, tuple_

from tracker.domain.task import Task, TaskState
from tracker.store import task_rows
from tracker.store.schema import tasks

_SOLUTIONS = "solutions/"


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Which tasks `/tasks` or `/solutions` shows.

    solutions: whether the solutions or all the others.
    states:    None for every state.
    products:  first parts of new-standard operations, or last parts of legacy ones; None for all.
    """

    tenant: str
    provider: str
    solutions: bool
    created_from: datetime
    created_until: datetime
    states: Collection[TaskState] | None = None
    products: Collection[str] | None = None


def named(
    db: Connection,
    tenant: str,
    provider: str,
    *,
    ids: Collection[UUID] = (),
    external_ids: Collection[str] = (),
) -> list[Task]:
    """A tenant's tasks by either id, the newest first; several accounts may share external ids."""
    wanted = or_(tasks.c.id.in_(ids), tasks.c.external_task_id.in_(external_ids))
    found = select(tasks).where(tasks.c.tenant == tenant, tasks.c.provider == provider, wanted)
    return [task_rows.task(row) for row in db.execute(found.order_by(tasks.c.key.desc()))]


def page(
    db: Connection, group: TaskGroup, *, before: tuple[datetime, int] | None, limit: int
) -> Sequence[Task]:
    """Newest first. before: `created_at` and key of the last task of the page before."""
    is_solution = tasks.c.operation.startswith(_SOLUTIONS)
    wanted = [
        tasks.c.tenant == group.tenant,
        tasks.c.provider == group.provider,
        is_solution if group.solutions else not_(is_solution),
        tasks.c.created_at >= group.created_from,
        tasks.c.created_at <= group.created_until,
    ]
    if group.states is not None:
        wanted.append(tasks.c.state.in_(sorted(group.states)))
    if group.products is not None:
        ends = [
            tasks.c.operation.startswith(f"{product}/", autoescape=True)
            | tasks.c.operation.endswith(f"/{product}", autoescape=True)
            for product in sorted(group.products)
        ]
        wanted.append(or_(false(), *ends))
    if before is not None:
        wanted.append(tuple_(tasks.c.created_at, tasks.c.key) < before)
    found = select(tasks).where(and_(*wanted))
    newest = (tasks.c.created_at.desc(), tasks.c.key.desc())
    return [task_rows.task(row) for row in db.execute(found.order_by(*newest).limit(limit))]
