"""/v1/tasks/{id}/…: what callers do with tasks that exist."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.task import TERMINAL, VERDICTS
from tracker.services.submit.actions import Resolution
from tracker.store.kept_tasks import KeptTask
from tracker.web.api.schemas import ResolveBody
from tracker.web.api.task_answers import NEW_TASK, TASK, answer_accepted, task_answer
from tracker.web.edge import params, query, waiting
from tracker.web.edge.conditional import etag
from tracker.web.edge.operation import operation, read_body
from tracker.web.edge.state import principal, services, tenant


@operation(
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
    before = await services(request).actions.refresh(tenant(request), query.task_id(request))
    if before.state in VERDICTS and before.follow_up is None:
        return await task_answer(request, before, wait)
    now = before
    if wait.seconds:
        found = await waiting.until_moved(request, wait, etag(before.version))
        now = found.task if isinstance(found, KeptTask) else await waiting.look_whole(request)
    return await task_answer(
        request, now, wait, status=202 if now.version == before.version else 200
    )


@operation(
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
    task = await services(request).actions.cancel(
        tenant(request), query.task_id(request), actor=principal(request).actor
    )
    status = 200 if task.state in TERMINAL else 202
    return await task_answer(request, task, waiting.WaitTime(0, {}), status=status)


@operation(
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
    resolution = Resolution(body.verb, principal(request).actor, body.provider_task_id)
    task = await services(request).actions.resolve(
        tenant(request), query.task_id(request), resolution
    )
    return await task_answer(request, task, waiting.WaitTime(0, {}))


@operation(
    action="tasks.resubmit",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    headers=[params.IDEMPOTENCY_KEY, params.PREFER],
    answers={202: NEW_TASK, 200: NEW_TASK},
    problems=[402, 409, 422],
)
async def resubmit(request: Request) -> Response:
    """Submit the input of a failed, cancelled or expired task again: a new task, linked to it."""
    our = services(request)
    wait, position = waiting.read_preferred_wait(request), our.watch.position
    accepted = await our.actions.resubmit(
        tenant(request),
        query.task_id(request),
        idempotency_key=query.idempotency_key(request),
        submitter=principal(request).key,
    )
    return await answer_accepted(request, accepted, wait, since=position)
