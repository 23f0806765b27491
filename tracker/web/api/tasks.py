"""/v1/tasks: submit, get, list, and each task's history with its evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, NoLongerKept, NotFound
from tracker.domain.task import Task, is_unflagged, select_by_name
from tracker.providers.kit.unknown_fields import find_unknown_fields
from tracker.store import (
    attempts,
    deliveries,
    drops,
    receipts,
    task_inputs,
    tasks,
    tombstones,
    transitions,
)
from tracker.store.kept_tasks import KeptTask
from tracker.store.store import Reading
from tracker.web.api import delivery_views, examples, views
from tracker.web.api.kept import render_all
from tracker.web.api.listed import list_tasks
from tracker.web.api.schemas import (
    QueryBody,
    SubmitBody,
    render_attempt,
    render_delivery,
    render_receipt,
    render_transition,
)
from tracker.web.api.task_answers import (
    NEW_TASK,
    TASK,
    TASK_HEADERS,
    answer_accepted,
    answer_kept,
    build_task_headers,
)
from tracker.web.edge import params, query, waiting
from tracker.web.edge.body_shares import release_share
from tracker.web.edge.conditional import build_etag, is_matching
from tracker.web.edge.heads import find_header
from tracker.web.edge.operation import ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import answer_page, read_position
from tracker.web.edge.state import get_principal, get_services, get_tenant

MAX_PAGE = 500
QUERY_BYTES = 2 * 1024 * 1024
"""Enough for the most names of the longest kind, every character written as two escapes."""


@describe_operation(
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    headers=[params.IDEMPOTENCY_KEY, params.PREFER],
    body=SubmitBody,
    body_bytes=None,  # pictures may be in it
    examples=examples.SUBMIT,
    answers={202: NEW_TASK, 200: NEW_TASK},
    problems=[402, 409],
)
async def submit(request: Request) -> Response:
    """Take a task in. 202 once it is durable; nothing has been sent yet.

    Asked to wait by `Prefer`, it answers 200 with the task when that is over in time. `warnings`
    names fields of the input that are not known, and were passed on as they are.
    """
    our = get_services(request)
    wait, since = waiting.read_preferred_wait(request), our.watch.position
    submission = (await read_body(request, SubmitBody)).build_submission(
        tenant=get_tenant(request),
        idempotency_key=query.read_idempotency_key(request),
        accounts=our.accounts,
        submitter=get_principal(request).key,
    )
    checked = await our.intake.check(submission)
    submits = our.providers[submission.provider].submits
    model = submits.get_input_model(submission.operation)
    warnings = [] if model is None else find_unknown_fields(model, submission.input)
    del submission  # from here on a large input is held once, as it is kept
    accepted = replace(await our.intake.accept_checked(checked), body=None)
    del checked
    release_share(request.scope)  # its answer may be held back
    return await answer_accepted(request, accepted, wait, since=since, warnings=warnings)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    query=[params.WAIT],
    headers=[params.IF_NONE_MATCH, params.PREFER],
    answers={
        200: TASK,
        304: ResponseSpec(None, headers=TASK_HEADERS),
    },
    problems=[410],
)
async def get(request: Request) -> Response:
    """One task; 304 when the caller has this version. Waits, if asked to, for what it lacks."""
    wait = waiting.read_wait_time(request)
    seen = (
        find_header(request.scope["headers"], b"if-none-match") or None
    )  # an empty one names nothing
    found = await waiting.wait_until_moved(request, wait, seen)
    if seen is not None and is_unflagged(
        waiting.find_standing(found), get_services(request).clock.now()
    ):
        await get_services(request).sweeping.flag_due()  # then its version says so
        found, seen = await waiting.look_kept(request), None
    now = waiting.find_standing(found)
    if is_matching(seen, build_etag(now.version)):
        return Response(status_code=304, headers=build_task_headers(request, now) | wait.headers)
    whole = found if isinstance(found, KeptTask) else await waiting.look_kept(request)
    return answer_kept(request, whole, wait)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    query=[
        *params.FILTERS,
        params.ORDER,
        params.define_limit(default=50, high=MAX_PAGE),
        params.CURSOR,
    ],
    answers={
        200: ResponseSpec(views.TaskPage, headers={"Link": 'The next page, as `rel="next"`.'})
    },
)
async def list_(request: Request) -> Response:
    """A page of tasks, newest first unless asked otherwise.

    Where several filters fit little together, a page may be short although the list goes on.
    """
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    found = await list_tasks(request, get_tenant(request), limit=limit)
    body = {"tasks": await render_all(request, found.page.tasks)}
    return answer_page(request, body, last=found.last, scope=found.scope)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    body=QueryBody,
    body_bytes=QUERY_BYTES,
    examples=examples.QUERY,
    answers={200: views.FoundTasks},
)
async def query_(request: Request) -> Response:
    """Up to 500 tasks at once, by our ids or by external ids: an answer for each, in order."""
    asked, owner = await read_body(request, QueryBody), get_tenant(request)
    ids = {name: id_ for name in asked.ids if (id_ := query.parse_uuid(name)) is not None}
    found, named = await get_services(request).store.read(
        lambda db: (
            tasks.load_by_id(db, list(set(ids.values()))),
            tasks.load_by_external_id(db, list(set(asked.external_task_ids))),
        )
    )
    by_id = {name: [found[id_]] for name, id_ in ids.items() if id_ in found}
    answers: list[tuple[str | None, str | None, Sequence[Task]]] = [
        (name, None, [task for task in by_id.get(name, ()) if task.tenant == owner])
        for name in asked.ids
    ]
    for name in asked.external_task_ids:
        admitted = (task for task in named.get(name, ()) if asked.is_match(task, tenant=owner))
        answers.append((None, name, select_by_name(admitted)))
    single = {one.key: one for _, _, several in answers if len(several) == 1 for one in several}
    shown = dict(zip(single, await render_all(request, list(single.values())), strict=True))
    items = [_render_found(id_, name, several, shown) for id_, name, several in answers]
    return JSONResponse({"items": items}, headers={"cache-control": "no-store"})


def _render_found(
    id_: str | None,
    external: str | None,
    found: Sequence[Task],
    shown: Mapping[int, views.TaskView],
) -> views.FoundTask:
    error: views.NotOne | None = None
    if not found:
        error = {"type": "not-found", "detail": NO_SUCH_TASK}
    elif len(found) > 1:
        accounts = ", ".join(f"{task.provider}/{task.account}" for task in found)
        error = {"type": "ambiguous", "detail": f"name provider and account: {accounts}"}
    return {
        "id": id_,
        "external_task_id": external,
        "task": None if error else shown[found[0].key],
        "error": error,
    }


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    answers={200: ResponseSpec(None, media="application/json")},
    problems=[410],
)
async def get_input(request: Request) -> Response:
    """The request body of a task as it is kept: `input`, with the defaults that were filled in."""
    owner, id_ = get_tenant(request), query.read_task_id(request)

    def load(db: Reading) -> bytes | None:
        task = tasks.get_own(db, owner, id_)
        if task is None:
            raise tombstones.explain_missing(db, owner, id_)
        if drops.find_dropped_inputs(db, [task.key]):
            raise NoLongerKept("the input of this task is not kept any more")
        return task_inputs.get_by_keys(db, [task.key]).get(task.key)

    body = await get_services(request).store.read(load)
    if body is None:
        raise NotFound("the input of this task is not kept")
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, headers=headers, media_type="application/json")


@describe_operation(
    scope=Scope.TASKS_READ, tag="tasks", answers={200: views.TransitionList}, problems=[410]
)
async def list_transitions(request: Request) -> Response:
    """A task's history, oldest first."""
    return await _answer_history(
        request,
        "transitions",
        lambda db, task: [
            render_transition(*row) for row in transitions.list_of_task(db, task.key)
        ],
    )


