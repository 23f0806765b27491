"""Find a task of one tenant: another's is as if it were not there."""

from uuid import UUID

from tracker.domain.errors import NO_SUCH_TASK, NotFound
from tracker.domain.task import Task
from tracker.store import tasks
from tracker.store.store import Store


async def find_own_task(store: Store, tenant: str, id_: UUID | None) -> Task:
    """Return a tenant's task. Raises NotFound, also for None; Unavailable."""
    task = None if id_ is None else await store.find(tasks.load_by_id, id_)
    if task is None or task.tenant != tenant:
        raise NotFound(NO_SUCH_TASK)
    return task
