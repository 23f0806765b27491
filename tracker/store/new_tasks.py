"""Insert tasks whose names neither a task has nor one that was dropped."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tracker.domain.task import Task
from tracker.store import tasks, tombstones
from tracker.store.driver import bulk, encoding
from tracker.store.tombstones import TaskName


def insert_new(db: Connection, new: Sequence[Task]) -> list[Task | None]:
    """Insert new tasks; None in the place of each whose external id is, or was, another's."""
    inserted = tasks.insert_many(db, new)
    # Looked for behind the insert, which waits for whoever drops a task of this name now.
    named = {
        TaskName(task.provider, task.account, task.external_task_id): task.key
        for task in inserted
        if task is not None and task.external_task_id != str(task.id)
    }
    taken = {named[name] for name in tombstones.find_named(db, named)}
    bulk.change(db, "DELETE FROM tasks WHERE key", sorted(taken), encoding.integers)
    return [None if task is None or task.key in taken else task for task in inserted]
