"""Statements on `receipts`: everything that came in, with what was made of it."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, literal_column, select, text, update

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.events import Source
from tracker.domain.lifecycle import Verdict
from tracker.domain.records import record
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import ODD, receipts
from tracker.store.tolerant import read_member

_COLUMNS = (
    *("tenant", "provider", "task_key", "source", "verdict", "reason", "received_at"),
    *("fingerprint", "duplicate_of", "headers", "size_bytes", "body", "reader"),
)
_IS_THERE = "ON CONFLICT (fingerprint) WHERE duplicate_of IS NULL DO NOTHING"
_INSERT = bulk.insert(receipts, _COLUMNS, conflict=_IS_THERE, returning="fingerprint, key")
_INSERT_NUMBERED = bulk.insert(receipts, (*_COLUMNS, "key"), conflict=_IS_THERE)
_CORRECT = bulk.update(receipts, ("verdict", "reason"))


@record
class Receipt:
    """One inbound callback, or one poll answer that said something.

    key:          0 before the row exists.
    task_key:     None when it belongs to no task we know.
    fingerprint:  24 bytes that make a repeat recognisable.
    duplicate_of: the first receipt with the same fingerprint, whose body this one shares.
    headers:      lower-case names; never credentials.
    size_bytes:   of what arrived, which may be more than `body` keeps.
    reader:       the revision of the adapter that read it last; None where none did.
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
    reader: int | None = None


@record
class RereadReceipt:
    """The result of reading a receipt again. reader: the revision of the adapter that read it."""

    verdict: Verdict
    reason: str | None
    task_key: int | None
    reader: int


def digest(provider: str, scope: str, body: bytes) -> bytes:
    """Return 16 bytes that stand for what was said.

    scope: what the bytes were said about; the same bytes about another task are no repeat.
    """
    head = f"{provider}\n{scope}\n".encode("utf-8", "replace")
    return hashlib.blake2b(head + body, digest_size=16).digest()


def compute_fingerprint(task_key: int | None, said: bytes) -> bytes:
    """Compute the fingerprint of a callback: 8 bytes of the task, 16 of a digest.

    The task comes first so that what arrives together stands together in the unique index: by the
    digest alone every receipt would change a page of its own.

    said: see `digest`.
    """
    return (task_key or 0).to_bytes(8, "big") + said


def digest_of(mark: bytes) -> bytes:
    """Return the digest that a fingerprint was made with."""
    return mark[8:]


def insert_first(db: Connection, new: Sequence[Receipt]) -> Callable[[], list[int | None]]:
    """Insert receipts; the unique fingerprint tells first ones from repeats.

    Call what is returned, once and in the same transaction, for the key of each; None for a
    repeat, which has no row (see `insert_repeats`).
    """
    first_at: dict[bytes, int] = {}
    for index, receipt in enumerate(new):
        first_at.setdefault(receipt.fingerprint, index)
    inserted = _insert(db, [new[index] for index in first_at.values()])

    def read_keys() -> list[int | None]:
        found: list[int | None] = [None] * len(new)
        for mark, key in inserted().items():
            found[first_at[mark]] = key
        return found

    return read_keys


def insert_repeats(db: Connection, again: Sequence[Receipt]) -> list[tuple[int, Verdict]]:
    """Return rows for repeats, without the bodies that their firsts have.

    The key of each and its verdict as stored: what moved nothing is a duplicate, whatever else.
    """
    if not again:
        return []
    marks = {receipt.fingerprint for receipt in again}
    found = select(receipts.c.fingerprint, receipts.c.key).where(
        receipts.c.fingerprint.in_(marks), receipts.c.duplicate_of.is_(None)
    )
    first = {bytes(mark): key for mark, key in db.execute(found)}
    rows = [
        replace(
            receipt,
            duplicate_of=first[receipt.fingerprint],
            body=None,
            verdict=_convert_for_repeat(receipt.verdict),
        )
        for receipt in again
    ]
    values = [dict(zip(_COLUMNS, _make_row(row), strict=True)) for row in rows]
    statement = receipts.insert().returning(receipts.c.key, sort_by_parameter_order=True)
    keys = db.execute(statement, values).scalars()
    return [(key, row.verdict) for key, row in zip(keys, rows, strict=True)]


def correct(db: Connection, judged: Mapping[int, tuple[Verdict, str | None]]) -> None:
    """Say of receipts, by key, what was made of them and why."""
    rows = [(verdict.value, reason, key) for key, (verdict, reason) in judged.items()]
    _CORRECT.execute_later(db, rows)


def lock_judged(db: Connection, keys: Collection[int]) -> dict[int, tuple[Verdict, int | None]]:
    """Lock receipts that are to be judged anew; return the verdict and the task of each."""
    found = (
        select(receipts.c.key, receipts.c.verdict, receipts.c.task_key)
        .where(receipts.c.key.in_(keys))
        .order_by(receipts.c.key)
        .with_for_update()
    )
    return {key: (read_member(Verdict, verdict), task) for key, verdict, task in db.execute(found)}


