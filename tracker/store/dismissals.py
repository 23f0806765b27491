"""Statements on `dismissals`: what a person has looked at, so that it asks for nobody any more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, exists, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.store.driver.dialect import dialect_of
from tracker.store.schema import dismissals, receipts


class DismissalKind(StrEnum):
    """The kinds of what can be dismissed. Stored by value."""

    RECEIPT = "receipt"
    FOLLOW_UP = "follow_up"
    """A task that has ended and is asked about all the same."""


@dataclass(frozen=True, slots=True)
class Dismissal:
    """The record of a dismissal: its actor and its time."""

    at: datetime
    actor: str


def keep(db: Connection, tenant: str, kind: DismissalKind, of: int, new: Dismissal) -> Dismissal:
    """Write down that something was dismissed; return the first dismissal where there is one.

    of: the row key of the receipt or the task.
    """
    dialect = dialect_of(db)
    made = dialect.insert(dismissals).values(
        tenant=tenant, kind=kind.value, of=of, at=new.at, actor=new.actor
    )
    db.execute(made.on_conflict_do_nothing(index_elements=["kind", "of"]))
    found = select(dismissals.c.at, dismissals.c.actor)
    row = db.execute(found.where(dismissals.c.kind == kind.value, dismissals.c.of == of)).one()
    return Dismissal(row.at, row.actor)


def none_of(kind: DismissalKind, key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that what has this key was not dismissed."""
    return ~exists().where(dismissals.c.kind == kind.value, dismissals.c.of == key)


def has_receipt(db: Connection, tenant: str, key: int) -> bool:
    """Return whether a receipt is the tenant's."""
    found = select(receipts.c.key).where(receipts.c.tenant == tenant, receipts.c.key == key)
    return db.execute(found).one_or_none() is not None
