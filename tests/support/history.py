"""Tasks and their history, written through the store as services write them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tracker.clock import make_id
from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store import tasks, transitions
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def make_task(**fields: Any) -> Task:
    """A task that nobody has inserted yet."""
    id_ = make_id()
    given: dict[str, Any] = {
        "key": 0,
        "id": id_,
        "tenant": "default",
        "provider": "kling",
        "account": "default",
        "operation": "videos/text2video",
        "external_task_id": str(id_),
        "state": TaskState.QUEUED,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Task(**given | fields)


def step(task: Task, **fields: Any) -> Transition:
    """The transition that led to a task's state and version."""
    given: dict[str, Any] = {
        "version": task.version,
        "from_state": None,
        "to_state": task.state,
        "kind": EventKind.CREATED,
        "source": Source.CLIENT,
        "provider_status": None,
        "message": task.message,
        "provider_at": None,
        "at": task.updated_at,
        "receipt": None,
        "attempt": None,
    }
    return Transition(**given | fields)


async def insert(store: Store, *new: Task) -> list[Task]:
    """Insert tasks, each with its first transition, in one transaction."""
    return await store.write(_insert, new)


async def move(store: Store, task: Task, state: TaskState = TaskState.RUNNING) -> Task:
    """Move a task, with its transition."""
    return await store.write(_move, (task, replace(task, state=state, version=task.version + 1)))


async def finish(store: Store, task: Task) -> Task:
    """Give a task its verdict, as a callback brings it."""
    ended = replace(task, state=TaskState.SUCCEEDED, version=task.version + 1)
    return await store.write(_finish, (task, ended))


def _insert(tx: Tx, items: Sequence[Sequence[Task]]) -> list[list[Task]]:
    made = []
    for new in items:
        inserted = [task for task in tasks.insert_many(tx.db, new) if task is not None]
        transitions.append(tx.db, [(task, step(task)) for task in inserted])
        made.append(inserted)
    tx.moved = True
    return made


def _move(tx: Tx, items: Sequence[tuple[Task, Task]]) -> list[Task]:
    return _move_times(tx, items, kind=EventKind.SEEN_RUNNING)


def _finish(tx: Tx, items: Sequence[tuple[Task, Task]]) -> list[Task]:
    return _move_times(tx, items, kind=EventKind.SEEN_SUCCEEDED, source=Source.CALLBACK)


def _move_times(tx: Tx, items: Sequence[tuple[Task, Task]], **said: Any) -> list[Task]:
    tasks.save(tx.db, [after for _, after in items])
    steps = [(after, step(after, from_state=before.state, **said)) for before, after in items]
    transitions.append(tx.db, steps)
    tx.moved = True
    return [after for _, after in items]
