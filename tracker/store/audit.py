"""Statements on `audit_entries`: who did what, to what, and when. Nothing in it is a secret."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select, update

from tracker.store.driver.acting import ActorAction
from tracker.store.driver.transaction import Tx
from tracker.store.schema import audit_entries

_SHOWN = [column for column in audit_entries.c if column.name != "tenant"]


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """An action that was carried out.

    target:     the id of what it was done to; None where it was about what a filter matched.
    number:     how many objects it was about.
    request_id: empty for a command.
    """

    key: int
    at: datetime
    actor: str
    action: str
    target: str | None
    number: int
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which actions are meant, of one tenant's. None: all."""

    tenant: str
    action: str | None = None
    target: str | None = None


def record(tx: Tx, done: Sequence[tuple[ActorAction, Any]]) -> None:
    """Write down actions, each with the result of one write of it.

    One that is carried out by several writes has one row, whose number grows.
    A result of False says that there was nothing to do, which is no action.
    """
    made: dict[int, int] = {}
    for act, result in done:
        if result is False:
            continue
        number = 1 if act.count is None else act.count(result)
        key = made.get(id(act), act.key)
        if key is None:
            key = made[id(act)] = _insert(tx, act, result, number)
            # Only once it is there: a transaction that fails is tried again.
            tx.after_commit.append(partial(setattr, act, "key", key))
        elif act.count is not None:
            more = {"number": audit_entries.c.number + number}
            tx.db.execute(update(audit_entries).where(audit_entries.c.key == key).values(more))


def list_page(
    db: Connection, wanted: AuditFilter, *, before: int | None, limit: int
) -> list[RecordedAction]:
    """Return actions, newest first. before: the key of the last one of the page before."""
    found = select(*_SHOWN).where(audit_entries.c.tenant == wanted.tenant)
    if wanted.action is not None:
        found = found.where(audit_entries.c.action == wanted.action)
    if wanted.target is not None:
        found = found.where(audit_entries.c.target == wanted.target)
    if before is not None:
        found = found.where(audit_entries.c.key < before)
    rows = db.execute(found.order_by(audit_entries.c.key.desc()).limit(limit))
    return [RecordedAction(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def list_actors(
    db: Connection, tenant: str, action: str, targets: Collection[str]
) -> dict[str, str]:
    """Return who carried out an action, by the object that it was done to; the first who did."""
    if not targets:
        return {}
    row = audit_entries.c
    found = select(row.target, row.actor).where(
        row.tenant == tenant, row.target.in_(targets), row.action == action
    )
    return {one.target: one.actor for one in db.execute(found.order_by(row.key.desc()))}


def _insert(tx: Tx, act: ActorAction, result: Any, number: int) -> int:
    target = act.target
    if target is None and hasattr(result, "id"):
        target = str(result.id)
    values = {
        "tenant": act.tenant,
        "at": tx.now,
        "actor": act.actor,
        "action": act.action,
        "target": target,
        "number": number,
        "request_id": act.request_id,
    }
    made = audit_entries.insert().values(values).returning(audit_entries.c.key)
    key: int = tx.db.execute(made).scalar_one()
    return key
