"""/v1/tasks: submit, get, list, and each task's history with its evidence."""

from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import cursor
from tracker.domain.access import Scope
from tracker.domain.errors import NotFound
from tracker.domain.rendering import render_task
from tracker.domain.task import OPEN, Task
from tracker.store import attempts, deliveries, receipts, tasks, transitions
from tracker.store.store import Reading
from tracker.store.tasks import TaskFilter
from tracker.web import examples, params, query, views
from tracker.web.conditional import etag, matches
from tracker.web.operation import Answer, operation, read_body
from tracker.web.schemas import (
    SubmitBody,
    render_attempt,
    render_delivery,
    render_receipt,
    render_transition,
)
from tracker.web.state import services, tenant

MAX_PAGE = 500


@operation(
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    headers=[params.IDEMPOTENCY_KEY],
    body=SubmitBody,
    examples=examples.SUBMIT,
    answers={
        202: Answer(
            views.Task,
            headers={
                "Location": "Where the task can be read.",
                "ETag": "The task's version.",
                "Idempotency-Replayed": "`true` when an earlier request had made the task.",
            },
        )
    },
    problems=[409],
)
async def submit(request: Request) -> Response:
    """Take a task in. 202 once it is durable; nothing has been sent yet."""
    body = await read_body(request, SubmitBody)
    submission = body.to_submission(
        tenant=tenant(request), idempotency_key=query.idempotency_key(request)
    )
    accepted = await services(request).acceptance.accept(submission)
    headers = {"location": f"/v1/tasks/{accepted.task.id}", "etag": etag(accepted.task.version)}
    if accepted.replayed:
        headers["idempotency-replayed"] = "true"
    return JSONResponse(render_task(accepted.task), 202, headers)


@operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    headers=[params.IF_NONE_MATCH],
    answers={
        200: Answer(
            views.Task,
            headers={
                "ETag": "The task's version.",
                "Retry-After": "Seconds after which to look again; while the task is open.",
            },
        ),
        304: None,
    },
)
async def get(request: Request) -> Response:
    """One task; 304 when the caller has this version."""
    task = await _load(request)
    headers = {"etag": etag(task.version), "cache-control": "no-store"}
    if task.state in OPEN:
        headers["retry-after"] = "2"
    if matches(request.headers.get("if-none-match"), etag(task.version)):
        return Response(status_code=304, headers=headers)
    return JSONResponse(render_task(task), headers=headers)


@operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    query=[
        params.PROVIDER,
        params.OPERATION,
        params.STATE,
        params.EXTERNAL_TASK_ID,
        params.limit(default=50, high=MAX_PAGE),
        params.CURSOR,
    ],
    answers={200: Answer(views.TaskPage, headers={"Link": 'The next page, as `rel="next"`.'})},
)
async def list_(request: Request) -> Response:
    """A page of tasks, newest first."""
    limit = query.integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    filter_ = TaskFilter(
        tenant=tenant(request),
        provider=query.text(request, "provider"),
        operation=query.text(request, "operation"),
        states=query.states(request),
        external_task_id=query.text(request, "external_task_id"),
    )
    before = _place(request, scope=f"tasks {filter_!r}")
    found = await services(request).store.read(
        lambda db: tasks.page(db, filter_, before=before, limit=limit + 1)
    )
    page = found[:limit]
    last = page[-1].key if len(found) > limit else None
    return _page(request, "tasks", [render_task(t) for t in page], last, f"tasks {filter_!r}")


@operation(scope=Scope.TASKS_READ, tag="tasks", answers={200: views.TransitionList})
async def list_transitions(request: Request) -> Response:
    """A task's history, oldest first."""
    return await _history(
        request,
        "transitions",
        lambda db, task: [render_transition(*row) for row in transitions.of_task(db, task.key)],
    )


@operation(scope=Scope.TASKS_READ, tag="tasks", answers={200: views.AttemptList})
async def list_attempts(request: Request) -> Response:
    """Every try to submit a task."""
    return await _history(
        request,
        "attempts",
        lambda db, task: [render_attempt(row) for row in attempts.of_task(db, task.key)],
    )


@operation(scope=Scope.TASKS_READ, tag="tasks", answers={200: views.DeliveryList})
async def list_deliveries(request: Request) -> Response:
    """What a task owes or owed to its caller's URL."""
    return await _history(
        request,
        "deliveries",
        lambda db, task: [render_delivery(row) for row in deliveries.of_task(db, task.key)],
    )


@operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    query=[params.limit(default=50, high=MAX_PAGE), params.CURSOR],
    answers={200: views.ReceiptPage},
)
async def list_receipts(request: Request) -> Response:
    """What came in about a task, with what was made of it; oldest first, in pages."""
    limit = query.integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    task = await _load(request)
    scope = f"receipts {task.key}"
    after = _place(request, scope=scope) or 0
    found = await services(request).store.read(
        lambda db: receipts.of_task(db, task.key, after=after, limit=limit + 1)
    )
    page = found[:limit]
    last = page[-1].key if len(found) > limit else None
    return _page(request, "receipts", [render_receipt(one) for one in page], last, scope)


async def _history(
    request: Request, name: str, rows: Callable[[Reading, Task], Sequence[Mapping[str, object]]]
) -> Response:
    task = await _load(request)
    found = await services(request).store.read(lambda db: rows(db, task))
    return JSONResponse({name: found}, headers={"cache-control": "no-store"})


async def _load(request: Request) -> Task:
    id_, owner = query.task_id(request), tenant(request)
    task = await services(request).store.read(lambda db: tasks.get(db, owner, id_))
    if task is None:
        raise NotFound("there is no such task")
    return task


def _place(request: Request, *, scope: str) -> int | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    return int(cursor.decode(services(request).cursor_secret, scope, text)[0])


def _page(
    request: Request, name: str, rows: Sequence[Mapping[str, object]], last: int | None, scope: str
) -> Response:
    headers = {"cache-control": "no-store"}
    after = None
    if last is not None:
        after = cursor.encode(services(request).cursor_secret, scope, [last])
        url = request.url.include_query_params(cursor=after)
        headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
    return JSONResponse({name: rows, "next_cursor": after}, headers=headers)
