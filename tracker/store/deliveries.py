"""Statements on `deliveries`: what is owed to the callback URLs that callers gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from tracker.store.schema import deliveries


@dataclass(frozen=True, slots=True)
class Delivery:
    """One change owed to one URL.

    version: the task's version that it tells of.
    body:    the bytes that every attempt sends.
    state:   `pending`, `delivered` or `failed`.
    """

    id: UUID
    tenant: str
    task_key: int
    version: int
    url: str
    body: bytes
    created_at: datetime
    state: str = "pending"
    attempts: int = 0
    ended_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None
    key: int = 0


def insert_many(db: Connection, new: Sequence[Delivery]) -> list[int]:
    """Write down what is owed; returns the rows' keys in order."""
    statement = insert(deliveries).returning(deliveries.c.key, sort_by_parameter_order=True)
    values = [
        {
            "id": owed.id,
            "tenant": owed.tenant,
            "task_key": owed.task_key,
            "version": owed.version,
            "url": owed.url,
            "body": owed.body,
            "state": owed.state,
            "attempts": 0,
            "created_at": owed.created_at,
        }
        for owed in new
    ]
    return list(db.execute(statement, values).scalars())


def get_many(db: Connection, keys: Sequence[int]) -> dict[int, Delivery]:
    """Deliveries by row key."""
    found = select(deliveries).where(deliveries.c.key.in_(keys))
    return {row.key: _delivery(row) for row in db.execute(found)}


def save(db: Connection, tried: Delivery) -> None:
    """Write how an attempt went."""
    db.execute(
        update(deliveries)
        .where(deliveries.c.key == tried.key)
        .values(
            state=tried.state,
            attempts=tried.attempts,
            ended_at=tried.ended_at,
            last_attempt_at=tried.last_attempt_at,
            last_status=tried.last_status,
            last_error=tried.last_error,
        )
    )


def of_task(db: Connection, task_key: int) -> list[Delivery]:
    """What one task owes or owed, oldest first."""
    found = select(deliveries).where(deliveries.c.task_key == task_key).order_by(deliveries.c.key)
    return [_delivery(row) for row in db.execute(found)]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to the columns
