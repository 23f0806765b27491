"""/v1/receipts/{id}/attach and …/replay: what a kept callback comes to when it is read again."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest
from tracker.services.receive.rejudging import Rejudged
from tracker.store.driver import acting
from tracker.web.api import examples, receipt_views
from tracker.web.api.schemas import Name
from tracker.web.edge import query
from tracker.web.edge.operation import describe_operation, read_body
from tracker.web.edge.state import get_principal, get_services, get_tenant


class ReplayBody(BaseModel):
    """`POST /v1/receipts/{id}/replay`."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    dry_run: bool = True
    """True, the default: say what would come of it, and change nothing."""


class AttachBody(ReplayBody):
    """`POST /v1/receipts/{id}/attach`."""

    task_id: Name
    """The task that the callback belongs to."""


_Body = TypeVar("_Body", bound=ReplayBody)


@describe_operation(
    action="receipts.replay",
    scope=Scope.ADMIN,
    tag="receipts",
    body=ReplayBody,
    examples=examples.REPLAY,
    answers={200: receipt_views.RejudgedReceipt},
    problems=[409],
)
async def replay(request: Request) -> Response:
    """Judge a callback again by today's adapter and rules; unless told otherwise, only say how.

    What is unproven is confirmed by a query, as on arrival. A task moves once: a second replay
    finds nothing new, and no verdict is overwritten.
    """
    body = await _read(request, ReplayBody)
    key = query.read_row_key(request)
    found = await get_services(request).rejudging.replay(
        get_tenant(request), key, actor=get_principal(request).actor, is_dry=body.dry_run
    )
    return _answer(found, body)


@describe_operation(
    action="receipts.attach",
    scope=Scope.ADMIN,
    tag="receipts",
    body=AttachBody,
    examples=examples.ATTACH,
    answers={200: receipt_views.RejudgedReceipt},
    problems=[409],
)
async def attach(request: Request) -> Response:
    """Give a quarantined callback to a task of yours; unless told otherwise, only say what moves.

    You answer for where it comes from. What it does to the task, the rules decide: a contradiction
    changes nothing.
    """
    body = await _read(request, AttachBody)
    key = query.read_row_key(request)
    task_id = query.parse_uuid(body.task_id)
    if task_id is None:
        raise InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    found = await get_services(request).rejudging.attach(
        get_tenant(request), key, task_id, actor=get_principal(request).actor, is_dry=body.dry_run
    )
    return _answer(found, body)


async def _read(request: Request, model: type[_Body]) -> _Body:
    """Read a body; what is only tried out is no action."""
    body = await read_body(request, model)
    if body.dry_run:
        acting.drop()
    return body


def _answer(found: Rejudged, body: ReplayBody) -> Response:
    told = receipt_views.render_rejudged(found, dry_run=body.dry_run)
    return JSONResponse(told, headers={"cache-control": "no-store"})
