"""Statements that drop what belongs to ended tasks, by class."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select, update

from tracker.domain.lifecycle import Verdict
from tracker.store.deliveries import UNENDED
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import deliveries, receipts

_DELIVERIES = "SELECT key, task_key, state, body_id FROM deliveries WHERE task_key"
_DELETE_BODIES = (
    "DELETE FROM delivery_bodies WHERE NOT EXISTS"
    " (SELECT 1 FROM deliveries WHERE deliveries.body_id = delivery_bodies.id) AND id"
)


def measure_inputs(db: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Return the bytes of the inputs of tasks that are kept, by the task's key."""
    sizes = "SELECT task_key, length(body) FROM task_inputs WHERE task_key"
    return dict(bulk.find(db, sizes, keys, encoding.integers))


def drop_inputs(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop the inputs of tasks; their sizes and digests stay. Returns what it left: nothing."""
    bulk.change_later(
        db,
        "INSERT INTO dropped_inputs (task_key, tenant, size_bytes, sha256)"
        " SELECT task_key, tenant, length(body), sha256(body) FROM task_inputs WHERE task_key",
        keys,
        encoding.integers,
    )
    bulk.change_later(db, "DELETE FROM task_inputs WHERE task_key", keys, encoding.integers)
    return set()


def find_dropped_inputs(db: Connection, keys: Sequence[int]) -> set[int]:
    """Return which of some tasks have no input any more."""
    found = "SELECT task_key FROM dropped_inputs WHERE task_key"
    return {key for (key,) in bulk.find(db, found, keys, encoding.integers)}


def drop_evidence(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop bodies and headers of the receipts of tasks. Returns what it left: nothing."""
    bulk.change_later(
        db,
        "UPDATE receipts SET body = NULL, headers = NULL"
        " WHERE (body IS NOT NULL OR headers IS NOT NULL) AND task_key",
        keys,
        encoding.integers,
    )
    return set()


class DeliveryRow(NamedTuple):
    """A delivery, as far as it matters for dropping it."""

    key: int
    task_key: int
    state: str
    body_id: UUID | bytes

    @property
    def has_ended(self) -> bool:
        """Tell whether it has: others are still to be sent."""
        return self.state not in UNENDED


def find_deliveries(
    db: Connection, keys: Sequence[int], *, lock: bool
) -> Callable[[], list[DeliveryRow]]:
    """Look for the deliveries of tasks; call what is returned for them. lock: until the commit."""
    tail = " ORDER BY key FOR UPDATE" if lock else ""
    found = bulk.find_soon(db, _DELIVERIES, keys, encoding.integers, tail=tail, is_sent=False)
    return lambda: [DeliveryRow(*row) for row in found()]


def drop_deliveries(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop the deliveries of tasks that have ended; returns the tasks of those that have not.

    Rows are locked first: one that is redelivered at this moment is not dropped.
    """
    rows = find_deliveries(db, keys, lock=True)()
    drop_ended_deliveries(db, [row for row in rows if row.has_ended])
    return {row.task_key for row in rows if not row.has_ended}


def list_loose_deliveries(db: Connection, *, before: datetime, limit: int, lock: bool) -> list[int]:
    """Return the keys of ended deliveries that are about no task. lock: until the commit."""
    found = (
        select(deliveries.c.key)
        .where(
            deliveries.c.task_key.is_(None),
            deliveries.c.created_at < before,
            deliveries.c.state.not_in(UNENDED),
        )
        .order_by(deliveries.c.key)
        .limit(limit)
    )
    return list(db.scalars(found.with_for_update() if lock else found))


def drop_loose_deliveries(db: Connection, keys: Sequence[int]) -> None:
    """Drop deliveries that are about no task."""
    of_keys = get_dialect(db).build_membership(deliveries.c.key, keys)
    found = select(deliveries.c.key, deliveries.c.body_id).where(of_keys)
    drop_ended_deliveries(db, db.execute(found).all())


@dataclass(frozen=True, slots=True)
class LooseReceipts:
    """Quarantined receipts: those of no task.

    keys: of those whose bytes are dropped. last: of the last one that was come by.
    """

    keys: Sequence[int]
    last: int
    is_more: bool


def list_loose_receipts(
    db: Connection, after: int, *, before: datetime, limit: int, lock: bool
) -> LooseReceipts:
    """Return the receipts of no task whose bytes are old. after: the last that was come by.

    lock: until the commit. Forged ones are not among them: they go as a whole (`forget_forged`).
    """
    found = (
        select(receipts.c.key, receipts.c.received_at, receipts.c.verdict)
        .where(receipts.c.task_key.is_(None), receipts.c.key > after)
        .order_by(receipts.c.key)
        .limit(limit)
    )
    rows = db.execute(found.with_for_update() if lock else found).all()
    old = [row for row in rows if row.received_at < before]
    keys = [row.key for row in old if row.verdict != Verdict.FORGED.value]
    return LooseReceipts(keys, old[-1].key if old else after, len(old) == limit)


def drop_loose_evidence(db: Connection, keys: Sequence[int]) -> None:
    """Drop bodies and headers of receipts of no task."""
    stripped = update(receipts).where(get_dialect(db).build_membership(receipts.c.key, keys))
    db.execute(stripped.values(body=None, headers=None))


def drop_ended_deliveries(db: Connection, rows: Collection[Any]) -> None:
    """Drop deliveries, that the transaction has locked, with all that no other one names."""
    keys = [row.key for row in rows]
    bulk.change_later(
        db, "DELETE FROM delivery_attempts WHERE delivery_key", keys, encoding.integers
    )
    bulk.change_later(db, "DELETE FROM deliveries WHERE key", keys, encoding.integers)
    bodies = list({row.body_id for row in rows})
    bulk.change_later(db, _DELETE_BODIES, bodies, encoding.uuids)
