"""Statements on `idempotency_keys`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, tuple_

from tracker.store.schema import idempotency_keys


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key for one submission.

    fingerprint: 32 bytes over the request that came with it.
    """

    tenant: str
    key: str
    fingerprint: bytes
    task_key: int = 0


def find(
    db: Connection, wanted: Collection[IdempotencyKey]
) -> dict[tuple[str, str], IdempotencyKey]:
    """Return the recorded entry of each of these keys that has one."""
    table = idempotency_keys.c
    found = select(table.tenant, table.key, table.fingerprint, table.task_key).where(
        tuple_(table.tenant, table.key).in_([(key.tenant, key.key) for key in wanted])
    )
    return {
        (row[0], row[1]): IdempotencyKey(row[0], row[1], bytes(row[2]), row[3])
        for row in db.execute(found)
    }


def insert_many(db: Connection, new: Sequence[IdempotencyKey], *, now: datetime) -> None:
    """Record keys. Raises IntegrityError when another process has just recorded one of them."""
    if new:
        db.execute(
            insert(idempotency_keys),
            [
                {
                    "tenant": key.tenant,
                    "key": key.key,
                    "fingerprint": key.fingerprint,
                    "task_key": key.task_key,
                    "created_at": now,
                }
                for key in new
            ],
        )


def forget(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop keys that nobody will repeat any more. Returns how many went."""
    old = (
        select(idempotency_keys.c.tenant, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_at < before)
        .limit(limit)
    )
    pair = tuple_(idempotency_keys.c.tenant, idempotency_keys.c.key)
    return db.execute(delete(idempotency_keys).where(pair.in_(old))).rowcount
