"""Statements on `receipts`: everything that came in, with what was made of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects import postgresql, sqlite

from tracker.domain.events import Source
from tracker.domain.lifecycle import Verdict
from tracker.store.schema import receipts


@dataclass(frozen=True, slots=True)
class Receipt:
    """One inbound callback, or one poll answer that said something.

    key:          0 before the row exists.
    task_key:     None when it belongs to no task we know.
    fingerprint:  16 bytes that make a repeat recognisable.
    duplicate_of: the first receipt with the same fingerprint, whose body this one shares.
    headers:      lower-case names; never credentials.
    size_bytes:   of what arrived, which may be more than `body` keeps.
    """

    tenant: str
    provider: str
    task_key: int | None
    source: Source
    verdict: Verdict
    received_at: datetime
    fingerprint: bytes
    size_bytes: int
    body: bytes | None
    headers: Mapping[str, str] | None = None
    reason: str | None = None
    duplicate_of: int | None = None
    key: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a receipt went.

    key:          its row.
    verdict:      as stored: a repeat that moved nothing is a duplicate, whatever else it is.
    duplicate_of: the row with the same bytes that was there before; None for the first.
    """

    key: int
    verdict: Verdict
    duplicate_of: int | None


def fingerprint(provider: str, scope: str, body: bytes) -> bytes:
    """The digest that makes a repeated callback recognisable: 16 bytes.

    scope: what the bytes were said about; the same bytes about another task are no repeat.
    """
    head = f"{provider}\n{scope}\n".encode("utf-8", "replace")
    return hashlib.blake2b(head + body, digest_size=16).digest()


def insert_many(db: Connection, new: Sequence[Receipt], *, repeats: bool) -> list[Kept | None]:
    """Insert receipts; the unique fingerprint tells first ones from repeats.

    repeats: whether a repeat gets a row of its own (without the body); where not, None stands
        in its place.
    """
    places: dict[bytes, int] = {}
    for place, receipt in enumerate(new):
        places.setdefault(receipt.fingerprint, place)
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(receipts)
        .on_conflict_do_nothing(
            index_elements=["fingerprint"], index_where=text("duplicate_of IS NULL")
        )
        .returning(receipts.c.fingerprint, receipts.c.key)
    )
    # Parameters apart from the statement: it is compiled once, however many rows there are.
    rows = db.execute(statement, [_values(new[place]) for place in places.values()]).all()
    first = {bytes(row[0]): row[1] for row in rows}
    kept: list[Kept | None] = [None] * len(new)
    for mark, key in first.items():
        kept[places[mark]] = Kept(key, new[places[mark]].verdict, None)
    again = [place for place in range(len(new)) if kept[place] is None]
    if again and repeats:
        _insert_repeats(db, new, again, kept, first)
    return kept


def of_task(db: Connection, task_key: int, *, after: int, limit: int) -> list[Receipt]:
    """One task's receipts, oldest first; a repeat comes with the body it shares."""
    shared = receipts.alias("shared")
    found = (
        select(receipts, shared.c.body.label("shared_body"))
        .outerjoin(shared, shared.c.key == receipts.c.duplicate_of)
        .where(receipts.c.task_key == task_key, receipts.c.key > after)
        .order_by(receipts.c.key)
        .limit(limit)
    )
    return [
        Receipt(
            key=row.key,
            tenant=row.tenant,
            provider=row.provider,
            task_key=row.task_key,
            source=Source(row.source),
            verdict=Verdict(row.verdict),
            reason=row.reason,
            received_at=row.received_at,
            fingerprint=bytes(row.fingerprint),
            duplicate_of=row.duplicate_of,
            headers=row.headers,
            size_bytes=row.size_bytes,
            body=row.body if row.body is not None else row.shared_body,
        )
        for row in db.execute(found)
    ]


def _insert_repeats(
    db: Connection,
    new: Sequence[Receipt],
    again: Sequence[int],
    kept: list[Kept | None],
    first: dict[bytes, int],
) -> None:
    unknown = {new[place].fingerprint for place in again} - first.keys()
    if unknown:
        found = select(receipts.c.fingerprint, receipts.c.key).where(
            receipts.c.fingerprint.in_(unknown), receipts.c.duplicate_of.is_(None)
        )
        first |= {bytes(row[0]): row[1] for row in db.execute(found)}
    rows = [
        replace(
            new[place],
            duplicate_of=first[new[place].fingerprint],
            body=None,
            verdict=_of_repeat(new[place].verdict),
        )
        for place in again
    ]
    values = [_values(row) for row in rows]
    statement = receipts.insert().returning(receipts.c.key, sort_by_parameter_order=True)
    keys = db.execute(statement, values).scalars().all()
    for place, key, row in zip(again, keys, rows, strict=True):
        kept[place] = Kept(key, row.verdict, row.duplicate_of)


def _of_repeat(verdict: Verdict) -> Verdict:
    moved_nothing = {Verdict.STALE, Verdict.CONFLICT, Verdict.UNKNOWN_STATUS}
    return Verdict.DUPLICATE if verdict in moved_nothing else verdict


def _values(receipt: Receipt) -> dict[str, Any]:
    return {
        "tenant": receipt.tenant,
        "provider": receipt.provider,
        "task_key": receipt.task_key,
        "source": receipt.source.value,
        "verdict": receipt.verdict.value,
        "reason": receipt.reason,
        "received_at": receipt.received_at,
        "fingerprint": receipt.fingerprint,
        "duplicate_of": receipt.duplicate_of,
        "headers": dict(receipt.headers) if receipt.headers else None,
        "size_bytes": receipt.size_bytes,
        "body": receipt.body,
    }
