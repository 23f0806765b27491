"""/v1/providers: what works with each system, from the providers' own records."""

from pydantic import with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.providers.capabilities import Capabilities, System, list_systems
from tracker.web.api.views import EXACT
from tracker.web.edge.operation import describe_operation


@with_config(EXACT)
class SystemCapabilities(TypedDict):
    """The capabilities of a provider, from its record and from the tests."""

    callback: bool
    lookup: list[str]
    """How a submit whose answer was lost is found: `by_id`, `by_scan`, `by_likeness`, `candidates`,
    `existence`, `never`.
    """
    batch: int
    """How many tasks one query asks for at most."""
    cancel: bool
    cost: bool
    """Its answers say what a task costs."""
    front: bool
    custody_days: float | None
    """Days for which URLs of results live, where the provider says so; results are kept anyway."""
    clients: list[str]
    """Published clients that the tests run unmodified."""


@with_config(EXACT)
class SystemView(TypedDict):
    """One system. `status`: served, not built, unknown."""

    title: str
    provider: str | None
    status: str
    capabilities: SystemCapabilities | None


@with_config(EXACT)
class Systems(TypedDict):
    """Every system, in the order of the navigation."""

    systems: list[SystemView]


@describe_operation(scope=Scope.TASKS_READ, tag="providers", answers={200: Systems})
async def list_(_request: Request) -> Response:
    """List the systems of the gateway's navigation, and what works with each of them."""
    told: Systems = {"systems": [_build_system(one) for one in list_systems()]}
    return JSONResponse(told)


def _build_system(one: System) -> SystemView:
    found = one.capabilities
    return {
        "title": one.title,
        "provider": one.provider,
        "status": one.status,
        "capabilities": None if found is None else _build_capabilities(found),
    }


def _build_capabilities(found: Capabilities) -> SystemCapabilities:
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