def judge_anew(db: Connection, key: int, judged: RereadReceipt) -> None:
    """Say of a receipt what was made of it when it was read again, and whose it is."""
    new = {
        "verdict": judged.verdict.value,
        "reason": judged.reason,
        "task_key": judged.task_key,
        "reader": judged.reader,
    }
    db.execute(update(receipts).where(receipts.c.key == key).values(new))


def list_of_task(db: Connection, task_key: int, *, after: int, limit: int) -> list[Receipt]:
    """Return one task's receipts, oldest first; a repeat comes with the body it shares."""
    shared = receipts.alias("shared")
    found = (
        select(receipts, shared.c.body.label("shared_body"))
        .outerjoin(shared, shared.c.key == receipts.c.duplicate_of)
        .where(receipts.c.task_key == task_key, receipts.c.key > after)
        .order_by(receipts.c.key)
        .limit(limit)
    )
    return [
        build_receipt(row, row.body if row.body is not None else row.shared_body)
        for row in db.execute(found)
    ]


def find_last_unconfirmed(db: Connection, task_key: int) -> Receipt | None:
    """Return the latest callback whose verdict for a task was held back."""
    found = (
        select(receipts)
        .where(receipts.c.task_key == task_key, receipts.c.verdict == Verdict.UNCONFIRMED.value)
        .order_by(receipts.c.key.desc())
        .limit(1)
    )
    row = db.execute(found).one_or_none()
    return None if row is None else build_receipt(row, row.body)


def forget_forged(db: Connection, *, before: datetime, limit: int) -> int:
    """Drop the oldest forged callbacks that are no task's; return how many."""
    oldest = (
        select(receipts.c.key, receipts.c.received_at)
        .where(
            receipts.c.tenant == DEFAULT_TENANT,
            # Spelt out, or the partial index would not be used.
            receipts.c.verdict == literal_column(f"'{Verdict.FORGED.value}'"),
            text(ODD),
            receipts.c.task_key.is_(None),
        )
        .order_by(receipts.c.key)
        .limit(limit)
        .subquery()
    )
    old = select(oldest.c.key).where(oldest.c.received_at < before)
    return db.execute(delete(receipts).where(receipts.c.key.in_(old))).rowcount


def build_receipt(row: Row[Any], body: bytes | None) -> Receipt:
    """Make a receipt of a row. body: its own, or the one that it shares."""
    return Receipt(
        key=row.key,
        tenant=row.tenant,
        provider=row.provider,
        task_key=row.task_key,
        source=read_member(Source, row.source),
        verdict=read_member(Verdict, row.verdict),
        reason=row.reason,
        received_at=row.received_at,
        fingerprint=bytes(row.fingerprint),
        duplicate_of=row.duplicate_of,
        headers=row.headers,
        size_bytes=row.size_bytes,
        body=body,
        reader=row.reader,
    )


def _insert(db: Connection, new: Sequence[Receipt]) -> Callable[[], dict[bytes, int]]:
    """Insert those whose fingerprint is not there yet; call it for their keys by fingerprint."""
    if not get_dialect(db).has_one_writer:
        found = _INSERT.fetch(db, [_make_row(receipt) for receipt in new])
        return lambda: dict(found())
    # One process writes at a time, so that it may number the rows itself.
    last = bulk.find_last_number(db, "receipts")
    keys = range(last + 1, last + 1 + len(new))
    rows = [(*_make_row(receipt), key) for key, receipt in zip(keys, new, strict=True)]
    made = {receipt.fingerprint: key for key, receipt in zip(keys, new, strict=True)}
    if _INSERT_NUMBERED.run(db, rows) < len(new):
        there = bulk.run(db, "SELECT key FROM receipts WHERE key > ?", (last,))
        inserted = {key for (key,) in there}
        made = {mark: key for mark, key in made.items() if key in inserted}
    return lambda: made


def _convert_for_repeat(verdict: Verdict) -> Verdict:
    moved_nothing = {
        Verdict.STALE,
        Verdict.CONFLICT,
        Verdict.UNKNOWN_STATUS,
        Verdict.UNCONFIRMED,
    }
    return Verdict.DUPLICATE if verdict in moved_nothing else verdict


def _make_row(receipt: Receipt) -> tuple[Any, ...]:
    return (
        receipt.tenant,
        receipt.provider,
        receipt.task_key,
        receipt.source._value_,
        receipt.verdict._value_,
        receipt.reason,
        receipt.received_at,
        receipt.fingerprint,
        receipt.duplicate_of,
        dict(receipt.headers) if receipt.headers else None,
        receipt.size_bytes,
        receipt.body,
        receipt.reader,
    )
