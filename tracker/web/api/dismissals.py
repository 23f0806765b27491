"""/v1/…/dismiss: say that something that needed a human has been looked at."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.store.dismissals import Dismissal
from tracker.web.api import service_views
from tracker.web.api.receipt_views import render_dismissal
from tracker.web.edge import query
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.state import get_principal, get_services, get_tenant


@describe_operation(
    action="receipts.dismiss",
    scope=Scope.TASKS_WRITE,
    tag="receipts",
    answers={200: service_views.DismissalView},
    problems=[404],
)
async def dismiss_receipt(request: Request) -> Response:
    """Take a receipt out of `/v1/attention`; it stays in the list of its task."""
    (found,) = await get_services(request).dismissing.dismiss_receipts(
        get_tenant(request), [query.read_row_key(request)], actor=get_principal(request).actor
    )
    return _answer(found)


@describe_operation(
    action="tasks.dismiss",
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    answers={200: service_views.DismissalView},
    problems=[404, 409],
)
async def dismiss_follow_up(request: Request) -> Response:
    """Take a task without a result, or denied, out of `/v1/attention`; it is asked about on."""
    found = await get_services(request).dismissing.dismiss_follow_up(
        get_tenant(request), query.read_task_id(request), actor=get_principal(request).actor
    )
    return _answer(found)


def _answer(found: Dismissal) -> Response:
    return JSONResponse(render_dismissal(found), headers={"cache-control": "no-store"})
