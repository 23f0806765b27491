"""Around every request: an id that goes in and out, one log line, and no exception unanswered."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.clock import Clock, make_name
from tracker.domain import trace
from tracker.domain.errors import Unavailable
from tracker.domain.token import LENGTH
from tracker.telemetry import tracing
from tracker.telemetry.logs import REQUEST_ID, access_log, begin_request, note, read_noted
from tracker.telemetry.metrics import REQUEST_SECONDS, REQUESTS
from tracker.telemetry.tracing import NO_SPAN, TRACEPARENT, NoSpan, OpenSpan, SpanKind
from tracker.web.edge import problems
from tracker.web.edge.body_shares import release_share
from tracker.web.edge.rootpath import CALLBACK_PREFIX
from tracker.web.edge.sent_events import SentEvents
from tracker.web.edge.whole_answers import LEFT, send_whole

log = logging.getLogger(__name__)

UNROUTED = "none"
"""The route of a path that has none: whatever strangers ask for is one."""
_SANE_ID = re.compile(r"[!-~]{1,128}")
_UNTRACED = re.compile(rf"{CALLBACK_PREFIX}|/(healthz|readyz)$")
"""Paths whose requests make no span here: callbacks make theirs where they are received, and what
asks every few seconds whether we live would be most of all traces."""
_TOLD = frozenset({"tenant", "provider", "task", "verdict"})
"""Facts about a request that its span tells, too."""
Answer = Callable[[Request, Exception], Awaitable[Any]]


class RequestScope:
    """Pure ASGI; outermost."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        """clock: measures how long an answer took."""
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        # Not reset: the server answers each request in a task, and so a context, of its own.
        begin_request(request_id)
        comes_from = read_traceparent(scope["headers"])
        if comes_from is not None:
            TRACEPARENT.set(comes_from)
        span = _begin_span(scope, comes_from)
        place = span.traceparent or comes_from
        if place is not None:
            note(trace_id=trace.trace_id(place))
        started = self._clock.monotonic()
        status = 0

        async def send_with_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *_build_headers(scope, request_id)]
                message = {**message, "headers": headers}
            await send(message)

        with span:
            try:
                await self._app(scope, receive, send_with_more)
                left = scope.get("state", {}).pop(LEFT, None)
                if isinstance(left, SentEvents):
                    await left.send(scope, send_with_more)
                elif left is not None:
                    status = left.status_code
                    await send_whole(left, _build_headers(scope, request_id), scope, send)
            except Exception as error:
                if status and isinstance(error, Unavailable):
                    # Left without an end, which makes the server close the connection: what is
                    # read while it is sent, such as a file on a disk that fails, is no fault here.
                    log.warning("an answer is cut: %(reason)s", {"reason": error})
                    return
                if status:
                    raise  # the answer had begun; all that is left is to cut it
                response = await problems.answer(Request(scope), error)
                status = response.status_code
                await send_whole(response, _build_headers(scope, request_id), scope, send)
            finally:
                release_share(scope)
                # Anything may have been pasted into it, also where an id belongs.
                path, route = access_log.redact(scope["path"]), _find_route(scope)
                if span is not NO_SPAN:
                    _describe(span, scope["method"], route, status)
                log_answer(
                    self._clock,
                    scope["method"],
                    mask_token(path),
                    status,
                    started=started,
                    route=route,
                )


def _build_headers(scope: Scope, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return what every answer carries besides its own headers."""
    found = [(b"x-request-id", request_id.encode())]
    state = scope.get("state", {})
    if "rate_fields" in state:  # left by auth.admit
        found += state["rate_fields"]
    if "services" in state and (position := state["services"].store.position):
        found.append((b"tracker-position", position.encode()))
    return found


def _begin_span(scope: Scope, parent: str | None) -> OpenSpan | NoSpan:
    """Begin the span of a request; it gets its name once it has a route."""
    if not tracing.is_on() or _UNTRACED.search(scope["path"]):
        return NO_SPAN
    about = {"http.request.method": scope["method"], "tracker.request_id": REQUEST_ID.get()}
    return tracing.begin_span(scope["method"], SpanKind.SERVER, parent=parent, attributes=about)


def _describe(span: OpenSpan | NoSpan, method: str, route: str, status: int) -> None:
    span.rename(f"{method} {route}")
    span.add({"http.route": route, "http.response.status_code": status or None})
    span.add({f"tracker.{name}": value for name, value in read_noted().items() if name in _TOLD})
    if status >= 500 or not status:
        span.fail(str(status) if status else "cut")


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the id of a request: what its sender calls it, or a new one.

    It stands in logs, traces and audits, so that none of our secrets may be in it.
    """
    for name, value in headers:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            is_sane = _SANE_ID.fullmatch(text) is not None and access_log.redact(text) == text
            return text if is_sane else make_name()
    return make_name()


def read_traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return where in a trace a request comes from; None without a valid `traceparent`."""
    for name, value in headers:
        if name == b"traceparent":
            return trace.read(value.decode("latin-1"))
    return None


def log_answer(  # noqa: PLR0913 - what is logged of an answer
    clock: Clock, method: str, path: str, status: int, *, started: float, route: str
) -> None:
    """Write one line in the log, for the request of this context. Arguments: see `log_request`."""
    log_request(
        *(clock, method, path, status),
        started=started,
        route=route,
        request_id=REQUEST_ID.get(),
        facts=read_noted(),
    )


def log_request(  # noqa: PLR0913 - what is logged of an answer
    clock: Clock,
    method: str,
    path: str,
    status: int,
    *,
    started: float,
    route: str,
    request_id: str,
    facts: Mapping[str, str],
) -> None:
    """Write one line in the log.

    path:    as `mask_token` returns it.
    started: on the clock that only goes forward.
    route:   the path with the names of what it holds; the same for all requests of a kind.
    facts:   what is known of the request; see telemetry.note.
    """
    took_s = clock.monotonic() - started
    REQUESTS.add((route, status))
    REQUEST_SECONDS.observe(took_s, (route,))
    took_ms = round(took_s * 1000, 1)
    access_log.log_answer(
        method,
        route,
        path,
        status,
        took_ms,
        now=clock.now,
        request_id=request_id,
        facts=facts,
    )


def _find_route(scope: Scope) -> str:
    """Return the path of the route that took a request, with the names of what it holds."""
    if "endpoint" not in scope or "route" not in scope:
        return UNROUTED
    return _render_route(scope.get("root_path", ""), scope["route"].path_format)


@lru_cache(maxsize=1024)
def _render_route(root: str, path: str) -> str:
    return mask_token(root + path)


def mask_token(path: str) -> str:
    """Return a path as it may be logged: the token of a callback URL is a secret."""
    before, mark, rest = path.partition(CALLBACK_PREFIX)  # it may stand behind a root path
    if mark:
        # Provider and task; the token, and whatever follows it, goes, also where one of them lacks.
        named = ["…" if len(part) >= LENGTH else part for part in rest.split("/")[:2]]
        path = f"{before}{mark}{'/'.join(named)}/…"
    return path if path.isprintable() else repr(path)
