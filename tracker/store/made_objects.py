"""Statements on `made_objects`: which tenant made which object at a provider."""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import made_objects

_NAMES = ("provider", "account", "kind", "id", "tenant", "task_key")


@dataclass(frozen=True, slots=True)
class MadeObject:
    """An object at a provider.

    kind: the provider's word, such as `voice`. id: the provider's.
    task: the row of the task that brought it, which may be gone by now; None for not known.
    """

    provider: str
    account: str
    kind: str
    id: str
    tenant: str
    task: int | None = None


def insert_many(db: Connection, made: Collection[MadeObject], *, now: datetime) -> None:
    """Keep who made these. An object that is there already stays with whom it belongs to."""
    if not made:
        return
    dialect = get_dialect(db)
    statement = dialect.insert(made_objects).on_conflict_do_nothing()
    # In one order for all writers, so that two of them cannot wait for each other in a circle.
    rows = sorted({astuple(one) for one in made}, key=lambda row: (row[:5], row[5] or 0))
    db.execute(statement, [dict(zip(_NAMES, row, strict=True)) | {"made_at": now} for row in rows])


def find_named(
    db: Connection, provider: str, kind: str, ids: Collection[str]
) -> Sequence[MadeObject]:
    """Return the objects of these ids on every account of a provider."""
    table = made_objects
    columns = [table.c[name] for name in _NAMES]
    wanted = (table.c.provider == provider, table.c.kind == kind, table.c.id.in_(ids))
    return [MadeObject(*row) for row in db.execute(select(*columns).where(*wanted))]


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop who made objects long ago. Returns how many went."""
    table = made_objects
    key = (table.c.provider, table.c.kind, table.c.id, table.c.account)
    old = select(*key).where(table.c.made_at < before).limit(limit)
    return db.execute(delete(table).where(tuple_(*key).in_(old))).rowcount
