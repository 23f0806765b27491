"""Look up single facts of tasks: who has a name, what was submitted again, whose trace they are."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from tracker.store.driver import bulk, encoding
from tracker.store.schema import tasks

_OWNED = "SELECT provider_task_id, key, provider, account FROM tasks WHERE provider_task_id"


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


def find_account(
    db: Connection, provider: str, accounts: Collection[str], external_id: str
) -> str | None:
    """Return which of some accounts has a task of this external id that exists or may."""
    found = select(tasks.c.account).where(
        tasks.c.provider == provider,
        tasks.c.account.in_(accounts),
        tasks.c.external_task_id == external_id,
        ~tasks.c.never_created,
    )
    account: str | None = db.scalar(found.limit(1))
    return account


def find_owners(
    db: Connection, provider: str, account: str, provider_task_ids: Collection[str]
) -> dict[str, set[int]]:
    """Return which tasks of an account already carry these provider ids."""
    # By the ids alone, and the rest looked at here: asked for by provider and account as well, a
    # database without statistics walks all tasks of the account.
    held: dict[str, set[int]] = {}
    for id_, key, *its_account in bulk.find(
        db, _OWNED, list(provider_task_ids), encoding.encode_texts
    ):
        if its_account == [provider, account]:
            held.setdefault(id_, set()).add(key)
    return held
