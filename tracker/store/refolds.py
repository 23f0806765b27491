"""Read tasks with their histories and receipts, many at once, to fold them again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Transition, Verdict
from tracker.domain.records import record
from tracker.domain.task import Task, TaskState
from tracker.store import tasks
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import receipts, transitions
from tracker.store.tolerant import read_member, read_optional_member

_STEP = (
    *("task_key", "version", "from_state", "to_state", "kind", "source", "provider_status"),
    *("message", "provider_at", "at", "receipt_key", "attempt_key", "actor"),
)
_STEPS = f"SELECT {', '.join(_STEP)} FROM transitions WHERE task_key"  # noqa: S608 - our own names
_KEPT = (
    *("key", "task_key", "source", "verdict", "received_at", "duplicate_of", "size_bytes"),
    *("headers", "body"),
)
_RECEIPTS = f"SELECT {', '.join(_KEPT)} FROM receipts WHERE"  # noqa: S608 - our own names
_STEP_READER = RowReader(
    transitions,
    _STEP,
    {
        "from_state": lambda word: read_optional_member(TaskState, word),
        "to_state": lambda word: read_member(TaskState, word),
        "kind": lambda word: read_member(EventKind, word),
        "source": lambda word: read_member(Source, word),
    },
)
_KEPT_READER = RowReader(
    receipts,
    _KEPT,
    {
        "source": lambda word: read_member(Source, word),
        "verdict": lambda word: read_member(Verdict, word),
    },
)


@record
class KeptReceipt:
    """A receipt as far as it is needed to read it again. Its fields are those of Receipt."""

    key: int
    task_key: int | None
    source: Source
    verdict: Verdict
    received_at: datetime
    duplicate_of: int | None
    size_bytes: int
    headers: Mapping[str, str] | None
    body: bytes | None


@record
class StoredTask:
    """A task with all its history, and its receipts by key: its own, and those that steps cite."""

    task: Task
    history: Sequence[Transition]
    receipts: Sequence[KeptReceipt]


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """The receipts that lead to tasks. Only tasks of `tenant` are led to.

    since:    received from then on; None for all.
    verdicts: with one of these; empty for all.
    task_key: of this task alone; None for all.
    last:     the highest key.
    """

    tenant: str
    provider: str
    since: datetime | None
    verdicts: Collection[Verdict]
    task_key: int | None
    last: int


def find_last_key(db: Connection) -> int:
    """Return the highest key of a receipt; 0 without any."""
    return db.scalar(select(func.max(receipts.c.key))) or 0


def find_key_before(db: Connection, since: datetime, *, last: int) -> int:
    """Return a key behind which all receipts lie that were received from then on.

    Keys follow the time that receipts came, but for what came at once.
    """
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        found = select(receipts.c.received_at).where(receipts.c.key > middle)
        at = db.scalar(found.order_by(receipts.c.key).limit(1))
        if at is not None and at < since:
            low = middle + 1
        else:
            high = middle
    return max(0, low - _AT_ONCE)


_AT_ONCE = 10_000
"""Receipts that may have been received in another order than they were numbered."""


def list_page(
    db: Connection, wanted: ReceiptFilter, *, after: int, limit: int
) -> tuple[int, list[tuple[int, int]]]:
    """Return the key of the last receipt that was looked at, and matching ones with their tasks.

    limit: how many are looked at. The key is `wanted.last` where none is left.
    """
    columns = receipts.c
    found = select(
        columns.key,
        columns.task_key,
        columns.tenant,
        columns.provider,
        columns.verdict,
        columns.received_at,
    ).where(columns.key > after, columns.key <= wanted.last)
    if wanted.task_key is not None:
        found = found.where(columns.task_key == wanted.task_key)
    rows = db.execute(found.order_by(columns.key).limit(limit)).all()
    matching = [
        (key, task_key)
        for key, task_key, tenant, provider, verdict, received_at in rows
        if task_key is not None
        and tenant == wanted.tenant
        and provider == wanted.provider
        and (not wanted.verdicts or verdict in wanted.verdicts)
        and (wanted.since is None or received_at >= wanted.since)
    ]
    return (rows[-1].key if len(rows) == limit else wanted.last), matching


def find_first_keys(db: Connection, wanted: ReceiptFilter, keys: Collection[int]) -> dict[int, int]:
    """Return the first matching receipt of each of these tasks."""
    columns = receipts.c
    terms: list[ColumnElement[bool]] = [
        columns.task_key.in_(keys),
        columns.provider == wanted.provider,
        columns.key <= wanted.last,
    ]
    if wanted.verdicts:
        terms.append(columns.verdict.in_([verdict.value for verdict in wanted.verdicts]))
    if wanted.since is not None:
        terms.append(columns.received_at >= wanted.since)
    found = select(columns.task_key, func.min(columns.key)).where(*terms)
    return dict(db.execute(found.group_by(columns.task_key)).all())


def load(db: Connection, keys: Collection[int]) -> list[StoredTask]:
    """Return tasks with all that they are folded from, by row key."""
    return find_beside(db, tasks.get_by_keys(db, keys))


def find_beside(db: Connection, found: Mapping[int, Task]) -> list[StoredTask]:
    """Lay histories and receipts beside tasks, by row key."""
    keys, dialect = list(found), get_dialect(db)
    histories: dict[int, list[Transition]] = {key: [] for key in keys}
    rows = bulk.find(db, _STEPS, keys, encoding.integers)
    for of, *values in _STEP_READER.read_values(rows, dialect):
        histories[of].append(Transition(*values))
    rows = bulk.find(db, f"{_RECEIPTS} task_key", keys, encoding.integers)
    kept = {row[0]: row for row in rows}
    cited: dict[int, set[int]] = {}
    for key, history in histories.items():
        history.sort(key=_build_version)
        cited[key] = {step.receipt for step in history if step.receipt is not None}
    # A callback that tells of several tasks is the receipt of one of them.
    others = sorted(set().union(*cited.values()) - kept.keys())
    for row in bulk.find(db, f"{_RECEIPTS} key", others, encoding.integers):
        kept[row[0]] = row
    read = (KeptReceipt(*v) for v in _KEPT_READER.read_values([*kept.values()], dialect))
    by_key = {one.key: one for one in read}
    own: dict[int, set[int]] = {key: set() for key in keys}
    for one in by_key.values():
        if one.task_key in own:
            own[one.task_key].add(one.key)
    return [
        StoredTask(
            task,
            histories[key],
            [by_key[of] for of in sorted(own[key] | cited[key]) if of in by_key],
        )
        for key, task in sorted(found.items())
    ]


def set_reader(db: Connection, keys: Collection[int], reader: int) -> None:
    """Say which revision of an adapter read these receipts last."""
    db.execute(receipts.update().where(receipts.c.key.in_(keys)).values(reader=reader))


def _build_version(step: Transition) -> Any:
    return step.version
