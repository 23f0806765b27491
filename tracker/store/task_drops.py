"""Statements that drop whole tasks, and leave a tombstone of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from tracker.domain.custody import AssetState
from tracker.domain.delivery import UNENDED
from tracker.domain.task import TaskState
from tracker.store import assets, drops, stats, tombstones
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import dialect_of
from tracker.store.schema import assets as assets_table
from tracker.store.schema import feed_floors, tasks
from tracker.store.tolerant import member
from tracker.store.tombstones import Tombstone

_LOCKED = (
    *(tasks.c.key, tasks.c.id, tasks.c.tenant, tasks.c.provider, tasks.c.account),
    *(tasks.c.external_task_id, tasks.c.never_created, tasks.c.state, tasks.c.created_at),
    tasks.c.finished_at,
)
_NEEDED = (
    "SELECT task_key FROM jobs WHERE task_key",
    "SELECT task_key FROM cost_entries WHERE NOT is_counted AND task_key",
    "SELECT task_key FROM bulk_run_tasks WHERE outcome IS NULL AND task_key",
    "SELECT task_key FROM assets WHERE state = 'wanted' AND task_key",
)
"""Looks for tasks that work, sums, runs or files to be fetched still need."""
_DELIVERIES = "SELECT task_key, state FROM deliveries WHERE task_key"
_CHILDREN = (
    "DELETE FROM dismissals WHERE kind = 'follow_up' AND of",
    "DELETE FROM transitions WHERE task_key",
    "DELETE FROM receipts WHERE task_key",
    "DELETE FROM attempts WHERE task_key",
    "DELETE FROM task_labels WHERE task_key",
    "DELETE FROM task_inputs WHERE task_key",
    "DELETE FROM dropped_inputs WHERE task_key",
    "DELETE FROM tasks WHERE key",
)
"""The tables with most rows go first, a statement each; the rest goes with the task."""


@dataclass(frozen=True, slots=True)
class DropResult:
    """The result of dropping something of tasks.

    left:    tasks of which something could not be dropped now.
    objects: files that no asset stands on any more, to be deleted after the commit.
    """

    left: set[int] = field(default_factory=set)
    objects: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Droppable:
    """Which of some tasks can be dropped.

    going:  the rows of those that can be.
    needed: the keys of those that something still needs.
    newest: the newest number that each has in the feed, by its key.
    """

    going: Sequence[Any]
    needed: set[int]
    newest: Mapping[int, int]


def droppable(db: Connection, keys: Sequence[int], *, lock: bool) -> Droppable:
    """Tell which tasks can be dropped. lock: whether that is to hold until the commit."""
    among = dialect_of(db).among
    found = select(*_LOCKED).where(among(tasks.c.key, keys), tasks.c.finished_at.is_not(None))
    found = found.order_by(tasks.c.key)
    rows = db.execute(found.with_for_update() if lock else found).all()
    needed = _needed(db, {row.key: row.id for row in rows}, lock=lock)
    newest = _newest_entries(db, keys)
    counted = stats.counted_to(db)
    needed |= {key for key, seq in newest.items() if seq > counted}
    return Droppable([row for row in rows if row.key not in needed], needed, newest)


def drop_tasks(db: Connection, keys: Sequence[int], *, now: datetime) -> DropResult:
    """Drop tasks with all that belongs to them, but for those that something still needs."""
    found = droppable(db, keys, lock=True)
    dropped = [row.key for row in found.going]
    if not dropped:
        return DropResult(found.needed)
    tombstones.insert_many(db, [_tombstone(row) for row in found.going], now=now)
    _raise_floors(db, found.going, found.newest)
    objects = _drop_assets(db, dropped)
    drops.drop_deliveries(db, dropped)
    bulk.change(
        db,
        "DELETE FROM dismissals WHERE kind = 'receipt' AND of IN"
        " (SELECT key FROM receipts WHERE task_key",
        dropped,
        encoding.integers,
        tail=")",
    )
    for statement in _CHILDREN:
        bulk.change(db, statement, dropped, encoding.integers)
    return DropResult(found.needed, objects)


def _tombstone(row: Any) -> Tombstone:
    return Tombstone(
        id=row.id,
        tenant=row.tenant,
        provider=row.provider,
        account=row.account,
        external_id=None if row.never_created else row.external_task_id,
        state=member(TaskState, row.state),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _needed(db: Connection, ids: Mapping[int, UUID], *, lock: bool) -> set[int]:
    """Return those of some tasks, given with their ids, that something else needs."""
    # Locked, so that none is redelivered between this look and the end.
    tail = " FOR UPDATE" if lock else ""
    owed = bulk.find(db, _DELIVERIES, list(ids), encoding.integers, tail=tail)
    found: set[int] = {key for key, state in owed if state in UNENDED}
    for look in _NEEDED:
        found |= {key for (key,) in bulk.find(db, look, list(ids), encoding.integers)}
    # Their parent's names go into the requests of open tasks.
    open_children = select(tasks.c.parent_id).where(
        text("parent_id IS NOT NULL"),
        dialect_of(db).among(tasks.c.parent_id, list(ids.values())),
        tasks.c.finished_at.is_(None),
    )
    parents = set(db.scalars(open_children))
    return found | {key for key, id_ in ids.items() if id_ in parents}


def _newest_entries(db: Connection, keys: Sequence[int]) -> dict[int, int]:
    """Return the newest number that each task has in the feed."""
    look = "SELECT task_key, seq FROM transitions WHERE task_key"
    newest: dict[int, int] = {}
    for key, seq in bulk.find(db, look, keys, encoding.integers):
        newest[key] = max(seq, newest.get(key, 0))
    return newest


def _raise_floors(db: Connection, going: Sequence[Any], newest: Mapping[int, int]) -> None:
    floors: dict[str, int] = {}
    for row in going:
        floors[row.tenant] = max(newest.get(row.key, 0), floors.get(row.tenant, 0))
    statement = dialect_of(db).insert(feed_floors)
    raised = statement.on_conflict_do_update(
        index_elements=["tenant"],
        set_={"seq": statement.excluded.seq},
        where=statement.excluded.seq > feed_floors.c.seq,
    )
    db.execute(raised, [{"tenant": tenant, "seq": seq} for tenant, seq in sorted(floors.items())])


def _drop_assets(db: Connection, keys: Sequence[int]) -> Sequence[str]:
    """Drop the assets of tasks; return the objects that nobody needs any more."""
    columns = assets_table.c
    found = select(columns.tenant, columns.sha256, columns.store_key).where(
        text("task_key IS NOT NULL"),
        dialect_of(db).among(columns.task_key, keys),
        columns.state == AssetState.KEPT.value,
    )
    rows = db.execute(found).all()
    for tenant, digest in sorted({(row.tenant, bytes(row.sha256 or b"")) for row in rows}):
        assets.lock_bytes(db, tenant, digest)
    bulk.change(db, "DELETE FROM assets WHERE task_key", keys, encoding.integers)
    kept = {row.store_key for row in rows if row.store_key is not None}
    return sorted(kept - assets.in_use(db, kept)) if kept else ()
