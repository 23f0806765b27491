"""Find the route of a path without trying the routes of all other paths before it."""

import re
from collections.abc import Awaitable, Sequence
from typing import NamedTuple

from starlette._utils import get_route_path
from starlette.convertors import PathConvertor, StringConvertor
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

_Key = tuple[str, str | None]
"""A path's first two parts; the second is None where any will do."""


class _Target(NamedTuple):
    """A route that takes a method.

    pattern: of its paths.
    slashes: how many each of its paths has; None where they differ.
    """

    route: Route
    pattern: re.Pattern[str]
    slashes: int | None


class _Group(NamedTuple):
    """The routes of the paths that begin alike.

    targets: those that take a method, in their order; empty where only the router knows.
    router:  answers what none of them takes, e.g. with the methods that the path has.
    """

    targets: dict[str, list[_Target]]
    router: Router


class RouteIndex:
    """An ASGI app that gives each request to the few routes whose paths begin as its own does.

    Starlette's router matches one pattern after the other, 0.25 ms with the fronts of a dozen
    providers behind the service's own paths, and asks each for its methods afterwards. Here a
    request meets the patterns of its own method and length, mostly one.
    """

    def __init__(self, router: Router) -> None:
        """Take the router's routes, which begin with a word each, in their order.

        router: answers what is no HTTP request, and by its `default` what has no route.
        """
        self._router = router
        begun: dict[str, list[tuple[str | None, _Target]]] = {}
        for one in router.routes:
            first, second = _make_key(one)
            begun.setdefault(first, []).append((second, _make_target(_require_route(one))))
        self._groups = {
            (first, second): self._group_of(second, keyed)
            for first, keyed in begun.items()
            for second in dict.fromkeys(own for own, _ in keyed)
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request. No coroutine of its own, which every request would pay for."""
        return self._choose_app(scope)(scope, receive, send)

    def _choose_app(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._router
        path = get_route_path(scope)
        first, second = _split_parts(path)
        group = self._groups.get((first, second)) or self._groups.get((first, None))
        if group is None:
            return self._router.default
        slashes = path.count("/")
        for route, pattern, its_slashes in group.targets.get(scope["method"], ()):
            if its_slashes is not None and its_slashes != slashes:
                continue
            found = pattern.match(path)
            if found is not None:
                scope["route"], scope["endpoint"] = route, route.endpoint
                scope["path_params"] = found.groupdict()
                return route.app
        return group.router

    def _group_of(self, second: str | None, keyed: Sequence[tuple[str | None, _Target]]) -> _Group:
        """Return those that a path may have. keyed: the routes with the same first part."""
        fitting = [target for own, target in keyed if own in (second, None)]
        routes = [target.route for target in fitting]
        targets: dict[str, list[_Target]] = {}
        if all(route.methods for route in routes):  # else one takes every method, whatever it is
            for target in fitting:
                for method in target.route.methods or ():
                    targets.setdefault(method, []).append(target)
        router = Router(routes, redirect_slashes=False, default=self._call_default)
        return _Group(targets, router)

    async def _call_default(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router.default(scope, receive, send)


def _require_route(route: BaseRoute) -> Route:
    """Return a route that is of the only kind that is used here."""
    assert isinstance(route, Route)  # noqa: S101 - the index has no place for others
    kinds = {type(convertor) for convertor in route.param_convertors.values()}
    assert kinds <= {StringConvertor, PathConvertor}, route.path  # noqa: S101 - nothing converts
    return route


def _make_target(route: Route) -> _Target:
    kinds = {type(convertor) for convertor in route.param_convertors.values()}
    slashes = None if PathConvertor in kinds else route.path.count("/")
    return _Target(route, route.path_regex, slashes)


def _make_key(route: BaseRoute) -> _Key:
    first, second = _split_parts(_require_route(route).path)
    assert "{" not in first, route  # noqa: S101 - the index has no place for it
    return first, None if "{" in second else second


def _split_parts(path: str) -> tuple[str, str]:
    """Return the first two parts of a path; empty ones where it has fewer."""
    first, _, rest = path.removeprefix("/").partition("/")
    return first, rest.partition("/")[0]
