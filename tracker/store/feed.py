"""Statements on the change feed: transitions in the order of their commits, each with its task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from tracker.domain.errors import CursorTooOld, Unavailable
from tracker.domain.lifecycle import Transition
from tracker.store import feed_head as feed_heads
from tracker.store.filters import TaskFilter
from tracker.store.schema import feed_floors, feed_head, tasks, transitions
from tracker.store.transitions import read_transition

SCAN = 2000
"""How many entries one page looks at for those that its filters ask for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the feed.

    seq:     its number; whoever has seen it never later finds a smaller one.
    The fields up to `metadata` are the task's, as it was when the entry was read.
    """

    seq: int
    tenant: str
    task_id: UUID
    provider: str
    account: str
    operation: str
    external_task_id: str
    provider_task_id: str | None
    created_at: datetime
    overdue: bool
    metadata: Mapping[str, Any]
    step: Transition


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some entries, oldest first.

    position: how far the feed has been looked through; go on behind it.
    more:  whether there is more to look at now.
    """

    changes: Sequence[Change]
    position: int
    more: bool


_TASK = (
    tasks.c.id,
    tasks.c.provider,
    tasks.c.account,
    tasks.c.operation,
    tasks.c.external_task_id,
    tasks.c.provider_task_id,
    tasks.c.created_at,
    tasks.c.overdue,
    tasks.c.metadata,
)
_ENTRIES = (
    select(transitions, *_TASK)
    .join(tasks, tasks.c.key == transitions.c.task_key)
    .where(transitions.c.seq > bindparam("after"))
    .order_by(transitions.c.seq)
    .limit(bindparam("most"))
)


# On SQLite code before `feed_head` leaves that row behind.
_ENDS = select(
    select(func.max(transitions.c.seq)).scalar_subquery(),
    select(feed_head.c.seq).where(feed_head.c.tenant == feed_heads.NOBODY).scalar_subquery(),
)


def find_head(db: Connection) -> int:
    """Return the newest number; 0 in an empty feed."""
    newest, taken = db.execute(_ENDS).one()
    return max(newest or 0, taken or 0)


def list_tail(db: Connection, after: int, *, limit: int) -> list[Change]:
    """List the changes after a position, of all tenants, oldest first."""
    rows = db.execute(_ENTRIES, {"after": after, "most": limit})
    return [_change(row) for row in rows]


def measure_span(db: Connection, after: int, *, limit: int) -> tuple[int | None, int]:
    """Return the last number of the entries behind a position, and how many they are.

    Whoever has seen a number never misses one below it.
    """
    found = (
        select(transitions.c.seq)
        .where(transitions.c.seq > after)
        .order_by(transitions.c.seq)
        .limit(limit)
        .subquery()
    )
    last, count = db.execute(select(func.max(found.c.seq), func.count()).select_from(found)).one()
    return last, count


def list_page(db: Connection, filter_: TaskFilter, *, after: int, limit: int) -> FeedPage:
    """List the changes after a position that pass the filter.

    Looks at no more than SCAN entries of the tenant, however few of them fit: a page takes the
    same time whatever is asked for and however long the feed is.
    Raises CursorTooOld when the position is not in the feed; Unavailable while it may be again.
    """
    newest = find_head(db)
    if after > newest:
        if feed_heads.is_elsewhere(db):
            raise Unavailable("another server answers, and the feed's numbers have not leapt yet")
        raise CursorTooOld("the feed ends before this cursor: an older database was restored")
    floor = _read_floor(db, filter_.tenant)
    if 0 < after < floor:
        raise CursorTooOld("what comes behind this cursor is not all kept any more")
    after = max(after, floor)  # who begins at the beginning begins where all is kept
    if after == newest:
        return FeedPage((), after, more=False)
    looked_at, end = newest, True
    if filter_.is_narrow():
        looked_at, end = _scan(db, filter_.tenant, after, newest)
    fitting = _ENTRIES.where(
        transitions.c.tenant == filter_.tenant,
        transitions.c.seq <= looked_at,
        *filter_.build_change_conditions(),
    )
    found = _read_changes(db, fitting, {"after": after, "most": limit})
    if len(found) == limit:
        return FeedPage(found, found[-1].seq, more=True)
    return FeedPage(found, looked_at, more=not end)


def _read_floor(db: Connection, tenant: str) -> int:
    """Return the highest number of a tenant that was dropped; 0 where none was."""
    return db.scalar(select(feed_floors.c.seq).where(feed_floors.c.tenant == tenant)) or 0


def _scan(db: Connection, tenant: str, after: int, newest: int) -> tuple[int, bool]:
    """Return how far one page looks, and whether that is the end of the feed."""
    seen = (
        select(transitions.c.seq)
        .where(
            transitions.c.tenant == tenant,
            transitions.c.seq > after,
            transitions.c.seq <= newest,
        )
        .order_by(transitions.c.seq)
        .limit(SCAN)
        .subquery()
    )
    last, count = db.execute(select(func.max(seen.c.seq), func.count())).one()
    return (newest, True) if count < SCAN else (last, False)


def _read_changes(db: Connection, found: Select[Any], values: dict[str, Any]) -> list[Change]:
    return [_change(row) for row in db.execute(found, values)]


def _change(row: Row[Any]) -> Change:
    return Change(
        seq=row.seq,
        tenant=row.tenant,
        task_id=row.id,
        provider=row.provider,
        account=row.account,
        operation=row.operation,
        external_task_id=row.external_task_id,
        provider_task_id=row.provider_task_id,
        created_at=row.created_at,
        overdue=row.overdue,
        metadata=row.metadata or {},
        step=read_transition(row),
    )
