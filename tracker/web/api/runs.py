"""/v1/runs: actions on many tasks that workers carry out, once a dry run is confirmed."""

from functools import partial
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import NotFound
from tracker.domain.rendering import format_instant
from tracker.domain.runs import RunOutcome, RunState
from tracker.services.submit.bulk import BulkAction
from tracker.services.submit.runs import NO_SUCH_RUN
from tracker.store import bulk_runs
from tracker.store.bulk_runs import KeptRun, RunTask
from tracker.web.api import views
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import MAX_PAGE, answer_page, list_newest_first, read_position
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_principal, get_services, get_tenant

_NEXT = {"Link": 'The next page, as `rel="next"`.'}


class NewRunBody(BaseModel):
    """`POST /v1/runs`."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    token: Annotated[str, Field(max_length=60_000)]
    """Of a dry run of `POST /v1/tasks/actions`, at most ten minutes old."""


@with_config(EXACT)
class RunSummary(TypedDict):
    """An action on many tasks that workers carry out."""

    id: Uuid
    action: BulkAction
    state: RunState
    filter: dict[str, Any]
    """The filter that chose its tasks, by the names of `POST /v1/tasks/actions`."""
    until: Instant
    """Tasks that were made from then on are left alone."""
    matching: int
    """How many tasks it is about."""
    done: int
    refused: int
    failed: int
    actor: str
    created_at: Instant
    ended_at: Instant | None
    stopped_by: str | None


@with_config(EXACT)
class RunView(RunSummary):
    """A run, and why tasks of it were not done."""

    reasons: list[views.Refusals]
    """The most frequent first; those that failed among them."""


@with_config(EXACT)
class RunPage(TypedDict):
    """A page of runs, newest first."""

    runs: list[RunSummary]
    next_cursor: str | None


@with_config(EXACT)
class RunTaskView(TypedDict):
    """A task of a run, and what became of it."""

    task_id: Uuid
    external_task_id: str
    outcome: RunOutcome | None
    """Null where it was not acted on."""
    reason: str | None
    made_id: Uuid | None
    """The new task of a resubmission."""


@with_config(EXACT)
class RunTaskPage(TypedDict):
    """A page of the tasks of a run, oldest first."""

    tasks: list[RunTaskView]
    next_cursor: str | None


@describe_operation(
    action="runs.start",
    counts=attrgetter("matching"),
    scope=Scope.TASKS_WRITE,
    tag="runs",
    body=NewRunBody,
    answers={202: ResponseSpec(RunView, headers={"Location": "The run."})},
    problems=[409],
)
async def start(request: Request) -> Response:
    """Do what a dry run told, in the background: to no more tasks, and to none made after it.

    Confirmed twice, it is one run. Tasks are acted on in pieces of 100, each at most once.
    """
    body, our = await read_body(request, NewRunBody), get_services(request)
    plan = our.runs.read_token(get_tenant(request), body.token, actor=get_principal(request).actor)
    run = await our.runs.start(plan)
    headers = {
        "location": add_root_path(request, f"/v1/runs/{run.id}"),
        "cache-control": "no-store",
    }
    return JSONResponse(await _build_view(request, run), 202, headers=headers)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="runs",
    query=[
        params.define_limit(default=50, high=MAX_PAGE),
        Param("after", "`next_cursor` of the page before."),
    ],
    answers={200: ResponseSpec(RunPage, headers=_NEXT)},
)
async def list_(request: Request) -> Response:
    """A page of the tenant's runs, newest first."""
    owner = get_tenant(request)
    read = partial(bulk_runs.list_page, tenant=owner)
    return await list_newest_first(request, "runs", read, _build_summary, scope=f"runs {owner}")


@describe_operation(scope=Scope.TASKS_READ, tag="runs", answers={200: RunView})
async def get(request: Request) -> Response:
    """A run, how far it is, and why tasks of it were not done."""
    run = await get_services(request).runs.get(get_tenant(request), _parse_id(request))
    return JSONResponse(await _build_view(request, run), headers={"cache-control": "no-store"})


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="runs",
    query=[
        Param(
            "outcome",
            "Only tasks of which this became.",
            {"type": "string", "enum": [one.value for one in RunOutcome]},
        ),
        params.define_limit(default=100, high=MAX_PAGE),
        Param("after", "`next_cursor` of the page before."),
    ],
    answers={200: ResponseSpec(RunTaskPage, headers=_NEXT)},
)
async def list_tasks(request: Request) -> Response:
    """A page of the tasks of a run, oldest first, and what became of each."""
    our, id_ = get_services(request), _parse_id(request)
    limit = query.read_integer(request, "limit", default=100, low=1, high=MAX_PAGE)
    outcome = next(iter(query.read_words(request, "outcome", RunOutcome)), None)
    run = await our.runs.get(get_tenant(request), id_)
    scope = f"run {run.id} {outcome}"
    after = read_position(request, scope=scope, name="after") or 0
    found = await our.store.read(
        lambda db: bulk_runs.list_tasks(db, run.key, outcome=outcome, after=after, limit=limit + 1)
    )
    last = found[limit - 1].key if len(found) > limit else None
    body = {"tasks": [_build_task(one) for one in found[:limit]]}
    return answer_page(request, body, last=last, scope=scope, name="after")


@describe_operation(
    action="runs.stop",
    scope=Scope.TASKS_WRITE,
    tag="runs",
    answers={200: RunView},
    problems=[409],
)
async def stop(request: Request) -> Response:
    """Act on no further task of a run. What was done stays done."""
    our, id_ = get_services(request), _parse_id(request)
    run = await our.runs.stop(get_tenant(request), id_, actor=get_principal(request).actor)
    return JSONResponse(await _build_view(request, run), headers={"cache-control": "no-store"})


def _parse_id(request: Request) -> UUID:
    return query.read_path_id(request, NotFound(NO_SUCH_RUN))


async def _build_view(request: Request, run: KeptRun) -> RunView:
    reasons = await get_services(request).store.read(
        lambda db: bulk_runs.count_reasons(db, run.key)
    )
    return {**_build_summary(run), "reasons": views.list_refusals(reasons)}


def _build_summary(run: KeptRun) -> RunSummary:
    return {
        "id": str(run.id),
        "action": BulkAction(run.action),
        "state": run.state,
        "filter": dict(run.filter),
        "until": format_instant(run.until),
        "matching": run.matching,
        "done": run.done,
        "refused": run.refused,
        "failed": run.failed,
        "actor": run.actor,
        "created_at": format_instant(run.created_at),
        "ended_at": format_instant(run.ended_at),
        "stopped_by": run.stopped_by,
    }


def _build_task(one: RunTask) -> RunTaskView:
    return {
        "task_id": str(one.task_id),
        "external_task_id": one.external_task_id,
        "outcome": one.outcome,
        "reason": one.reason,
        "made_id": None if one.made_id is None else str(one.made_id),
    }