@describe_operation(
    scope=Scope.TASKS_READ, tag="tasks", answers={200: views.AttemptList}, problems=[410]
)
async def list_attempts(request: Request) -> Response:
    """Every try to submit a task."""
    return await _answer_history(
        request,
        "attempts",
        lambda db, task: [render_attempt(row) for row in attempts.list_of_task(db, task.key)],
    )


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    answers={200: delivery_views.DeliveryList},
    problems=[410],
)
async def list_deliveries(request: Request) -> Response:
    """List the deliveries of a task, to its caller's URL and to endpoints."""
    return await _answer_history(
        request,
        "deliveries",
        lambda db, task: [render_delivery(row) for row in deliveries.list_of_task(db, task.key)],
    )


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="tasks",
    query=[params.define_limit(default=50, high=MAX_PAGE), params.CURSOR],
    answers={200: views.ReceiptPage},
    problems=[410],
)
async def list_receipts(request: Request) -> Response:
    """List the receipts of a task with their verdicts; oldest first, in pages."""
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    task = await waiting.look_whole(request)
    scope = f"receipts {task.key}"
    after = read_position(request, scope=scope) or 0
    found = await get_services(request).store.read(
        lambda db: receipts.list_of_task(db, task.key, after=after, limit=limit + 1)
    )
    page, shown = found[:limit], get_services(request).serving.describe_files
    last = page[-1].key if len(found) > limit else None
    body = {"receipts": [render_receipt(shown(one)) for one in page]}
    return answer_page(request, body, last=last, scope=scope)


async def _answer_history(
    request: Request, name: str, rows: Callable[[Reading, Task], Sequence[Mapping[str, object]]]
) -> Response:
    task = await waiting.look_whole(request)
    found = await get_services(request).store.read(lambda db: rows(db, task))
    return JSONResponse({name: found}, headers={"cache-control": "no-store"})
