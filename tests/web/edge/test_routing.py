"""The index of routes finds what trying all of them one after the other finds."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.providers.registry import PROVIDERS
from tracker.web.edge.routing import RouteIndex
from tracker.web.fronts.host import ServedFronts, build_front_routes
from tracker.web.routes import ROUTES

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ODD = ("", "/", "//", "//v1/tasks", "/v1", "/v1/", "/v1//tasks", "/v2/tasks", "/mj", "/mj//submit")


class _Named:
    """An endpoint that says which route it is, by its number."""

    def __init__(self, number: int | None) -> None:
        self._number = number

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = {"route": self._number, "params": scope.get("path_params")}
        await send({"type": "found", **found})


def _named(routes: Sequence[BaseRoute]) -> list[Route]:
    return [
        Route(route.path, _Named(number), methods=list(route.methods or ()))
        for number, route in enumerate(routes)
        if isinstance(route, Route)
    ]


def _paths(routes: Sequence[Route]) -> set[str]:
    found = set(_ODD)
    for route in routes:
        for value in ("x", "query", "a%2Fb"):
            path = route.path_format
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", value)
            found |= {path, f"{path}/", f"{path}/more"}
    return found


async def _answer(app: ASGIApp, method: str, path: str, root: str) -> Any:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": method, "path": root + path, "root_path": root}
    await app(scope, receive, send)
    return sent[0].get("route"), sent[0].get("params"), sent[0].get("status")


def test_every_path_leads_where_the_routes_in_their_order_lead() -> None:
    asyncio.run(_compare())


async def _compare() -> None:
    routes = _named([*ROUTES, *build_front_routes(ServedFronts(PROVIDERS).list_hosts())])
    plain = Router(routes, redirect_slashes=False, default=_Named(None))
    index = RouteIndex(plain)
    found = set()
    for path in sorted(_paths(routes)):
        for method in _METHODS:
            answer = await _answer(index, method, path, "")
            assert answer == await _answer(plain, method, path, ""), (method, path)
            assert answer == await _answer(index, method, path, "/below"), (method, path)
            found.add(answer[0])
    assert found >= set(range(len(routes)))
