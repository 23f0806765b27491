"""Tasks with what we keep of their results."""

from collections.abc import Sequence

from starlette.requests import Request

from tracker.domain.custody import may_have_assets
from tracker.domain.task import Task, update_overdue
from tracker.store import assets
from tracker.store.kept_tasks import KeptTask
from tracker.web.api import views
from tracker.web.api.schemas import render_task
from tracker.web.edge.links import find_base
from tracker.web.edge.state import get_services


async def add_assets(request: Request, task: Task) -> KeptTask:
    """Return a task with what is kept of its result."""
    if not _may_keep(request, task):
        return KeptTask(task, ())
    found = await get_services(request).store.find(assets.list_of_tasks, task.key)
    return KeptTask(task, found or ())


def render_kept(request: Request, kept: KeptTask) -> views.TaskView:
    """Render one task, its `overdue` as it is now."""
    task = update_overdue(kept.task, get_services(request).clock.now())
    return render_task(task, kept.assets, base=find_base(request) if kept.assets else "")


async def render_all(request: Request, tasks: Sequence[Task]) -> list[views.TaskView]:
    """Render tasks, in their order."""
    now = get_services(request).clock.now()
    tasks = [update_overdue(task, now) for task in tasks]
    keys = [task.key for task in tasks if _may_keep(request, task)]
    if not keys:
        return [render_task(task) for task in tasks]
    found = await get_services(request).store.read(lambda db: assets.list_of_tasks(db, keys))
    base = find_base(request)
    return [render_task(task, found.get(task.key, ()), base=base) for task in tasks]


def _may_keep(request: Request, task: Task) -> bool:
    return get_services(request).storage is not None and may_have_assets(task)
