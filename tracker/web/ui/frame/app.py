"""The dashboard as one ASGI app: its routes, who may see them, and errors inside the frame."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from tracker.domain.access import Scope
from tracker.domain.errors import Forbidden, Unauthenticated, Unavailable
from tracker.store.driver import acting
from tracker.web.edge import auth, query
from tracker.web.edge.operation import Param, act_of
from tracker.web.edge.slashes import SlashTolerance
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.errors import render_error
from tracker.web.ui.frame.files import ROUTE, serve_file
from tracker.web.ui.frame.headers import SECURITY
from tracker.web.ui.frame.needs import find_needs, format_needs
from tracker.web.ui.frame.reader import Reader, read_preferences
from tracker.web.ui.frame.render import ROOT
from tracker.web.ui.frame.signing import read_session_secret, show_entrance

PageHandler = Callable[[Request, Reader], Awaitable[Response]]


class Pages:
    """The routes of one file of pages, registered by its handlers."""

    def __init__(self) -> None:
        """Begin without any."""
        self.routes: list[Route] = []

    def get(
        self,
        path: str,
        *,
        scope: Scope | None,
        known: Sequence[Param] | None = None,
        tells_needs: bool = False,
    ) -> Callable[[PageHandler], PageHandler]:
        """Register a handler for GET.

        path:  under `/ui`. scope: what the key must allow; None for everybody.
        known: the query's parameters; any other is refused. None to take whatever comes.
        tells_needs: the handler itself finds out what needs a person; its header shows that.
        """
        return self._register("GET", path, scope, known, tells_needs=tells_needs)

    def post(
        self,
        path: str,
        *,
        scope: Scope | None,
        action: str | None = None,
        counts: Callable[[Any], int] | None = None,
    ) -> Callable[[PageHandler], PageHandler]:
        """Register a handler for POST, like `get`.

        action: its name in the audit; None where what it does is not written down there.
        counts: how many objects one write of the action was about; see `acting.Act`.
        """
        return self._register("POST", path, scope, None, action, counts)

    def _register(  # noqa: PLR0913, PLR0917 - what is said of a route
        self,
        method: str,
        path: str,
        scope: Scope | None,
        known: Sequence[Param] | None,
        action: str | None = None,
        counts: Callable[[Any], int] | None = None,
        *,
        tells_needs: bool = False,
    ) -> Callable[[PageHandler], PageHandler]:
        def mark(handler: PageHandler) -> PageHandler:
            endpoint = _Guarded(handler, scope, known, action, counts, tells_needs=tells_needs)
            self.routes.append(Route(ROOT + path, endpoint, methods=[method]))
            return handler

        return mark


class Dashboard:
    """Pure ASGI. Answers every path under `/ui`."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """routes: of all pages; static files are served besides."""
        files = Route(ROOT + ROUTE, _Guarded(serve_file, None, None), methods=["GET"])
        self._router = Router([files, *routes], redirect_slashes=False)
        self._router.default = SlashTolerance(
            Router(self._router.routes, default=_answer_gone), _answer_gone
        )
        self._pages: Collection[str] = {route.path.removeprefix(ROOT) for route in routes}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """One request. Exceptions before the answer has begun become a page."""
        scope["path_params"] = {}
        scope.pop("endpoint", None)  # ours: of an unknown path no route is told
        scope["state"]["pages"] = self._pages
        begun = False

        async def send_watched(message: dict[str, object]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._router(scope, receive, send_watched)  # type: ignore[arg-type]  # a Message is one
        except Exception as error:
            if begun:
                raise
            request = Request(scope, receive)
            response = show_entrance(request, error) if isinstance(error, Unauthenticated) else None
            response = _add_security_headers(response or render_error(request, error))
            await response(scope, receive, send)


class _Guarded:
    """A handler behind its guard, as an ASGI app."""

    def __init__(  # noqa: PLR0913 - what is said of a route
        self,
        handler: PageHandler,
        scope: Scope | None,
        known: Sequence[Param] | None,
        action: str | None = None,
        counts: Callable[[Any], int] | None = None,
        *,
        tells_needs: bool = False,
    ) -> None:
        update_wrapper(self, handler)
        self._tells_needs = tells_needs
        self._handler, self._scope = handler, scope
        self._action, self._counts = action, counts
        self._is_checked = known is not None
        names = {param.name for param in known or ()}
        self._known = names
        self._repeatable = {param.name for param in known or () if param.repeatable}
        self._prefixes = tuple(
            name.removesuffix("<key>") for name in names if name.endswith("<key>")
        )

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive, send)
        reader = await read_by(request, self._scope)
        if self._action is not None and reader.principal is not None:
            acting.begin(act_of(request, reader.principal, self._action, self._counts))
        if self._is_checked:
            query.check_known(
                request, self._known, repeatable=self._repeatable, prefixes=self._prefixes
            )
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if is_page and not self._tells_needs:
            state = request.scope["state"]
            state["needs"] = format_needs(await find_needs(request, reader))
        response = _add_security_headers(await self._handler(request, reader))
        if request.method != "GET" and reader.principal is not None:
            get_services(request).attention_looks.forget(reader.tenant)
        await response(scope, receive, send)


def _add_security_headers(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


async def read_by(request: Request, scope: Scope | None) -> Reader:
    """Return the reader of a page, and remember it for the page of an error.

    scope: what the key must allow; None for a page that everybody may see.
    Raises what `auth.admit_to_dashboard` raises; ForeignPage for a form of another site, whatever
    page it is for.
    """
    auth.check_sender(request)
    state = request.scope["state"]
    found = state["reader"] = Reader(read_preferences(request))
    secret = read_session_secret(request)
    if scope is None:
        return await _recognize(request, found, secret)
    try:
        principal = await auth.admit_to_dashboard(request, scope, secret)
    except Forbidden:
        state["reader"] = await _recognize(request, found, secret)  # who stays signed in
        raise
    is_open = principal is auth.ANYBODY
    found = state["reader"] = Reader(found.preferences, principal, is_open=is_open)
    return found


async def _recognize(request: Request, reader: Reader, secret: str | None) -> Reader:
    """Return who reads a page that everybody may see, where they have signed in or need not."""
    try:
        principal = await get_services(request).authenticator.identify_session(request, secret)
    except (Unauthenticated, Unavailable):
        return reader
    return replace(reader, principal=principal, is_open=principal is auth.ANYBODY)


async def _answer_gone(_scope: AsgiScope, _receive: Receive, _send: Send) -> None:
    raise HTTPException(404)


def build_dashboard(*groups: Pages) -> ASGIApp:
    """Return the dashboard with these pages."""
    return Dashboard([route for group in groups for route in group.routes])
