"""Statements on `processes`: who runs on this database now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import processes


@dataclass(frozen=True, slots=True)
class Process:
    """One running process, as it last said of itself.

    ahead_ms:     by how much its clock is ahead of the database server's.
    secret_marks: of its callback secrets, the signing one first.
    failing:      its chores that have not ended well for long: since when and why, by name.
    """

    id: UUID
    is_worker: bool
    seen_at: datetime
    ahead_ms: int
    secret_marks: Sequence[str]
    failing: Mapping[str, Sequence[str]] = field(default_factory=dict)


def record(db: Connection, process: Process) -> None:
    """Write down that a process was heard of: one row for each."""
    dialect = get_dialect(db)
    values = {
        "is_worker": process.is_worker,
        "seen_at": process.seen_at,
        "ahead_ms": process.ahead_ms,
        "secret_marks": list(process.secret_marks),
        "failing": dict(process.failing) or None,
    }
    statement = dialect.insert(processes).values(tenant="default", id=process.id, **values)
    db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def remove(db: Connection, id_: UUID) -> None:
    """Forget a process that ends."""
    db.execute(delete(processes).where(processes.c.id == id_))


def forget(db: Connection, *, before: datetime) -> None:
    """Forget processes that were not heard of for long."""
    db.execute(delete(processes).where(processes.c.seen_at < before))


def list_alive(db: Connection, *, since: datetime, until: datetime | None = None) -> list[Process]:
    """Return every process that was last heard of between these times.

    until: one that works is heard of now: a later time was told before the clock went back.
    """
    columns = (
        processes.c.id,
        processes.c.is_worker,
        processes.c.seen_at,
        processes.c.ahead_ms,
        processes.c.secret_marks,
        processes.c.failing,
    )
    found = select(*columns).where(processes.c.seen_at >= since).order_by(processes.c.id)
    if until is not None:
        found = found.where(processes.c.seen_at <= until)
    return [Process(*row[:-1], row[-1] or {}) for row in db.execute(found)]
