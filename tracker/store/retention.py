"""Statements on `retention_walks`, and on ended tasks in the order in which they are walked."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, delete, func, select, text, tuple_

from tracker.domain.retention import KeptClass, RetentionWalk
from tracker.domain.task import TaskState
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import ENDED, retention_walks, tasks
from tracker.store.stats import NOBODY
from tracker.store.tolerant import read_member

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = ("finished_at", "key", "skipped_at", "skipped_key", "rewound_at")


_WALKS = select(retention_walks)
_KEEP = bulk.insert(
    retention_walks,
    ("tenant", "name", *_PLACE),
    conflict="ON CONFLICT (name) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in _PLACE),
)
_READER = RowReader(retention_walks, ("name", *_PLACE), {})
_NAMED = f"SELECT name, {', '.join(_PLACE)} FROM retention_walks WHERE name"  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True, order=True)
class WalkPlace:
    """A place among the ended tasks."""

    finished_at: datetime = LONG_AGO
    key: int = 0


@dataclass(frozen=True, slots=True)
class WalkProgress:
    """How far a walk has come.

    place:      the last task that it has come by.
    skipped:    the first that could not be dropped then.
    rewound_at: when it last began again there.
    """

    place: WalkPlace
    skipped: WalkPlace | None
    rewound_at: datetime


@dataclass(frozen=True, slots=True)
class EndedRow:
    """An ended task, as far as rules ask."""

    place: WalkPlace
    tenant: str
    provider: str
    state: TaskState


def measure_batch(db: Connection) -> int:
    """Return how many tasks one transaction drops something of."""
    return 200 if get_dialect(db).has_one_writer else 1000


def list_page(db: Connection, after: WalkPlace, *, before: datetime, limit: int) -> list[EndedRow]:
    """Return the next tasks that ended before an instant, oldest first."""
    values = {"after": after.finished_at, "key": after.key, "before": before, "most": limit}
    return [
        EndedRow(WalkPlace(at, key), tenant, provider, read_member(TaskState, state))
        for at, key, tenant, provider, state in db.execute(_PAGE, values)
    ]


def count(db: Connection, after: WalkPlace, *, before: datetime, most: int) -> int:
    """Count the tasks that a walk has yet to come by, up to a bound."""
    some = select_due(select(tasks.c.key), after, before).limit(most).subquery()
    return db.scalar(select(func.count()).select_from(some)) or 0


def select_due(found: Select[Any], after: WalkPlace, before: datetime) -> Select[Any]:
    """Narrow a query on tasks to those behind a place that ended before an instant."""
    return _filter_due(found, after.finished_at, after.key, before)


def _filter_due(found: Select[Any], at: Any, key: Any, before: Any) -> Select[Any]:
    # Spelt out, or the partial index would not be used.
    return found.where(
        text(ENDED),
        tuple_(tasks.c.finished_at, tasks.c.key) > tuple_(at, key),
        tasks.c.finished_at < before,
    )


_PAGE = (
    _filter_due(
        select(
            *(tasks.c.finished_at, tasks.c.key, tasks.c.tenant, tasks.c.provider, tasks.c.state)
        ),
        bindparam("after", type_=tasks.c.finished_at.type),
        bindparam("key", type_=tasks.c.key.type),
        bindparam("before", type_=tasks.c.finished_at.type),
    )
    .order_by(tasks.c.finished_at, tasks.c.key)
    .limit(bindparam("most"))
)
"""Built once: each batch begins with it."""


def load_progress(db: Connection) -> dict[str, WalkProgress]:
    """Return how far every walk has come that has begun, by name."""
    return {
        row.name: _make_progress(
            row.finished_at, row.key, row.skipped_at, row.skipped_key, row.rewound_at
        )
        for row in db.execute(_WALKS)
    }


def find_places(db: Connection, walks: Iterable[RetentionWalk]) -> dict[RetentionWalk, WalkPlace]:
    """Return the last task that each walk has come by; of one that has not begun, the beginning."""
    there = load_progress(db)
    return {walk: there[walk.name].place if walk.name in there else WalkPlace() for walk in walks}


def load_progress_later(
    db: Connection, names: Collection[str]
) -> Callable[[], dict[str, WalkProgress]]:
    """Look how far some walks have come; call what is returned for that, by name."""
    found = bulk.find_soon(db, _NAMED, sorted(names), encoding.encode_texts, is_sent=False)

    def read() -> dict[str, WalkProgress]:
        rows = _READER.read_values(found(), get_dialect(db))
        return {name: _make_progress(*place) for name, *place in rows}

    return read


def _make_progress(
    finished_at: datetime,
    key: int,
    skipped_at: datetime | None,
    skipped_key: int | None,
    rewound_at: datetime,
) -> WalkProgress:
    skipped = None
    if skipped_at is not None and skipped_key is not None:
        skipped = WalkPlace(skipped_at, skipped_key)
    return WalkProgress(WalkPlace(finished_at, key), skipped, rewound_at)


def keep_progress(db: Connection, name: str, now: WalkProgress) -> None:
    """Remember how far a walk has come."""
    place, skipped = now.place, now.skipped
    skipped_place = (None, None) if skipped is None else (skipped.finished_at, skipped.key)
    row = (NOBODY, name, place.finished_at, place.key, *skipped_place, now.rewound_at)
    _KEEP.execute_later(db, [row])


def forget_walks(db: Connection, *, but: Collection[str]) -> None:
    """Forget walks that no rule asks for any more."""
    db.execute(delete(retention_walks).where(retention_walks.c.name.not_in(but)))


def has_dropped_delivery(db: Connection, id_: UUID) -> bool:
    """Tell whether a delivery of this id, which is not there, may have been dropped.

    Ids hold their time: what was owed before a walk's place may have been, and nothing after it.
    One that a caller made up may hold a time beyond what dates can say.
    """
    try:
        owed_at = datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    walked = retention_walks.c.name.startswith(f"{KeptClass.DELIVERIES.value}/")
    furthest = db.scalar(select(func.max(retention_walks.c.finished_at)).where(walked))
    return furthest is not None and LONG_AGO < owed_at <= furthest


def cut_by_size(
    rows: Sequence[EndedRow], sizes: Mapping[int, int], *, most: int
) -> Sequence[EndedRow]:
    """Return as many rows from the first on as hold so many bytes together; at least one.

    sizes: bytes by the key of their task.
    """
    total = 0
    for number, row in enumerate(rows):
        total += sizes.get(row.place.key, 0)
        if total > most and number:
            return rows[:number]
    return rows
