"""The whole URL map on one screen."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property, partial
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tracker.clock import Clock
from tracker.providers.registry import PROVIDERS
from tracker.web.api import (
    accounts,
    actions,
    assets,
    attention,
    audit,
    bulk,
    changes,
    costs,
    deliveries,
    dismissals,
    documentation,
    endpoints,
    health,
    holds,
    home,
    keys,
    operations,
    providers,
    receipts,
    rejudging,
    rereads,
    resubmitting,
    runs,
    stats,
    system,
    tasks,
)
from tracker.web.edge.middleware import RequestScope
from tracker.web.edge.replica import PositionWait
from tracker.web.edge.rootpath import RootPath
from tracker.web.edge.routing import RouteIndex
from tracker.web.edge.slashes import EncodedSlashes, SlashTolerance, split_path
from tracker.web.edge.state import Services
from tracker.web.edge.uploads import UPLOAD_FORM_PATH
from tracker.web.fronts.host import FrontHost, FrontsByHost, ServedFronts, build_front_routes
from tracker.web.receive import callbacks, identity
from tracker.web.ui.routes import ROUTES as UI_ROUTES


class AppState(TypedDict):
    """The state that the lifespan yields to every request."""

    services: Services


ROUTES: Sequence[BaseRoute] = (
    Route("/v1/tasks", tasks.submit, methods=["POST"]),
    Route("/v1/tasks", tasks.list_, methods=["GET"]),
    Route("/v1/tasks/query", tasks.query_, methods=["POST"]),
    Route("/v1/tasks/resubmit", resubmitting.resubmit_many, methods=["POST"]),
    Route("/v1/tasks/actions", bulk.act_on_many, methods=["POST"]),
    Route("/v1/tasks/{id}", tasks.get, methods=["GET"]),
    Route("/v1/tasks/{id}/refresh", actions.refresh, methods=["POST"]),
    Route("/v1/tasks/{id}/cancel", actions.cancel, methods=["POST"]),
    Route("/v1/tasks/{id}/resolve", actions.resolve, methods=["POST"]),
    Route("/v1/tasks/{id}/resubmit", actions.resubmit, methods=["POST"]),
    Route("/v1/tasks/{id}/dismiss", dismissals.dismiss_follow_up, methods=["POST"]),
    Route("/v1/tasks/{id}/input", tasks.get_input, methods=["GET"]),
    Route("/v1/tasks/{id}/transitions", tasks.list_transitions, methods=["GET"]),
    Route("/v1/tasks/{id}/receipts", tasks.list_receipts, methods=["GET"]),
    Route("/v1/tasks/{id}/attempts", tasks.list_attempts, methods=["GET"]),
    Route("/v1/tasks/{id}/deliveries", tasks.list_deliveries, methods=["GET"]),
    Route("/v1/runs", runs.start, methods=["POST"]),
    Route("/v1/runs", runs.list_, methods=["GET"]),
    Route("/v1/runs/{id}", runs.get, methods=["GET"]),
    Route("/v1/runs/{id}/tasks", runs.list_tasks, methods=["GET"]),
    Route("/v1/runs/{id}/stop", runs.stop, methods=["POST"]),
    Route("/v1/changes", changes.list_, methods=["GET"]),
    Route("/v1/changes/stream", changes.stream, methods=["GET"]),
    Route("/v1/endpoints", endpoints.create, methods=["POST"]),
    Route("/v1/endpoints", endpoints.list_, methods=["GET"]),
    Route("/v1/endpoints/{id}", endpoints.get, methods=["GET"]),
    Route("/v1/endpoints/{id}", endpoints.change, methods=["PATCH"]),
    Route("/v1/endpoints/{id}", endpoints.delete, methods=["DELETE"]),
    Route("/v1/endpoints/{id}/pause", endpoints.pause, methods=["POST"]),
    Route("/v1/endpoints/{id}/resume", endpoints.resume, methods=["POST"]),
    Route("/v1/endpoints/{id}/rotate-secret", endpoints.rotate_secret, methods=["POST"]),
    Route("/v1/endpoints/{id}/test", endpoints.test, methods=["POST"]),
    Route("/v1/deliveries", deliveries.list_, methods=["GET"]),
    Route("/v1/deliveries/redeliver", deliveries.redeliver_many, methods=["POST"]),
    Route("/v1/deliveries/{id}", deliveries.get, methods=["GET"]),
    Route("/v1/deliveries/{id}/redeliver", deliveries.redeliver, methods=["POST"]),
    Route("/v1/receipts", receipts.list_, methods=["GET"]),
    Route("/v1/receipts/{id}", receipts.get, methods=["GET"]),
    Route("/v1/receipts/{id}/body", receipts.body, methods=["GET"]),
    Route("/v1/receipts/{id}/dismiss", dismissals.dismiss_receipt, methods=["POST"]),
    Route("/v1/receipts/{id}/attach", rejudging.attach, methods=["POST"]),
    Route("/v1/receipts/{id}/replay", rejudging.replay, methods=["POST"]),
    Route("/v1/rereads", rereads.start, methods=["POST"]),
    Route("/v1/rereads", rereads.list_, methods=["GET"]),
    Route("/v1/rereads/{id}", rereads.get, methods=["GET"]),
    Route("/v1/rereads/{id}/stop", rereads.stop, methods=["POST"]),
    Route("/v1/holds", holds.add, methods=["POST"]),
    Route("/v1/holds", holds.list_, methods=["GET"]),
    Route("/v1/holds/{id}", holds.get, methods=["GET"]),
    Route("/v1/holds/{id}", holds.remove, methods=["DELETE"]),
    Route("/v1/assets", assets.list_, methods=["GET"]),
    Route("/v1/assets/{id}", assets.get, methods=["GET"]),
    Route("/v1/assets/{id}/content", assets.content, methods=["GET"]),
    Route("/v1/assets/{id}/link", assets.link, methods=["POST"]),
    Route("/v1/assets/{id}/fetch", assets.fetch, methods=["POST"]),
    Route("/links/{token}/{name}", assets.linked, methods=["GET"]),
    Route("/v1/uploads", assets.upload, methods=["POST"]),
    Route(UPLOAD_FORM_PATH, assets.upload_by_form, methods=["POST"]),
    Route(UPLOAD_FORM_PATH + "/{token}", assets.upload_by_link, methods=["PUT"]),
    Route(UPLOAD_FORM_PATH + "/{token}", assets.may_upload, methods=["OPTIONS"]),
    Route("/links/{token}/{name}", assets.may_read, methods=["OPTIONS"]),
    Route("/v1/attention", attention.get, methods=["GET"]),
    Route("/v1/audit", audit.list_, methods=["GET"]),
    Route("/v1/keys", keys.list_, methods=["GET"]),
    Route("/v1/keys", keys.create, methods=["POST"]),
    Route("/v1/keys/{id}", keys.revoke, methods=["DELETE"]),
    Route("/v1/system", system.get, methods=["GET"]),
    Route("/v1/stats", stats.get, methods=["GET"]),
    Route("/v1/costs", costs.get, methods=["GET"]),
    Route("/v1/accounts", accounts.list_, methods=["GET"]),
    Route("/v1/operations", operations.list_operations, methods=["GET"]),
    Route("/v1/providers", providers.list_, methods=["GET"]),
    Route("/callbacks/self/{nonce}/{token}", identity.prove, methods=["GET"]),
    Route("/callbacks/{provider}/{subject}/{token}", callbacks.receive, methods=["POST"]),
    Route("/callbacks/{provider}/{subject}/{token}", callbacks.answer_challenge, methods=["GET"]),
    Route("/callbacks/{provider}", callbacks.receive, methods=["POST"]),
    Route("/callbacks/{provider}", callbacks.answer_challenge, methods=["GET"]),
    Route("/", home.home, methods=["GET"]),
    Route("/healthz", health.healthz, methods=["GET"]),
    Route("/readyz", health.readyz, methods=["GET"]),
    Route("/openapi.json", documentation.openapi, methods=["GET"]),
    Route("/docs", documentation.page, methods=["GET"]),
    Route("/docs/problems", home.explain_problem_types, methods=["GET"]),
    Route("/docs/{file}", documentation.serve_asset, methods=["GET"]),
)
"""Everything that is served beside fronts and dashboard. Handlers say the rest: see `operation`."""


def build_app(  # noqa: PLR0913 - what may differ between deployments
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[AppState]],
    clock: Clock,
    *,
    root_path: str = "",
    fronts: ServedFronts | None = None,
    has_ui: bool = True,
    is_read_only: bool = False,
) -> Starlette:
    """Make the ASGI app.

    lifespan:       opens the services and yields them.
    root_path:      where it is mounted on its host, e.g. `/tracker`.
    fronts:         None for those of every provider, in their own places.
    has_ui:         whether the dashboard is served, and browsers are led from `/` to it.
    is_read_only:   whether requests wait for what they have to find.
    """
    fronts = fronts or ServedFronts(PROVIDERS)
    middleware = [Middleware(RequestScope, clock=clock), Middleware(EncodedSlashes)]
    if is_read_only:
        middleware.append(Middleware(PositionWait, clock=clock))
    if fronts.names:
        middleware.append(Middleware(FrontsByHost, fronts=fronts.map_hosts()))
    if root_path:  # outermost: links in answers to exceptions begin with it too
        middleware.insert(0, Middleware(RootPath, root_path=root_path))
    placed = fronts.list_hosts()
    routes = [*ROUTES, *(UI_ROUTES if has_ui else ()), *build_front_routes(placed)]
    app = _App(routes=routes, middleware=middleware, lifespan=lifespan)
    otherwise = partial(_answer_unrouted, placed, app.router.default)
    app.router.default = SlashTolerance(app.index, otherwise)
    app.state.has_ui = has_ui
    return app


def _find_collection(path: str) -> str:
    """Return the first part of a path; the first two below `/v1`, where a front may stand too."""
    parts = split_path(path.lower())
    return "/".join(parts[: 2 if parts[:1] == ["v1"] else 1])


_COLLECTIONS = frozenset(
    _find_collection(route.path) for route in (*ROUTES, *UI_ROUTES) if isinstance(route, Route)
)
"""The service's own: what lies below them is no front's."""


async def _answer_unrouted(
    fronts: Sequence[FrontHost], otherwise: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a path that no route has: in a front's words where a client of it might ask."""
    answer = None
    path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
    if scope["type"] == "http" and _find_collection(path) not in _COLLECTIONS:
        request = Request(scope, receive, send)
        answers = (front.answer_unrouted(request) for front in fronts)
        answer = next((one for one in answers if one is not None), None)
    await (otherwise if answer is None else answer)(scope, receive, send)


class _App(Starlette):
    """Starlette without its own two layers that answer exceptions: RequestScope does that.

    They cost each request 10 µs, and each waiter 2 KB.
    """

    @cached_property
    def index(self) -> RouteIndex:
        """Its routes."""
        return RouteIndex(self.router)

    def build_middleware_stack(self) -> ASGIApp:
        """Build the middleware stack around the routes."""
        app: ASGIApp = self.index
        for kind, args, kwargs in reversed(self.user_middleware):
            app = kind(app, *args, **kwargs)
        return app
