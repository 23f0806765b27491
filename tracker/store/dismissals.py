"""Statements on `dismissals`: what a person has looked at, so that it asks for nobody any more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, exists, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.store.driver.dialect import get_dialect
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


def keep(
    db: Connection, tenant: str, kind: DismissalKind, of: Sequence[int], new: Dismissal
) -> list[Dismissal]:
    """Write down that things were dismissed; return the first dismissal of each, in their order.

    of: the row keys of receipts or tasks, one at least.
    """
    common = {"tenant": tenant, "kind": kind.value, "at": new.at, "actor": new.actor}
    # In one order, so that two who dismiss the same things do not wait for each other in a ring.
    rows = [{**common, "of": key} for key in sorted({*of})]
    made = get_dialect(db).insert(dismissals).values(rows)
    db.execute(made.on_conflict_do_nothing(index_elements=["kind", "of"]))
    found = select(dismissals.c.of, dismissals.c.at, dismissals.c.actor)
    found = found.where(dismissals.c.kind == kind.value, dismissals.c.of.in_(of))
    kept = {key: Dismissal(at, actor) for key, at, actor in db.execute(found)}
    return [kept[key] for key in of]


def build_not_dismissed(kind: DismissalKind, key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that what has this key was not dismissed."""
    return ~exists().where(dismissals.c.kind == kind.value, dismissals.c.of == key)


def has_receipts(db: Connection, tenant: str, keys: Collection[int]) -> bool:
    """Return whether all of these receipts are the tenant's."""
    found = select(receipts.c.key).where(receipts.c.tenant == tenant, receipts.c.key.in_(keys))
    return {*db.execute(found).scalars()} >= {*keys}
