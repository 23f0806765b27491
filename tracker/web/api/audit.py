"""/v1/audit: who did what."""

from functools import partial

from pydantic import with_config
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.rendering import format_instant
from tracker.store import audit
from tracker.store.audit import AuditFilter, RecordedAction
from tracker.web.api.views import EXACT, Instant
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation
from tracker.web.edge.paging import MAX_PAGE, build_list_scope, list_newest_first
from tracker.web.edge.state import get_tenant


@with_config(EXACT)
class AuditEntry(TypedDict):
    """An action of somebody with a key, or at the service's machine."""

    id: str
    at: Instant
    actor: str
    action: str
    """Such as `tasks.cancel`."""
    target: str | None
    """The id of what it was done to; null where that was whatever a filter matched."""
    number: int
    """How many objects it was about."""
    request_id: str | None
    """Null for a command on the service's machine."""


@with_config(EXACT)
class AuditPage(TypedDict):
    """A page of actions, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None


@describe_operation(
    scope=Scope.ADMIN,
    tag="audit",
    query=[
        Param("action", "Only this action, such as `tasks.cancel`."),
        Param("target", "Only what was done to this object."),
        params.define_limit(default=50, high=MAX_PAGE),
        Param("after", "`next_cursor` of the page before."),
    ],
    answers={200: ResponseSpec(AuditPage, headers={"Link": 'The next page, as `rel="next"`.'})},
)
async def list_(request: Request) -> Response:
    """A page of the tenant's audit, newest first: who did what, to what, and when."""
    wanted = AuditFilter(
        get_tenant(request), query.read_text(request, "action"), query.read_text(request, "target")
    )
    read = partial(audit.list_page, wanted=wanted)
    return await list_newest_first(
        request, "entries", read, _build_entry, scope=build_scope(wanted)
    )


def build_scope(wanted: AuditFilter) -> str:
    """Return what cursors of the audit are bound to."""
    narrowed = {"action": wanted.action, "target": wanted.target}
    return build_list_scope("audit", wanted.tenant, narrowed)


def _build_entry(one: RecordedAction) -> AuditEntry:
    return {
        "id": str(one.key),
        "at": format_instant(one.at),
        "actor": one.actor,
        "action": one.action,
        "target": one.target,
        "number": one.number,
        "request_id": one.request_id or None,
    }
