"""Statements on `callback_ids`: the replay memory of signed callbacks."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import callback_ids


@dataclass(frozen=True, slots=True)
class CallbackId:
    """The sender's own id of one message, unique within an account."""

    tenant: str
    provider: str
    account: str
    id: str


def insert_many(db: Connection, new: Sequence[CallbackId], *, now: datetime) -> set[CallbackId]:
    """Remember these; returns those that were not there. The primary key decides, no look before.

    new: without repeats.
    """
    dialect = get_dialect(db)
    statement = (
        dialect.insert(callback_ids)
        .on_conflict_do_nothing()
        .returning(
            callback_ids.c.tenant,
            callback_ids.c.provider,
            callback_ids.c.account,
            callback_ids.c.id,
        )
    )
    # In one order for all writers, so that two of them cannot wait for each other in a circle.
    values = [
        {
            "tenant": one.tenant,
            "provider": one.provider,
            "account": one.account,
            "id": one.id,
            "received_at": now,
        }
        for one in sorted(new, key=astuple)
    ]
    return {CallbackId(*row) for row in db.execute(statement, values)}


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop the oldest; returns how many. Their messages are refused by their age anyway."""
    name = (callback_ids.c.provider, callback_ids.c.account, callback_ids.c.id)
    old = (
        select(*name)
        .where(callback_ids.c.received_at < before)
        .order_by(callback_ids.c.received_at)
        .limit(limit)
    )
    return db.execute(delete(callback_ids).where(tuple_(*name).in_(old))).rowcount
