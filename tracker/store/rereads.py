"""Statements on `rereads`."""

from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from tracker.domain.rereads import Difference, Reread
from tracker.domain.runs import RunState
from tracker.store.schema import rereads


def insert_one(db: Connection, run: Reread) -> None:
    """Keep a new run."""
    db.execute(insert(rereads), _list_values(run))


def find(db: Connection, tenant: str, id_: UUID, *, is_locked: bool = False) -> Reread | None:
    """Return a tenant's run, its row locked if asked; None where it has none of this id."""
    wanted = select(rereads).where(rereads.c.tenant == tenant, rereads.c.id == id_)
    row = db.execute(wanted.with_for_update() if is_locked else wanted).one_or_none()
    return None if row is None else _run(row)


def find_newest(db: Connection, tenant: str, *, limit: int) -> list[Reread]:
    """Return a tenant's runs, newest first."""
    wanted = select(rereads).where(rereads.c.tenant == tenant)
    return [_run(row) for row in db.execute(wanted.order_by(rereads.c.id.desc()).limit(limit))]


def find_next_running(db: Connection) -> Reread | None:
    """Return the run that has waited longest for its next page; None where none is running."""
    running = select(rereads).where(rereads.c.state == RunState.RUNNING.value)
    row = db.execute(running.order_by(rereads.c.updated_at).limit(1)).one_or_none()
    return None if row is None else _run(row)


def save(db: Connection, run: Reread) -> None:
    """Write down how a locked run stands."""
    mine = (rereads.c.tenant == run.tenant) & (rereads.c.id == run.id)
    db.execute(update(rereads).where(mine).values(_list_values(run)))


def _list_values(run: Reread) -> dict[str, Any]:
    values = {field.name: getattr(run, field.name) for field in fields(run)}
    differences = [asdict(one) for one in run.differences]
    return values | {"state": run.state.value, "differences": differences}


def _run(row: Row[Any]) -> Reread:
    values = row._asdict()
    values["state"] = RunState(values["state"])
    values["differences"] = tuple(
        Difference(**one | {"fields": tuple(one["fields"])}) for one in values["differences"]
    )
    return Reread(**values)
