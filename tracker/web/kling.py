"""The Kling-compatible front: Kling's routes, envelope, words and error codes (design §8)."""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    TrackerError,
    Unavailable,
)
from tracker.domain.task import Task
from tracker.providers.kling import front
from tracker.providers.kling.adapter import Kling
from tracker.services.submission import Submission
from tracker.store import tasks
from tracker.store.tasks import TaskFilter
from tracker.web import query
from tracker.web.auth import admit
from tracker.web.body import BodyTooLarge, BodyTooSlow, WrongMediaType, read_json
from tracker.web.problems import headers_of, request_id
from tracker.web.state import services, tenant

log = logging.getLogger(__name__)

PREFIXES = ("", "/kling", "/proxy/kling")
FAMILIES = ("videos", "images", "audio", "general")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""All: Kling has a code of its own for the wrong one."""
_NOT_FOUND = "Task not found by id/external id"
"""In the provider's own words (reference: Kling §3d)."""
_OPERATIONS = sorted(Kling().operations, key=len, reverse=True)
"""Longest first: an operation's path may begin with another's."""


class _NoSuchRoute(TrackerError):
    """The path names no operation."""


class _WrongMethod(TrackerError):
    """The operation is not called like this."""


async def handle(request: Request) -> Response:
    """Every request of the front; whatever goes wrong is told in Kling's envelope."""
    try:
        data = await _dispatch(request)
    except Exception as error:  # noqa: BLE001 - this is where exceptions become answers
        return _refusal(error)
    return JSONResponse(front.envelope(data, request_id()))


async def _dispatch(request: Request) -> Any:
    await admit(request, Scope.TASKS_WRITE if request.method == "POST" else Scope.TASKS_READ)
    operation, name = _split(request.scope["path"].partition("/v1/")[2])
    if request.method == "POST" and not name:
        return await _create(request, operation)
    if request.method in ("GET", "HEAD"):
        if name:
            return front.render_task(await _find(request, operation, name))
        return await _list(request, operation)
    raise _WrongMethod(f"{request.method} is not a method of this path")


def _split(path: str) -> tuple[str, str]:
    """An operation, and the id behind it if there is one."""
    for operation in _OPERATIONS:
        if path == operation:
            return operation, ""
        if path.startswith(operation + "/"):
            return operation, path[len(operation) + 1 :]
    raise _NoSuchRoute(f"there is no operation {path[:128]!r}")


async def _create(request: Request, operation: str) -> dict[str, Any]:
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
    return front.render_task(accepted.task)


async def _list(request: Request, operation: str) -> list[dict[str, Any]]:
    """Newest first, in pages by number (reference: Kling §2, `pageNum` and `pageSize`)."""
    number = query.integer(request, "pageNum", default=1, low=1, high=1000)
    size = query.integer(request, "pageSize", default=30, low=1, high=500)
    filter_ = TaskFilter(tenant=tenant(request), provider="kling", operation=operation)
    found = await services(request).store.read(
        lambda db: tasks.numbered_page(db, filter_, page_number=number, page_size=size)
    )
    return [front.render_task(task) for task in found]


async def _find(request: Request, operation: str, name: str) -> Task:
    if not name.isprintable():
        raise NotFound(_NOT_FOUND)
    owner = tenant(request)
    found = await services(request).store.read(
        lambda db: tasks.get_by_name(db, owner, "kling", name)
    )
    if found is None or found.operation != operation:
        raise NotFound(_NOT_FOUND)
    return found


def _refusal(error: Exception) -> Response:
    code = _code(error)
    message = str(error)
    if code == 5000:
        log.error("unhandled in the Kling front", exc_info=error)
        message = "internal error; the fault is recorded under this request id"
    status, body = front.error(code, message, request_id())
    return JSONResponse(body, status, headers_of(error))


def _code(error: Exception) -> int:
    """Kling's code for what went wrong (reference: Kling's error code page)."""
    match error:
        case InvalidRequest(malformed=True) | WrongMediaType() | BodyTooLarge() | BodyTooSlow():
            return 1200
        case InvalidRequest() | NotFound() | Conflict():
            return 1201
        case _WrongMethod():
            return 1202
        case _NoSuchRoute():
            return 1203
        case Unavailable():
            return 5001
        case _:
            return 5000
