"""Liveness and readiness."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.errors import Unavailable
from tracker.services.upkeep.stalls import REFUSED
from tracker.store import replica
from tracker.store.revision import look
from tracker.web.api import service_views
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.state import Services, get_services


@describe_operation(scope=None, tag="system", answers={200: service_views.Health})
async def healthz(_request: Request) -> Response:
    """The process answers. Asks nothing else, so that a database away restarts nobody."""
    return JSONResponse({"status": "ok"})


@describe_operation(
    scope=None,
    tag="system",
    answers={200: service_views.Readiness, 503: service_views.Readiness},
)
async def readyz(request: Request) -> Response:
    """The database answers, takes a write, and has a schema that this code can work on.

    `reason` beside `ok` says what part of the database refuses or cannot be read: the rest is
    served, which 503 would end.
    `read-only` with its lag for a process that only reads: its database need not take a write.
    """
    for stall in get_services(request).stalls.find_standing():
        return _answer_unavailable(stall.reason)
    try:
        return await get_services(request).store.wait_in_time(_prove(get_services(request)))
    except Unavailable as error:
        return _answer_unavailable(str(error))


async def _prove(our: Services) -> Response:
    """Return the answer that a read and a write prove. Raises Unavailable."""
    store = our.store
    found = await store.read(look)
    if found.misfit is not None:
        return _answer_unavailable(found.misfit)
    if store.is_read_only:
        lag_s = await store.read(replica.measure_lag_s)
        return JSONResponse({"status": "read-only", "schema": found.revision, "lag_s": lag_s})
    await our.presence.prove()
    if store.is_full:  # it takes small writes now and then: this one proves nothing
        return _answer_unavailable(REFUSED)
    there = our.connections
    connections = {"open": len(there), "most": there.limits.most, "gave_way": there.gave_way}
    body = {
        "status": "ok",
        "schema": found.revision,
        "has_worker": our.presence.has_worker,
        "connections": connections,
    }
    for partial in our.stalls.list_lasting():
        body["reason"] = partial.reason
    return JSONResponse(body)


def _answer_unavailable(reason: str) -> Response:
    return JSONResponse({"status": "unavailable", "reason": reason}, 503)
