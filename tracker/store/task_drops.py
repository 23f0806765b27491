"""Statements that drop whole tasks, and leave a tombstone of each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from tracker.domain.task import TaskState
from tracker.store import assets, drops, owned_results, stats, tombstones
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import get_dialect
from tracker.store.drops import DeliveryRow
from tracker.store.schema import feed_floors, tasks
from tracker.store.tolerant import read_member
from tracker.store.tombstones import Tombstone


class DroppableTask(NamedTuple):
    """A task that may be dropped, as far as its tombstone tells of it."""

    key: int
    id: UUID
    tenant: str
    provider: str
    account: str
    external_task_id: str | None
    never_created: bool
    state: str
    created_at: datetime
    finished_at: datetime


_READER = RowReader(tasks, DroppableTask._fields, {})
_ENDED = (
    f"SELECT {', '.join(DroppableTask._fields)} FROM tasks WHERE finished_at IS NOT NULL AND key"  # noqa: S608 - our own names
)
# Their parent's names go into the requests of open tasks. One look for each: as a join, a database
# without statistics walks all tasks.
_PARENTS = (
    "SELECT key FROM tasks WHERE (SELECT children.key FROM tasks AS children"
    " WHERE children.parent_id IS NOT NULL AND children.finished_at IS NULL"
    " AND children.parent_id = tasks.id LIMIT 1) IS NOT NULL AND key"
)
_NEEDED = (
    "SELECT task_key FROM jobs WHERE task_key",
    "SELECT task_key FROM cost_entries WHERE NOT is_counted AND task_key",
    "SELECT task_key FROM bulk_run_tasks WHERE outcome IS NULL AND task_key",
    "SELECT task_key FROM assets WHERE state = 'wanted' AND task_key",
)
"""Looks for tasks that work, sums, runs or files to be fetched still need."""
_NEWEST = "SELECT task_key, seq FROM transitions WHERE task_key"
_KEPT_ASSETS = (
    "SELECT task_key, tenant, sha256, store_key FROM assets"
    " WHERE task_key IS NOT NULL AND state = 'kept' AND task_key"
)
_RAISE_FLOORS = bulk.insert(
    feed_floors,
    ("tenant", "seq"),
    conflict="ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq"
    " WHERE excluded.seq > feed_floors.seq",
)
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

    going:  those that can be.
    needed: the keys of those that something still needs.
    newest: the newest number that each has in the feed, by its key.
    owed:   the deliveries of all of them.
    kept:   the files of all of them: task, tenant, digest and name.
    """

    going: Sequence[DroppableTask]
    needed: set[int]
    newest: Mapping[int, int]
    owed: Sequence[DeliveryRow]
    kept: Sequence[tuple[Any, ...]]


def find_droppable_later(
    db: Connection, keys: Sequence[int], *, lock: bool
) -> Callable[[], Droppable]:
    """Look which tasks can be dropped; call what is returned for that.

    On PostgreSQL all looks go on their way together. lock: whether the answer is to hold until the
    commit.
    """
    tail = " ORDER BY key FOR UPDATE" if lock else ""
    found = bulk.find_soon(db, _ENDED, keys, encoding.integers, tail=tail, is_sent=False)
    # Locked, so that none is redelivered between this look and the end.
    owed = drops.find_deliveries(db, keys, lock=lock)
    needing = [
        bulk.find_soon(db, look, keys, encoding.integers, is_sent=False)
        for look in (*_NEEDED, _PARENTS)
    ]
    kept = bulk.find_soon(
        db, _KEPT_ASSETS, keys, encoding.integers, is_sent=False
    )  # behind those yet wanted
    entries = bulk.find_soon(db, _NEWEST, keys, encoding.integers, is_sent=False)
    counted = stats.prepare_counted_place(db)
    recorded = owned_results.prepare_recorded(db)

    def read() -> Droppable:
        rows = sorted(
            DroppableTask(*values) for values in _READER.read_values(found(), get_dialect(db))
        )
        deliveries = owed()
        needed = {one.task_key for one in deliveries if not one.has_ended}
        needed.update(key for look in needing for (key,) in look())
        newest: dict[int, int] = {}
        for key, seq in entries():
            newest[key] = max(seq, newest.get(key, 0))
        done = min(counted(), recorded())
        needed.update(key for key, seq in newest.items() if seq > done)
        going = [row for row in rows if row.key not in needed]
        return Droppable(going, needed, newest, deliveries, kept())

    return read


def drop_tasks(
    db: Connection, found: Droppable, *, now: datetime, but: Collection[int] = ()
) -> DropResult:
    """Drop tasks that are locked with all that belongs to them. but: the keys of some that stay."""
    rows = [row for row in found.going if row.key not in but]
    dropped = [row.key for row in rows]
    going = set(dropped)
    if not dropped:
        return DropResult(found.needed)
    tombstones.insert_many(db, [_make_tombstone(row) for row in rows], now=now)
    _raise_floors(db, rows, found.newest)
    objects = _drop_assets(db, dropped, [one for key, *one in found.kept if key in going])
    drops.drop_ended_deliveries(db, [one for one in found.owed if one.task_key in going])
    bulk.change_later(
        db,
        "DELETE FROM dismissals WHERE kind = 'receipt' AND of IN"
        " (SELECT key FROM receipts WHERE task_key",
        dropped,
        encoding.integers,
        tail=")",
    )
    for statement in _CHILDREN:
        bulk.change_later(db, statement, dropped, encoding.integers)
    return DropResult(found.needed, objects)


def _make_tombstone(row: DroppableTask) -> Tombstone:
    return Tombstone(
        id=row.id,
        tenant=row.tenant,
        provider=row.provider,
        account=row.account,
        external_id=None if row.never_created else row.external_task_id,
        state=read_member(TaskState, row.state),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _raise_floors(
    db: Connection, going: Sequence[DroppableTask], newest: Mapping[int, int]
) -> None:
    floors: dict[str, int] = {}
    for row in going:
        floors[row.tenant] = max(newest.get(row.key, 0), floors.get(row.tenant, 0))
    _RAISE_FLOORS.execute_later(db, sorted(floors.items()))


def _drop_assets(
    db: Connection, keys: Sequence[int], rows: Sequence[Sequence[Any]]
) -> Sequence[str]:
    """Drop the assets of tasks; return the objects that nobody needs any more.

    rows: tenant, digest and name of the files that are kept of them.
    """
    for tenant, digest in sorted({(tenant, bytes(sha256 or b"")) for tenant, sha256, _ in rows}):
        assets.lock_bytes(db, tenant, digest)
    bulk.change_later(db, "DELETE FROM assets WHERE task_key", keys, encoding.integers)
    kept = {store_key for _, _, store_key in rows if store_key is not None}
    return sorted(kept - assets.list_in_use(db, kept)) if kept else ()
