"""Statements that drop what belongs to ended tasks, by class."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, select, update

from tracker.domain.delivery import UNENDED
from tracker.domain.lifecycle import Verdict
from tracker.store.driver import bulk, encoding
from tracker.store.schema import deliveries, delivery_bodies, receipts

_UNENDED = sorted(state.value for state in UNENDED)


def input_sizes(db: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Return the bytes of the inputs of tasks that are kept, by the task's key."""
    sizes = "SELECT task_key, length(body) FROM task_inputs WHERE task_key"
    return dict(bulk.find(db, sizes, keys, encoding.integers))


def drop_inputs(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop the inputs of tasks; their sizes and digests stay. Returns what it left: nothing."""
    bulk.change(
        db,
        "INSERT INTO dropped_inputs (task_key, tenant, size_bytes, sha256)"
        " SELECT task_key, tenant, length(body), sha256(body) FROM task_inputs WHERE task_key",
        keys,
        encoding.integers,
    )
    bulk.change(db, "DELETE FROM task_inputs WHERE task_key", keys, encoding.integers)
    return set()


def dropped_inputs(db: Connection, keys: Sequence[int]) -> set[int]:
    """Return which of some tasks have no input any more."""
    found = "SELECT task_key FROM dropped_inputs WHERE task_key"
    return {key for (key,) in bulk.find(db, found, keys, encoding.integers)}


def drop_evidence(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop bodies and headers of the receipts of tasks. Returns what it left: nothing."""
    bulk.change(
        db,
        "UPDATE receipts SET body = NULL, headers = NULL"
        " WHERE (body IS NOT NULL OR headers IS NOT NULL) AND task_key",
        keys,
        encoding.integers,
    )
    return set()


def drop_deliveries(db: Connection, keys: Sequence[int]) -> set[int]:
    """Drop the deliveries of tasks that have ended; returns the tasks of those that have not.

    Rows are locked first: one that is redelivered at this moment is not dropped.
    """
    found = (
        select(deliveries.c.key, deliveries.c.task_key, deliveries.c.state, deliveries.c.body_id)
        .where(deliveries.c.task_key.in_(keys))
        .order_by(deliveries.c.key)
        .with_for_update()
    )
    rows = db.execute(found).all()
    _drop_deliveries(db, [row for row in rows if row.state not in _UNENDED])
    return {row.task_key for row in rows if row.state in _UNENDED}


def drop_loose_deliveries(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop ended deliveries that are about no task; returns how many."""
    found = (
        select(deliveries.c.key, deliveries.c.body_id)
        .where(
            deliveries.c.task_key.is_(None),
            deliveries.c.created_at < before,
            deliveries.c.state.not_in(_UNENDED),
        )
        .order_by(deliveries.c.key)
        .limit(limit)
        .with_for_update()
    )
    rows = db.execute(found).all()
    _drop_deliveries(db, rows)
    return len(rows)


def drop_loose_evidence(
    db: Connection, after: int, *, before: datetime, limit: int
) -> tuple[int, bool]:
    """Drop bodies and headers of quarantined receipts: those of no task.

    after: the key of the last one that was come by. Returns the new one, and whether more follow.
    """
    found = (
        select(receipts.c.key, receipts.c.received_at)
        .where(receipts.c.task_key.is_(None), receipts.c.key > after)
        .order_by(receipts.c.key)
        .limit(limit)
    )
    rows = db.execute(found).all()
    old = [row.key for row in rows if row.received_at < before]
    if old:
        # Forged ones go as a whole (`forget_forged`).
        db.execute(
            update(receipts)
            .where(receipts.c.key.in_(old), receipts.c.verdict != Verdict.FORGED.value)
            .values(body=None, headers=None)
        )
    return (old[-1] if old else after), len(old) == limit


def _drop_deliveries(db: Connection, rows: Collection[Any]) -> None:
    """Drop deliveries with their attempts, and the bodies that no other delivery names."""
    keys = [row.key for row in rows]
    bulk.change(db, "DELETE FROM delivery_attempts WHERE delivery_key", keys, encoding.integers)
    bulk.change(db, "DELETE FROM deliveries WHERE key", keys, encoding.integers)
    bodies = {row.body_id for row in rows}
    if bodies:
        named = exists().where(deliveries.c.body_id == delivery_bodies.c.id)
        db.execute(delete(delivery_bodies).where(and_(delivery_bodies.c.id.in_(bodies), ~named)))
