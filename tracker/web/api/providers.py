"""/v1/providers: what works with each system, from the providers' own records."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.providers.capabilities import Capabilities, System, systems
from tracker.web.api import service_views
from tracker.web.edge.operation import operation


@operation(scope=Scope.TASKS_READ, tag="providers", answers={200: service_views.Systems})
async def list_(_request: Request) -> Response:
    """List the systems of the gateway's navigation, and what works with each of them."""
    told: service_views.Systems = {"systems": [_system(one) for one in systems()]}
    return JSONResponse(told)


def _system(one: System) -> service_views.SystemView:
    found = one.capabilities
    return {
        "title": one.title,
        "provider": one.provider,
        "status": one.status,
        "capabilities": None if found is None else _capabilities(found),
    }


def _capabilities(found: Capabilities) -> service_views.SystemCapabilities:
    return {
        "callback": found.callback,
        "lookup": list(found.lookup),
        "batch": found.batch,
        "cancel": found.cancel,
        "cost": found.cost,
        "front": found.front,
        "custody_days": found.custody_days,
        "clients": list(found.clients),
    }
