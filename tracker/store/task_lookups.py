"""Look up single facts of tasks: who has a name, what was submitted again, whose trace they are."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from tracker.store.schema import tasks


def find_named(db: Connection, tenant: str, names: Collection[str]) -> set[int]:
    """Return the rows of a tenant's tasks whose external id or provider's id is one of these.

    Looked up by the id alone, and the tenant compared here: asked for by it as well, a database
    without statistics walks all tasks of the tenant.
    """
    if not names:
        return set()
    columns = select(tasks.c.key, tasks.c.tenant)
    external = columns.where(tasks.c.external_task_id.in_(names))
    theirs = columns.where(
        tasks.c.provider_task_id.is_not(None), tasks.c.provider_task_id.in_(names)
    )
    rows = [*db.execute(external), *db.execute(theirs)]
    return {key for key, owner in rows if owner == tenant}


def find_resubmitted(db: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some tasks were submitted again, whatever became of it."""
    source = tasks.c.resubmit_of
    # Both conditions: planners take the partial index only where its own is spelt out.
    found = select(source).where(source.in_(ids), source.is_not(None)).distinct()
    return {id_ for id_ in db.scalars(found) if id_ is not None} if ids else set()


def find_traceparents(db: Connection, keys: Collection[int]) -> dict[int, str]:
    """Return the places in traces of those of some tasks that have one, by key."""
    found = select(tasks.c.key, tasks.c.traceparent).where(
        tasks.c.key.in_(keys), tasks.c.traceparent.is_not(None)
    )
    return {key: place for key, place in db.execute(found)}  # noqa: C416 - typed rows
