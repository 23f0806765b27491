"""/v1/tasks/{id}/…: what callers do with tasks that exist."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.task import TERMINAL, VERDICTS
from tracker.services.submit.actions import Resolution
from tracker.store.kept_tasks import KeptTask
from tracker.web.api.schemas import ResolveBody
from tracker.web.api.task_answers import NEW_TASK, TASK, answer_accepted, answer_task
from tracker.web.edge import params, query, waiting
from tracker.web.edge.conditional import build_etag
from tracker.web.edge.operation import describe_operation, read_body
from tracker.web.edge.state import get_principal, get_services, get_tenant


@describe_operation(
    action="tasks.refresh",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    headers=[params.PREFER],
    answers={202: TASK, 200: TASK},
    problems=[409],
)
async def refresh(request: Request) -> Response:
    """Ask the provider about a task now. 202: it will be; 200: there is news, or none can come.

    Asked to wait by `Prefer`, it answers once the answer has moved the task.
    """
    wait = waiting.read_preferred_wait(request)
    before = await get_services(request).actions.refresh(
        get_tenant(request), query.read_task_id(request)
    )
    if before.state in VERDICTS and before.follow_up is None:
        return await answer_task(request, before, wait)
    now = before
    if wait.seconds:
        found = await waiting.wait_until_moved(request, wait, build_etag(before.version))
        now = found.task if isinstance(found, KeptTask) else await waiting.look_whole(request)
    return await answer_task(
        request, now, wait, status=202 if now.version == before.version else 200
    )


@describe_operation(
    action="tasks.cancel",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    answers={200: TASK, 202: TASK},
    problems=[409],
)
async def cancel(request: Request) -> Response:
    """Cancel a task. 200: it is cancelled; 202: its provider is asked to, whose word ends it.

    409 where the provider has it and offers no way to cancel, and when the task is over.
    """
    task = await get_services(request).actions.cancel(
        get_tenant(request), query.read_task_id(request), actor=get_principal(request).actor
    )
    status = 200 if task.state in TERMINAL else 202
    return await answer_task(request, task, waiting.WaitTime(0, {}), status=status)


@describe_operation(
    action="tasks.resolve",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    body=ResolveBody,
    examples={"It exists": {"verb": "exists", "provider_task_id": "881234"}},
    answers={200: TASK},
    problems=[409],
)
async def resolve(request: Request) -> Response:
    """Settle an `uncertain` task whose submit nothing else can find out about.

    `exists`: it was made, under `provider_task_id`. `never_made`: it is sent again. `give_up`: it
    expires with the code `outcome_unknown`.
    """
    body = await read_body(request, ResolveBody)
    resolution = Resolution(body.verb, get_principal(request).actor, body.provider_task_id)
    task = await get_services(request).actions.resolve(
        get_tenant(request), query.read_task_id(request), resolution
    )
    return await answer_task(request, task, waiting.WaitTime(0, {}))


@describe_operation(
    action="tasks.resubmit",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    headers=[params.IDEMPOTENCY_KEY, params.PREFER],
    answers={202: NEW_TASK, 200: NEW_TASK},
    problems=[402, 409, 422],
)
async def resubmit(request: Request) -> Response:
    """Submit the input of a failed, cancelled or expired task again: a new task, linked to it."""
    our = get_services(request)
    wait, position = waiting.read_preferred_wait(request), our.watch.position
    accepted = await our.actions.resubmit(
        get_tenant(request),
        query.read_task_id(request),
        idempotency_key=query.read_idempotency_key(request),
        submitter=get_principal(request).key,
    )
    return await answer_accepted(request, accepted, wait, since=position)
