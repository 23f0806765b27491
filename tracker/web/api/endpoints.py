"""/v1/endpoints: where subscribers want to be told."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.delivery import Endpoint
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.store import endpoints
from tracker.web.api import delivery_views, examples
from tracker.web.api.endpoint_schemas import EndpointBody, EndpointChanges, render_endpoint
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import answer_page, read_position
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_services, get_tenant

MAX_PAGE = 500
MAX_OVERLAP_S = 30 * 86400
_NO_STORE = {"cache-control": "no-store"}


@describe_operation(
    action="endpoints.create",
    scope=Scope.ADMIN,
    tag="endpoints",
    body=EndpointBody,
    examples=examples.ENDPOINT,
    answers={
        201: ResponseSpec(
            delivery_views.EndpointWithSecret,
            headers={"Location": "Where the endpoint can be read."},
        )
    },
    problems=[409],
)
async def create(request: Request) -> Response:
    """Create an endpoint. Its secret is in this answer and nowhere else."""
    body = await read_body(request, EndpointBody)
    made = await get_services(request).endpoints.create(body.build_endpoint(get_tenant(request)))
    headers = {
        "location": add_root_path(request, f"/v1/endpoints/{made.endpoint.id}"),
        **_NO_STORE,
    }
    shown = {**render_endpoint(made.endpoint), "secret": made.secret}
    return JSONResponse(shown, 201, headers)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="endpoints",
    query=[params.define_limit(default=50, high=MAX_PAGE), params.CURSOR],
    answers={
        200: ResponseSpec(
            delivery_views.EndpointPage, headers={"Link": 'The next page, as `rel="next"`.'}
        )
    },
)
async def list_(request: Request) -> Response:
    """A page of endpoints, newest first."""
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    owner, scope = get_tenant(request), f"endpoints {get_tenant(request)}"
    before = read_position(request, scope=scope)
    found = await get_services(request).store.read(
        lambda db: endpoints.list_page(db, owner, before=before, limit=limit + 1)
    )
    page = found[:limit]
    last = page[-1].key if len(found) > limit else None
    return answer_page(
        request, {"endpoints": [render_endpoint(one) for one in page]}, last=last, scope=scope
    )


@describe_operation(
    scope=Scope.TASKS_READ, tag="endpoints", answers={200: delivery_views.EndpointView}
)
async def get(request: Request) -> Response:
    """One endpoint, without its secret."""
    id_, owner = read_endpoint_id(request), get_tenant(request)
    found = await get_services(request).store.read(lambda db: endpoints.get(db, owner, id_))
    if found is None:
        raise NotFound("there is no such endpoint")
    return _answer(found)


@describe_operation(
    action="endpoints.change",
    scope=Scope.ADMIN,
    tag="endpoints",
    body=EndpointChanges,
    answers={200: delivery_views.EndpointView},
)
async def change(request: Request) -> Response:
    """Change some of an endpoint's fields. What is owed already goes to the new URL."""
    body = await read_body(request, EndpointChanges)
    return _answer(
        await get_services(request).endpoints.change(
            get_tenant(request), read_endpoint_id(request), body.build_changes()
        )
    )


@describe_operation(
    action="endpoints.delete", scope=Scope.ADMIN, tag="endpoints", answers={204: None}
)
async def delete(request: Request) -> Response:
    """Delete an endpoint. What it is owed is cancelled; its deliveries stay listed."""
    await get_services(request).endpoints.delete(get_tenant(request), read_endpoint_id(request))
    return Response(status_code=204)


@describe_operation(
    action="endpoints.pause",
    scope=Scope.ADMIN,
    tag="endpoints",
    answers={200: delivery_views.EndpointView},
)
async def pause(request: Request) -> Response:
    """Send nothing until it is resumed; what happens is written down and listed."""
    return _answer(
        await get_services(request).endpoints.pause(get_tenant(request), read_endpoint_id(request))
    )


@describe_operation(
    action="endpoints.resume",
    scope=Scope.ADMIN,
    tag="endpoints",
    query=[
        Param(
            "backlog",
            "What becomes of what it is owed: `send` it, the default, or `drop` it, which leaves "
            "it listed as cancelled and redeliverable.",
            {"type": "string", "enum": ["send", "drop"]},
        )
    ],
    answers={200: delivery_views.EndpointView},
)
async def resume(request: Request) -> Response:
    """Deliver again, after a pause of any kind or a 410."""
    our, owner, id_ = (
        get_services(request).endpoints,
        get_tenant(request),
        read_endpoint_id(request),
    )
    backlog = request.query_params.get("backlog", "send")
    if backlog not in ("send", "drop"):
        raise InvalidRequest(FieldError("backlog", "must be send or drop"), malformed=True)
    if backlog == "drop":
        await our.drop(owner, id_)
    return _answer(await our.resume(owner, id_))


@describe_operation(
    action="endpoints.rotate_secret",
    scope=Scope.ADMIN,
    tag="endpoints",
    query=[
        Param(
            "overlap_s",
            "For how long the old secret signs beside the new one, in seconds; 0 when it has "
            "become known to others.",
            {"type": "integer", "minimum": 0, "maximum": MAX_OVERLAP_S, "default": 86400},
        )
    ],
    answers={200: delivery_views.EndpointWithSecret},
    problems=[409],
)
async def rotate_secret(request: Request) -> Response:
    """Make a new secret. It is in this answer and nowhere else."""
    overlap_s = query.read_integer(request, "overlap_s", default=86400, low=0, high=MAX_OVERLAP_S)
    rotated = await get_services(request).endpoints.rotate(
        get_tenant(request), read_endpoint_id(request), overlap=timedelta(seconds=overlap_s)
    )
    shown = {**render_endpoint(rotated.endpoint), "secret": rotated.secret}
    return JSONResponse(shown, headers=_NO_STORE)


@describe_operation(
    action="endpoints.test",
    scope=Scope.ADMIN,
    tag="endpoints",
    answers={202: delivery_views.DeliveryReference},
    problems=[409],
)
async def test(request: Request) -> Response:
    """Send an `endpoint.test`, whatever the filters; follow it at the delivery named."""
    id_ = await get_services(request).endpoints.test(get_tenant(request), read_endpoint_id(request))
    return JSONResponse({"delivery_id": str(id_)}, 202, {"location": f"/v1/deliveries/{id_}"})


def read_endpoint_id(request: Request) -> UUID:
    """Return the id in the path. Raises NotFound for what cannot be one."""
    return query.read_path_id(request, NotFound("there is no such endpoint"))


def _answer(endpoint: Endpoint) -> Response:
    rendered: Mapping[str, object] = render_endpoint(endpoint)
    return JSONResponse(rendered, headers=_NO_STORE)
