"""Statements on `transitions`: the history of each task. `feed` reads all of them in order."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store import feed_head
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import transitions
from tracker.store.tolerant import read_member, read_optional_member

_COLUMNS = (
    *("seq", "tenant", "task_key", "version", "from_state", "to_state", "kind", "source"),
    *("provider_status", "message", "provider_at", "at", "receipt_key", "attempt_key"),
)
_INTO = f"INSERT INTO transitions ({', '.join(_COLUMNS)})"
_APPEND = bulk.Bulk(
    transitions,
    _COLUMNS,
    sqlite=f"{_INTO} {bulk.FILLED}",
    # `n.seq`, the first parameter, is a row's place among them. Without a row in `feed_head` it
    # fails: no number is NULL.
    postgresql=f"""
    WITH head AS (
        UPDATE feed_head SET seq = seq + cardinality($1::bigint[])
        RETURNING seq - cardinality($1::bigint[]) AS before
    )
    {_INTO}
    SELECT (SELECT before FROM head) + n.seq, {", ".join(_COLUMNS[1:])} FROM {{rows}}
    """,  # noqa: S608 - our own names
)
"""On SQLite rows come with their numbers; on PostgreSQL with their places, from 1 on."""
_ACTED = (
    update(transitions)
    .where(
        transitions.c.task_key == bindparam("of"), transitions.c.version == bindparam("at_version")
    )
    .values(actor=bindparam("by"))
)


def append(
    db: Connection,
    new: Sequence[tuple[Task, Transition]],
    evidence: Mapping[int, int] = MappingProxyType({}),
) -> None:
    """Append to history, in order.

    evidence: receipts that got their row after the step was made, by its place in `new`.

    Numbers are taken from the row of `feed_head`, whose lock is held to the commit, so that whoever
    has seen a number never later finds a smaller one. Nothing that can wait for another writer may
    follow in the same transaction: see `Tx.defer`.
    """
    if not new:
        return
    before = feed_head.take(db, len(new)) if get_dialect(db).has_one_writer else 0
    rows = [
        (
            before + index + 1,
            task.tenant,
            task.key,
            step.version,
            step.from_state and step.from_state._value_,
            step.to_state._value_,
            step.kind._value_,
            step.source._value_,
            step.provider_status,
            step.message,
            step.provider_at,
            step.at,
            evidence.get(index, step.receipt),
            step.attempt,
        )
        for index, (task, step) in enumerate(new)
    ]
    _APPEND.execute_later(db, rows)
    acted = [
        {"of": task.key, "at_version": step.version, "by": step.actor}
        for task, step in new
        if step.actor is not None
    ]
    if acted:  # rare: the column stays out of the statement that every callback runs
        db.execute(_ACTED, acted)


def list_of_task(db: Connection, task_key: int, *, after: int = 0) -> list[tuple[int, Transition]]:
    """Return one task's history with feed numbers, oldest first.

    after: a version; up to it only steps that led to another state.
    """
    row = transitions.c
    found = select(transitions).where(row.task_key == task_key).order_by(row.version)
    if after > 0:
        moved = row.from_state.is_(None) | (row.from_state != row.to_state)
        found = found.where((row.version > after) | moved)
    return [(row.seq, read_transition(row)) for row in db.execute(found)]


def read_transition(row: Row[Any]) -> Transition:
    """Read a row that holds all columns of `transitions`."""
    return Transition(
        version=row.version,
        from_state=read_optional_member(TaskState, row.from_state),
        to_state=read_member(TaskState, row.to_state),
        kind=read_member(EventKind, row.kind),
        source=read_member(Source, row.source),
        provider_status=row.provider_status,
        message=row.message,
        provider_at=row.provider_at,
        at=row.at,
        receipt=row.receipt_key,
        attempt=row.attempt_key,
        actor=row.actor,
    )
