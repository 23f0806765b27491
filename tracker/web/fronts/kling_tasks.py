"""The front's tasks: create in either dialect; legacy: get by either id, list by page number."""

from typing import Any

from starlette.requests import Request

from tracker.domain.errors import NotFound
from tracker.providers.kling import front
from tracker.providers.kling.operations import OPERATIONS
from tracker.services.submit.submission import Submission
from tracker.store import listing, tasks
from tracker.store.filters import TaskFilter
from tracker.telemetry import note
from tracker.web.edge import query
from tracker.web.edge.body import read_json
from tracker.web.edge.slashes import ENCODED_SLASH
from tracker.web.edge.state import services, tenant

_NOT_FOUND = "Task not found by id/external id"
"""In the provider's own words (reference: Kling §3d)."""
_OPERATIONS = sorted(OPERATIONS, key=len, reverse=True)
"""Longest first: an operation's path may begin with another's."""


def split(path: str) -> tuple[str | None, str]:
    """An operation of the legacy dialect, and the id behind it if there is one.

    path: what follows `/v1/`. None when it names no operation.
    """
    for operation in _OPERATIONS:
        if path == operation:
            return operation, ""
        if path.startswith(operation + "/"):
            return operation, path[len(operation) + 1 :]
    return None, ""


async def create(request: Request, operation: str) -> dict[str, Any]:
    """Accept a task; answered before the provider has heard of it."""
    our = services(request)
    body = await read_json(
        request, limit=our.limits.body_bytes, timeout_s=our.limits.body_timeout_s
    )
    accepted = await our.acceptance.accept(
        Submission(
            tenant=tenant(request),
            provider="kling",
            operation=operation,
            input=body,
            idempotency_key=query.idempotency_key(request),
            input_path="",
        )
    )
    note(provider=accepted.task.provider, task=str(accepted.task.id))
    return front.render_created(accepted.task)


async def get(request: Request, operation: str, name: str) -> dict[str, Any]:
    """One task by our id or by its external id."""
    name = name.replace(ENCODED_SLASH, "/")
    if not name.isprintable():
        raise NotFound(_NOT_FOUND)
    owner = tenant(request)
    found = await services(request).store.read(
        lambda db: tasks.get_by_name(db, owner, "kling", name)
    )
    if found is None or found.operation != operation:
        raise NotFound(_NOT_FOUND)
    return front.render_task(found)


async def page(request: Request, operation: str) -> list[dict[str, Any]]:
    """Newest first, in pages by number (reference: Kling §2, `pageNum` and `pageSize`)."""
    number = query.integer(request, "pageNum", default=1, low=1, high=1000)
    size = query.integer(request, "pageSize", default=30, low=1, high=500)
    filter_ = TaskFilter(tenant=tenant(request), provider="kling", operation=operation)
    found = await services(request).store.read(
        lambda db: listing.numbered_page(db, filter_, page_number=number, page_size=size)
    )
    return [front.render_task(task) for task in found]
