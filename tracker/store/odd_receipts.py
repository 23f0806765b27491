"""Statements that read receipts for people: odd ones by verdict, and one with all it has."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, literal_column, select, text
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.events import Source
from tracker.domain.lifecycle import Verdict
from tracker.store.attention import ASKING
from tracker.store.dismissals import Dismissal, DismissalKind
from tracker.store.receipts import Receipt, build_receipt
from tracker.store.schema import ODD, dismissals, receipts, tasks


@dataclass(frozen=True, slots=True)
class JudgedReceipt:
    """A receipt, the task that it is about, and who put it aside.

    receipt:   without its body in lists.
    task_id:   None where it belongs to no task.
    dismissal: None as long as it was not dismissed.
    """

    receipt: Receipt
    task_id: UUID | None
    dismissal: Dismissal | None


@dataclass(frozen=True, slots=True)
class OddFilter:
    """Which odd receipts of a tenant are meant.

    provider:     None for all.
    is_dismissed: None for both kinds.
    """

    tenant: str
    verdicts: Collection[Verdict] = ASKING
    provider: str | None = None
    is_dismissed: bool | None = None


def list_page(
    db: Connection, wanted: OddFilter, *, before: int | None, limit: int
) -> list[JudgedReceipt]:
    """Return odd receipts, newest first.

    before: the row key of the last one of the page before; None for the first page.
    """
    found: list[JudgedReceipt] = []
    for verdict in wanted.verdicts:  # each is a walk of one index
        query = _select_judged(with_body=False).where(
            receipts.c.tenant == wanted.tenant,
            # Spelt out, or the partial index would not be used.
            receipts.c.verdict == literal_column(f"'{verdict.value}'"),
            text(ODD),
        )
        if wanted.provider is not None:
            query = query.where(receipts.c.provider == wanted.provider)
        if before is not None:
            query = query.where(receipts.c.key < before)
        if wanted.is_dismissed is not None:
            is_kept = dismissals.c.at.is_not(None)
            query = query.where(is_kept if wanted.is_dismissed else ~is_kept)
        query = query.order_by(receipts.c.key.desc()).limit(limit)
        found += [_parse_receipt(row, row.body) for row in db.execute(query)]
    return nlargest(limit, found, key=lambda one: one.receipt.key)


def get_whole(db: Connection, tenant: str, key: int) -> JudgedReceipt | None:
    """Return one receipt of a tenant; a repeat comes with the body that it shares."""
    query = _select_judged(with_body=True).where(receipts.c.tenant == tenant, receipts.c.key == key)
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    return _parse_receipt(row, row.body if row.body is not None else row.shared_body)


def list_by_keys(db: Connection, tenant: str, keys: Collection[int]) -> dict[int, JudgedReceipt]:
    """Return receipts of a tenant by their row keys, without their bodies."""
    query = _select_judged(with_body=False).where(
        receipts.c.tenant == tenant, receipts.c.key.in_(keys)
    )
    return {row.key: _parse_receipt(row, row.body) for row in db.execute(query)}


def _select_judged(*, with_body: bool) -> Select[Any]:
    shared = receipts.alias("shared")
    of = and_(dismissals.c.kind == DismissalKind.RECEIPT.value, dismissals.c.of == receipts.c.key)
    columns = [column for column in receipts.c if with_body or column is not receipts.c.body]
    others: list[ColumnElement[Any]] = [literal_column("NULL").label("body")]
    if with_body:
        others = [shared.c.body.label("shared_body")]
    found = (
        select(*columns, *others, tasks.c.id, dismissals.c.at, dismissals.c.actor)
        .outerjoin(tasks, tasks.c.key == receipts.c.task_key)
        .outerjoin(dismissals, of)
    )
    return found.outerjoin(shared, shared.c.key == receipts.c.duplicate_of) if with_body else found


def _parse_receipt(row: Any, body: bytes | None) -> JudgedReceipt:
    dismissal = None if row.at is None else Dismissal(row.at, row.actor)
    return JudgedReceipt(build_receipt(row, body), row.id, dismissal)


@dataclass(frozen=True, slots=True)
class LatestCallback:
    """A callback of a provider, and how it was judged."""

    provider: str
    verdict: Verdict
    received_at: datetime


def list_latest_callbacks(db: Connection, *, limit: int) -> list[LatestCallback]:
    """Return the newest callbacks of all tenants, newest first."""
    found = (
        select(receipts.c.provider, receipts.c.verdict, receipts.c.received_at)
        .where(receipts.c.source == Source.CALLBACK.value)
        .order_by(receipts.c.key.desc())
        .limit(limit)
    )
    return [LatestCallback(row[0], Verdict(row[1]), row[2]) for row in db.execute(found)]
