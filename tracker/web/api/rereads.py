"""/v1/rereads: read the kept receipts of a provider again, with progress."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.lifecycle import Verdict
from tracker.domain.refolding import RereadKind
from tracker.domain.rendering import format_instant
from tracker.domain.rereads import Reread
from tracker.domain.runs import RunState
from tracker.domain.task import TaskState
from tracker.services.receive.rereads import NO_SUCH_REREAD, RereadOrder
from tracker.store import rereads
from tracker.store.driver import acting
from tracker.web.api import examples
from tracker.web.api.endpoint_schemas import Moment
from tracker.web.api.schemas import Name
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge import params, query
from tracker.web.edge.operation import ResponseSpec, describe_operation, read_body
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_principal, get_services, get_tenant

MAX_PAGE = 100


class RereadBody(BaseModel):
    """`POST /v1/rereads`."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    provider: Name
    since: Moment | None = None
    """Only tasks of which a receipt came from then on."""
    verdict: Annotated[list[Annotated[Verdict, Field(strict=False)]], Field(max_length=10)] = []
    """Only tasks of which a receipt has one of these; empty: any."""
    task_id: Name | None = None
    """Only this task."""
    dry_run: bool = True
    """True, the default: count what would change, and change nothing."""
    notify: bool = False
    """Send `task.corrected` for each task that is corrected; otherwise nobody is told."""


@with_config(EXACT)
class RereadDifference(TypedDict):
    """A task that its receipts are read otherwise for today."""

    task_id: Uuid
    sort: RereadKind
    receipt_id: str | None
    """The receipt that the difference comes from; null where no single one is to blame."""
    state: TaskState
    """Of the task, before anything is changed."""
    read_as: TaskState
    """The state that its receipts lead to today."""
    fields: list[str]
    """Those that differ: `artifacts`, `costs`, `detail`, `message`, `error`."""


@with_config(EXACT)
class RereadSummary(TypedDict):
    """A run that reads receipts again."""

    id: Uuid
    state: RunState
    dry_run: bool
    notify: bool
    filter: dict[str, Any]
    """The choice of its receipts, by the names of `POST /v1/rereads`."""
    progress: float
    """The share of the receipts that it has come past, 0 to 1."""
    counts: dict[str, int]
    """Of tasks by sort; `receipts`: those that matched; `failed`: tasks that could not be
    corrected."""
    actor: str
    created_at: Instant
    ended_at: Instant | None
    stopped_by: str | None


@with_config(EXACT)
class RereadView(RereadSummary):
    """A run that reads receipts again, and what it found."""

    differences: list[RereadDifference]
    """The first 50, and besides the first 50 contradictions."""


@with_config(EXACT)
class RereadList(TypedDict):
    """The newest runs that read receipts again."""

    rereads: list[RereadSummary]


@describe_operation(
    action="rereads.start",
    scope=Scope.ADMIN,
    tag="rereads",
    body=RereadBody,
    examples=examples.REREAD,
    answers={202: ResponseSpec(RereadView, headers={"Location": "The run."})},
)
async def start(request: Request) -> Response:
    """Have workers read receipts again; unless told otherwise, only count what would change.

    `richer` tasks get an event `reread`, `freed` ones move as if the callback came now. A
    contradiction changes nothing. A second run finds nothing left to do.
    """
    body, our = await read_body(request, RereadBody), get_services(request)
    task_id = None if body.task_id is None else query.parse_uuid(body.task_id)
    if body.task_id is not None and task_id is None:
        raise InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    order = RereadOrder(
        get_tenant(request),
        body.provider,
        get_principal(request).actor,
        since=body.since,
        verdicts=body.verdict,
        task_id=task_id,
        is_dry=body.dry_run,
        notify=body.notify,
    )
    if body.dry_run:
        acting.drop()
    run = await our.rereads.start(order)
    headers = {
        "location": add_root_path(request, f"/v1/rereads/{run.id}"),
        "cache-control": "no-store",
    }
    return JSONResponse(_build_view(run), 202, headers=headers)


@describe_operation(
    scope=Scope.ADMIN,
    tag="rereads",
    query=[params.define_limit(default=20, high=MAX_PAGE)],
    answers={200: RereadList},
)
async def list_(request: Request) -> Response:
    """The tenant's newest runs that read receipts again."""
    limit = query.read_integer(request, "limit", default=20, low=1, high=MAX_PAGE)
    owner = get_tenant(request)
    found = await get_services(request).store.read(
        lambda db: rereads.find_newest(db, owner, limit=limit)
    )
    told = {"rereads": [_build_summary(run) for run in found]}
    return JSONResponse(told, headers={"cache-control": "no-store"})


@describe_operation(scope=Scope.ADMIN, tag="rereads", answers={200: RereadView})
async def get(request: Request) -> Response:
    """A run that reads receipts again: how far it is, and what it found."""
    run = await get_services(request).rereads.get(get_tenant(request), _parse_id(request))
    return JSONResponse(_build_view(run), headers={"cache-control": "no-store"})


@describe_operation(
    action="rereads.stop",
    scope=Scope.ADMIN,
    tag="rereads",
    answers={200: RereadView},
    problems=[409],
)
async def stop(request: Request) -> Response:
    """Read no further receipt. What was corrected stays corrected."""
    run = await get_services(request).rereads.stop(
        get_tenant(request), _parse_id(request), actor=get_principal(request).actor
    )
    return JSONResponse(_build_view(run), headers={"cache-control": "no-store"})


def _parse_id(request: Request) -> UUID:
    return query.read_path_id(request, NotFound(NO_SUCH_REREAD))


def _build_summary(run: Reread) -> RereadSummary:
    return {
        "id": str(run.id),
        "state": run.state,
        "dry_run": run.is_dry,
        "notify": run.notify,
        "filter": dict(run.filter),
        "progress": round(run.progress, 4),
        "counts": _build_counts(run.counts),
        "actor": run.actor,
        "created_at": format_instant(run.created_at),
        "ended_at": None if run.ended_at is None else format_instant(run.ended_at),
        "stopped_by": run.stopped_by,
    }


def _build_counts(counts: Mapping[str, int]) -> dict[str, int]:
    names = ("receipts", *(sort.value for sort in RereadKind), "failed")
    return {name: counts.get(name, 0) for name in names}


def _build_view(run: Reread) -> RereadView:
    return {
        **_build_summary(run),
        "differences": [
            {
                "task_id": one.task_id,
                "sort": RereadKind(one.sort),
                "receipt_id": None if one.receipt is None else str(one.receipt),
                "state": TaskState(one.before),
                "read_as": TaskState(one.after),
                "fields": list(one.fields),
            }
            for one in run.differences
        ],
    }
