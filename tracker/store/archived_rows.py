"""Statements that read what is dropped, for the archive, and tell whether it has changed since."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, FromClause, Select, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.archive import SCHEMAS, ArchivedRow, Columns
from tracker.domain.retention import KeptClass
from tracker.store.deliveries import UNENDED
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import (
    assets,
    attempts,
    deliveries,
    delivery_attempts,
    delivery_bodies,
    dropped_inputs,
    receipts,
    stream_texts,
    task_inputs,
    tasks,
    transitions,
)
from tracker.store.task_drops import find_droppable_later

_AT_ONCE = 5_000
"""Keys of one statement."""
Marks = frozenset[tuple[Any, ...]]
"""Of each row that is to be dropped its key, and what changes whenever the row does."""


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """Rows that are to be dropped, as they were written to the archive.

    keys:  of the rows. marks: theirs, before they were read.
    paths: of the files that hold them.
    """

    keys: Sequence[int]
    marks: Marks
    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class _RowSource:
    """Where rows of a class, or of one of its lists, come from.

    owner: the column with the key that they are asked for by.
    named: columns that are called otherwise in the archive, or stand in another table.
    marks: columns that change whenever such a row does; its key first.
    """

    rows: FromClause
    owner: ColumnElement[Any]
    marks: Sequence[ColumnElement[Any]]
    named: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)

    def select(self, columns: Columns) -> Select[Any]:
        """Return a query of these columns, behind the owner, in the order of keys."""
        table = self.marks[0].table
        found = [self.named.get(name, table.c.get(name)).label(name) for name in columns]
        return select(self.owner, *found).select_from(self.rows).order_by(self.marks[0])


_WITH_BODY = deliveries.join(delivery_bodies, delivery_bodies.c.id == deliveries.c.body_id)
_DELIVERY_MARKS = (deliveries.c.key, deliveries.c.state, deliveries.c.attempts)
_OF_TASK = {"tenant": tasks.c.tenant, "task": tasks.c.id, "day": tasks.c.finished_at}
_ROOTS: Mapping[KeptClass, _RowSource] = {
    KeptClass.INPUTS: _RowSource(
        task_inputs.join(tasks, tasks.c.key == task_inputs.c.task_key),
        task_inputs.c.task_key,
        (task_inputs.c.task_key,),
        {**_OF_TASK, "key": task_inputs.c.task_key},
    ),
    KeptClass.EVIDENCE: _RowSource(
        receipts.outerjoin(tasks, tasks.c.key == receipts.c.task_key),
        receipts.c.key,
        (receipts.c.key, receipts.c.verdict, receipts.c.task_key),
        {"task": tasks.c.id, "day": func.coalesce(tasks.c.finished_at, receipts.c.received_at)},
    ),
    KeptClass.DELIVERIES: _RowSource(
        _WITH_BODY.outerjoin(tasks, tasks.c.key == deliveries.c.task_key),
        deliveries.c.key,
        _DELIVERY_MARKS,
        {
            "task": tasks.c.id,
            "day": func.coalesce(tasks.c.finished_at, deliveries.c.created_at),
            "body": delivery_bodies.c.body,
        },
    ),
    KeptClass.TASKS: _RowSource(
        tasks,
        tasks.c.key,
        (tasks.c.key, tasks.c.version, tasks.c.updated_at),
        {"day": tasks.c.finished_at},
    ),
}
_OF_DELIVERY = delivery_attempts.join(
    deliveries, deliveries.c.key == delivery_attempts.c.delivery_key
)
_LISTS: Mapping[KeptClass, Mapping[str, _RowSource]] = {
    KeptClass.INPUTS: {},
    KeptClass.EVIDENCE: {},
    KeptClass.DELIVERIES: {
        "delivery_attempts": _RowSource(
            delivery_attempts, delivery_attempts.c.delivery_key, (delivery_attempts.c.key,)
        ),
    },
    KeptClass.TASKS: {
        "inputs": _RowSource(task_inputs, task_inputs.c.task_key, (task_inputs.c.task_key,)),
        "dropped_inputs": _RowSource(
            dropped_inputs, dropped_inputs.c.task_key, (dropped_inputs.c.task_key,)
        ),
        "transitions": _RowSource(transitions, transitions.c.task_key, (transitions.c.seq,)),
        "attempts": _RowSource(attempts, attempts.c.task_key, (attempts.c.key, attempts.c.outcome)),
        "receipts": _RowSource(
            receipts, receipts.c.task_key, (receipts.c.key, receipts.c.verdict, receipts.c.reader)
        ),
        "deliveries": _RowSource(
            _WITH_BODY, deliveries.c.task_key, _DELIVERY_MARKS, {"body": delivery_bodies.c.body}
        ),
        "delivery_attempts": _RowSource(
            _OF_DELIVERY, deliveries.c.task_key, (delivery_attempts.c.key,)
        ),
        "stream_texts": _RowSource(
            stream_texts, stream_texts.c.task_key, (stream_texts.c.task_key,)
        ),
        "assets": _RowSource(assets, assets.c.task_key, (assets.c.key, assets.c.state)),
    },
}
_SIZED: Mapping[KeptClass, Sequence[str]] = {
    KeptClass.INPUTS: ("inputs",),
    KeptClass.EVIDENCE: ("receipts",),
    KeptClass.DELIVERIES: ("deliveries",),
    KeptClass.TASKS: ("inputs", "receipts", "deliveries"),
}
"""The lists of a task whose bodies are written with a class."""


def measure_bodies(
    db: Connection, kept_class: KeptClass, task_keys: Sequence[int]
) -> dict[int, int]:
    """Return how many bytes of bodies are written of tasks, by the task's key."""
    found: dict[int, int] = defaultdict(int)
    for name in _SIZED[kept_class]:
        source = _LISTS[KeptClass.TASKS][name]
        body = source.named.get("body", source.marks[0].table.c.get("body"))
        summed = select(source.owner, func.sum(func.length(body))).select_from(source.rows)
        for key, size in _select_owned(db, summed.group_by(source.owner), source.owner, task_keys):
            found[key] += size or 0
    return found


