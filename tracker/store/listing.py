"""Lists of tasks in pages. A page takes the same time whatever is asked for and however many tasks
there are: it walks one index, a bounded way.

Each filter has an index that holds its tasks in the order of the list (docs/decisions/
0006-lists-walk-one-index.md). Of several filters one is walked along; what the others leave out is
stepped over, at most SCAN tasks a page. Then a page may be short and the list go on all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    literal,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)

from tracker.domain.task import Task, TaskState
from tracker.store import labels, task_rows
from tracker.store.driver.types import UtcDateTime
from tracker.store.filters import TaskFilter
from tracker.store.schema import task_labels, tasks
from tracker.store.tasks import get_by_keys

SCAN = 2000
"""How many tasks one page steps over in search of those that fit."""


class Order(StrEnum):
    """By the time of submission; by that of the last change where the filter is about changes."""

    NEWEST = "desc"
    OLDEST = "asc"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list is: behind this task. at: what the list is sorted by."""

    at: datetime
    key: int


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some tasks of a list.

    position: where the list goes on; None at its end.
    """

    tasks: Sequence[Task]
    position: Position | None


@dataclass(frozen=True, slots=True)
class _IndexScan:
    """One way to walk.

    at, key:  the columns that give the order.
    branches: one index range each; together they hold every task that may fit.
    used:     the filters that the branches already keep.
    """

    at: ColumnElement[datetime]
    key: ColumnElement[int]
    branches: Sequence[Sequence[ColumnElement[bool]]]
    used: frozenset[str]


def list_page(  # noqa: PLR0913 - scan is for tests alone
    db: Connection,
    filter_: TaskFilter,
    *,
    order: Order,
    after: Position | None,
    limit: int,
    scan: int = SCAN,
) -> ListPage:
    """Return the next tasks of a list.

    scan: how many tasks it steps over at most.
    """
    newest = order is Order.NEWEST
    if filter_.external_task_id is not None or filter_.provider_task_id is not None:
        return _list_named(db, filter_, after, newest=newest, limit=limit)
    index = _choose_index(filter_)
    rest = list(filter_.build_task_conditions(besides=index.used))
    end = None
    if rest:
        end = _end_of_scan(db, index, after, newest=newest, scan=scan)
    bounds = [*_match_behind(index, after, newest=newest), *_match_up_to(index, end, newest=newest)]
    walk = _walk(index, [*bounds, *rest], newest=newest, limit=limit + 1)
    walked = [Position(row.at, row.key) for row in db.execute(walk)]
    last = walked[limit - 1] if len(walked) > limit else end
    # Looked at once more: tasks may have moved since they were walked past, and two entries of
    # metadata may have one digest. Where the list goes on is where it was walked to.
    found = _load(db, [position.key for position in walked[:limit]])
    return ListPage([task for task in found if filter_.is_task_match(task)], last)


def list_skipping_page(
    db: Connection, filter_: TaskFilter, *, offset: int, limit: int
) -> list[Task]:
    """Return a page, newest first, for callers who know no cursors.

    offset: how many tasks are stepped over, in the index: they are not loaded.
    """
    index = _choose_index(filter_)
    rest = list(filter_.build_task_conditions(besides=index.used))
    walk = _walk(index, rest, newest=True, limit=offset + limit)
    walk = walk.offset(offset).limit(limit)
    return _load(db, [row.key for row in db.execute(walk)])


def _list_named(
    db: Connection, filter_: TaskFilter, after: Position | None, *, newest: bool, limit: int
) -> ListPage:
    """Return the few tasks of one name: all are loaded, and the rest is done here."""
    if filter_.external_task_id is not None:
        named = tasks.c.external_task_id == filter_.external_task_id
    else:
        named = tasks.c.provider_task_id == filter_.provider_task_id
    # No other condition: planners without statistics would prefer another index for it.
    loaded = map(task_rows.read_task, db.execute(select(tasks).where(named).limit(SCAN)))
    by_position = {Position(_sort_time(task, filter_), task.key): task for task in loaded}
    ahead = [
        position
        for position in sorted(
            by_position, key=lambda position: (position.at, position.key), reverse=newest
        )
        if filter_.is_task_match(by_position[position])
        and _is_behind(position, after, newest=newest)
    ]
    last = ahead[limit - 1] if len(ahead) > limit else None
    return ListPage([by_position[position] for position in ahead[:limit]], last)


def _is_behind(position: Position, after: Position | None, *, newest: bool) -> bool:
    if after is None:
        return True
    here, there = (position.at, position.key), (after.at, after.key)
    return here < there if newest else here > there


def _choose_index(filter_: TaskFilter) -> _IndexScan:
    """Return the index to walk: the one that most likely leaves the least to step over."""
    tenant = tasks.c.tenant == filter_.tenant
    at: ColumnElement[datetime] = tasks.c.created_at
    times = {"created_after", "created_before"}
    if filter_.is_about_changes():
        at, times = tasks.c.updated_at, {"updated_after", "updated_before"}
    within = list(filter_.build_task_conditions(only=times))

    def scan_index(used: str, *branches: Sequence[ColumnElement[bool]]) -> _IndexScan:
        ranges = [[tenant, *branch, *within] for branch in branches]
        return _IndexScan(at, tasks.c.key, ranges, frozenset({used, *times}))

    if filter_.is_about_changes():
        return scan_index("", [])
    if filter_.metadata:
        return _scan_labels(filter_)
    if filter_.overdue:
        # Spelt as the partial index is, and once more for the column in it.
        flagged = [literal_column("overdue"), tasks.c.overdue.is_(true())]
        return scan_index("overdue", flagged)
    # Nearly all tasks succeed: an operation narrows more than that state.
    if filter_.states and not (filter_.operation and TaskState.SUCCEEDED in filter_.states):
        return scan_index(
            "states", *([tasks.c.state == state.value] for state in sorted(filter_.states))
        )
    if filter_.operation is not None:
        return scan_index("operation", [tasks.c.operation == filter_.operation])
    return scan_index("", [])


def _scan_labels(filter_: TaskFilter) -> _IndexScan:
    name, value = filter_.metadata[0]
    table = task_labels.c
    within = [table.tenant == filter_.tenant, table.mark == labels.mark(name, value)]
    if filter_.created_after is not None:
        within.append(table.created_at > filter_.created_after)
    if filter_.created_before is not None:
        within.append(table.created_at < filter_.created_before)
    used = frozenset({f"metadata.{name}", "created_after", "created_before"})
    return _IndexScan(table.created_at, table.task_key, [within], used)


def _end_of_scan(
    db: Connection, index: _IndexScan, after: Position | None, *, newest: bool, scan: int
) -> Position | None:
    """Return how far one page goes at most; None where the list ends before."""
    behind = list(_match_behind(index, after, newest=newest))
    walk = _walk(index, behind, newest=newest, limit=scan).offset(scan - 1).limit(1)
    row = db.execute(walk).one_or_none()
    return None if row is None else Position(row.at, row.key)


def _match_behind(
    index: _IndexScan, position: Position | None, *, newest: bool
) -> Iterator[ColumnElement[bool]]:
    if position is not None:
        here, there = tuple_(index.at, index.key), _make_tuple(position)
        yield here < there if newest else here > there


def _match_up_to(
    index: _IndexScan, position: Position | None, *, newest: bool
) -> Iterator[ColumnElement[bool]]:
    if position is not None:
        here, there = tuple_(index.at, index.key), _make_tuple(position)
        yield here >= there if newest else here <= there


def _make_tuple(position: Position) -> Any:
    return tuple_(literal(position.at, UtcDateTime()), literal(position.key))


def _walk(
    index: _IndexScan, conditions: Sequence[ColumnElement[bool]], *, newest: bool, limit: int
) -> Select[datetime, int]:
    """(at, key) of tasks along a index, in order."""
    walks: list[Select[datetime, int]] = []
    for branch in index.branches:
        walk: Select[datetime, int] = select(index.at.label("at"), index.key.label("key"))
        walk = walk.where(*branch, *conditions)
        if index.key is not tasks.c.key:
            walk = walk.join(tasks, tasks.c.key == index.key)
        if newest:
            walk = walk.order_by(index.at.desc(), index.key.desc())
        else:
            walk = walk.order_by(index.at, index.key)
        walks.append(walk.limit(limit))
    if len(walks) == 1:
        return walks[0]
    # Each branch comes in order out of its index; only what they give is merged.
    merged = union_all(*(select(walk.subquery()) for walk in walks)).subquery()
    columns = (merged.c.at.desc(), merged.c.key.desc()) if newest else (merged.c.at, merged.c.key)
    return select(merged.c.at, merged.c.key).order_by(*columns).limit(limit)


def _load(db: Connection, keys: Sequence[int]) -> list[Task]:
    """Return tasks in the order of their keys as given."""
    found = get_by_keys(db, keys)
    return [found[key] for key in keys if key in found]


def _sort_time(task: Task, filter_: TaskFilter) -> datetime:
    return task.updated_at if filter_.is_about_changes() else task.created_at
