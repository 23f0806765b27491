"""Statements on `transitions`: the history of each task. `feed` reads all of them in order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from tracker.domain.events import Kind, Source
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store.schema import transitions

FEED_LOCK = 0x7472616B6572  # "traker": any constant, the same in every process


def append(db: Connection, new: Sequence[tuple[Task, Transition]]) -> None:
    """Append to history, in order.

    On PostgreSQL `seq` is taken under a lock that is held to the commit, so that whoever has seen
    a number never later finds a smaller one (design §5). Nothing that can wait for another
    writer may follow in the same transaction.
    """
    if not new:
        return
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FEED_LOCK})
    db.execute(
        insert(transitions),
        [
            {
                "tenant": task.tenant,
                "task_key": task.key,
                "version": step.version,
                "from_state": step.from_state and step.from_state.value,
                "to_state": step.to_state.value,
                "kind": step.kind.value,
                "source": step.source.value,
                "provider_status": step.provider_status,
                "message": step.message,
                "provider_at": step.provider_at,
                "at": step.at,
                "receipt_key": step.receipt,
                "attempt_key": step.attempt,
            }
            for task, step in new
        ],
    )


def of_task(db: Connection, task_key: int) -> list[tuple[int, Transition]]:
    """One task's history with feed numbers, oldest first."""
    found = (
        select(transitions)
        .where(transitions.c.task_key == task_key)
        .order_by(transitions.c.version)
    )
    return [(row.seq, as_transition(row)) for row in db.execute(found)]


def as_transition(row: Row[Any]) -> Transition:
    """A row that holds all columns of `transitions`."""
    return Transition(
        version=row.version,
        from_state=None if row.from_state is None else TaskState(row.from_state),
        to_state=TaskState(row.to_state),
        kind=Kind(row.kind),
        source=Source(row.source),
        provider_status=row.provider_status,
        message=row.message,
        provider_at=row.provider_at,
        at=row.at,
        receipt=row.receipt_key,
        attempt=row.attempt_key,
    )