def list_roots(
    db: Connection, kept_class: KeptClass, task_keys: Sequence[int], *, lock: bool = False
) -> list[int]:
    """Return the keys of the rows that are dropped of tasks.

    lock: whether nothing of these tasks may change before the commit.
    """
    if kept_class is KeptClass.TASKS:
        return [row.key for row in find_droppable_later(db, task_keys, lock=lock)().going]
    among = get_dialect(db).build_membership
    if lock:
        held = select(tasks.c.key).where(among(tasks.c.key, task_keys)).order_by(tasks.c.key)
        db.execute(held.with_for_update())
    if kept_class is KeptClass.INPUTS:
        found = select(task_inputs.c.task_key).where(among(task_inputs.c.task_key, task_keys))
    elif kept_class is KeptClass.EVIDENCE:
        has_bytes = or_(receipts.c.body.is_not(None), receipts.c.headers.is_not(None))
        found = select(receipts.c.key).where(among(receipts.c.task_key, task_keys), has_bytes)
    else:
        found = select(deliveries.c.key).where(
            among(deliveries.c.task_key, task_keys), deliveries.c.state.not_in(UNENDED)
        )
        found = found.order_by(deliveries.c.key)
        if lock:
            found = found.with_for_update()
    return sorted(db.scalars(found))


def list_marks(db: Connection, kept_class: KeptClass, keys: Sequence[int]) -> Marks:
    """Return the marks of rows, given by their keys, and of the lists that belong to them."""
    found = set[tuple[Any, ...]]()
    sources = {"": _ROOTS[kept_class], **_LISTS[kept_class]}
    for name, source in sources.items():
        look = select(*source.marks).select_from(source.rows)
        found |= {(name, *row) for row in _select_owned(db, look, source.owner, keys)}
    return frozenset(found)


def list_rows(db: Connection, kept_class: KeptClass, keys: Sequence[int]) -> list[ArchivedRow]:
    """Return what the archive says of rows, given by their keys, in the order of keys."""
    schema = SCHEMAS[kept_class]
    source = _ROOTS[kept_class]
    lists = {
        name: _group_by_owner(db, _LISTS[kept_class][name], columns, keys)
        for name, columns in schema.lists.items()
    }
    found = [
        dict(zip(schema.columns, values, strict=True))
        | {name: owned.get(key, []) for name, owned in lists.items()}
        for key, *values in _select_owned(db, source.select(schema.columns), source.owner, keys)
    ]
    return sorted(found, key=lambda row: row["key"])


def _group_by_owner(
    db: Connection, source: _RowSource, columns: Columns, keys: Sequence[int]
) -> dict[int, list[ArchivedRow]]:
    found: dict[int, list[ArchivedRow]] = defaultdict(list)
    for key, *values in _select_owned(db, source.select(columns), source.owner, keys):
        found[key].append(dict(zip(columns, values, strict=True)))
    return found


def _select_owned(
    db: Connection, look: Select[Any], owner: ColumnElement[Any], keys: Sequence[int]
) -> Iterator[Any]:
    for start in range(0, len(keys), _AT_ONCE):
        some = get_dialect(db).build_membership(owner, keys[start : start + _AT_ONCE])
        yield from db.execute(look.where(some))
