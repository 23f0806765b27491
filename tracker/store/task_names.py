"""Look tasks up by names that are not ours."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from tracker.store.schema import tasks


def find_keys(db: Connection, tenant: str, names: Collection[str]) -> set[int]:
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
