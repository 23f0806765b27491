"""/v1/holds: tasks that retention steps over, until the hold is removed."""

from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.rendering import format_instant
from tracker.services.upkeep import holding
from tracker.services.upkeep.holding import MOST_REASON, NO_SUCH_HOLD, NewHold
from tracker.store import holds
from tracker.store.holds import Hold
from tracker.web.api import examples
from tracker.web.api.schemas import Name
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import MAX_PAGE, list_newest_first
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_services, get_tenant

_NO_STORE = {"cache-control": "no-store"}
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_REASON)
]


class HoldBody(BaseModel):
    """`POST /v1/holds`."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    task_id: Name | None = None
    """The task that is held; without it all tasks of the tenant, and its uploads."""
    reason: Reason
    """Why, for those who read the list."""


@with_config(EXACT)
class HoldView(TypedDict):
    """A hold: nothing of what it names is dropped."""

    id: str
    task_id: Uuid | None
    """Null where all tasks of the tenant are held."""
    reason: str
    created_at: Instant


@with_config(EXACT)
class HoldPage(TypedDict):
    """A page of holds."""

    holds: list[HoldView]
    next_cursor: str | None


@describe_operation(
    action="holds.add",
    scope=Scope.ADMIN,
    tag="holds",
    body=HoldBody,
    examples=examples.HOLD,
    answers={201: ResponseSpec(HoldView, headers={"Location": "Where the hold can be read."})},
)
async def add(request: Request) -> Response:
    """Hold a task, or all tasks of the tenant: what is held is not dropped from then on."""
    body = await read_body(request, HoldBody)
    task_id = None if body.task_id is None else query.parse_uuid(body.task_id)
    no_task = InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    if body.task_id is not None and task_id is None:
        raise no_task
    new = NewHold(get_tenant(request), task_id, body.reason)
    try:
        made = await get_services(request).store.write(holding.add, new)
    except NotFound:
        raise no_task from None
    headers = {"location": add_root_path(request, f"/v1/holds/{made.id}"), **_NO_STORE}
    return JSONResponse(_build_view(made), 201, headers)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="holds",
    query=[
        params.define_limit(default=50, high=MAX_PAGE),
        Param("after", "`next_cursor` of the page before."),
    ],
    answers={200: ResponseSpec(HoldPage, headers={"Link": 'The next page, as `rel="next"`.'})},
)
async def list_(request: Request) -> Response:
    """A page of the tenant's holds, newest first."""
    owner = get_tenant(request)
    read = partial(holds.list_page, tenant=owner)
    return await list_newest_first(request, "holds", read, _build_view, scope=f"holds {owner}")


@describe_operation(scope=Scope.TASKS_READ, tag="holds", answers={200: HoldView})
async def get(request: Request) -> Response:
    """One hold."""
    owner, key = get_tenant(request), query.read_row_key(request, NO_SUCH_HOLD)
    found = await get_services(request).store.read(lambda db: holds.get(db, owner, key))
    if found is None:
        raise NotFound(NO_SUCH_HOLD)
    return JSONResponse(_build_view(found), headers=_NO_STORE)


@describe_operation(action="holds.remove", scope=Scope.ADMIN, tag="holds", answers={204: None})
async def remove(request: Request) -> Response:
    """Remove a hold: what it kept is dropped within a day, where its time is over."""
    asked = (get_tenant(request), query.read_row_key(request, NO_SUCH_HOLD))
    if not await get_services(request).store.write(holding.remove, asked):
        raise NotFound(NO_SUCH_HOLD)
    return Response(status_code=204)


def _build_view(one: Hold) -> HoldView:
    return {
        "id": one.id,
        "task_id": None if one.task_id is None else str(one.task_id),
        "reason": one.reason,
        "created_at": format_instant(one.created_at),
    }
