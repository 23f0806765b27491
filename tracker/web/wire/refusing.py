"""Answer what never becomes a request for the app, in the app's own words."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tracker.clock import Clock, make_name
from tracker.telemetry.logs import begin_request
from tracker.web.edge import problems
from tracker.web.edge.middleware import RequestScope, log_answer


def build_refusing_app(error: Exception, clock: Clock) -> ASGIApp:
    """Return an app that answers any request with this error."""

    async def respond_refusal(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    return RequestScope(respond_refusal, clock)


async def answer_unreadable(error: Exception, clock: Clock, write: Callable[[bytes], Any]) -> None:
    """Answer bytes that are no request. The caller closes the connection behind it."""
    request_id = make_name()
    begin_request(request_id)  # in the task's own context
    started = clock.monotonic()
    response = await problems.answer(Request({"type": "http", "headers": []}), error)
    response.headers["connection"] = "close"
    head = (render_head(response), b"x-request-id: ", request_id.encode(), b"\r\n\r\n")
    write(b"".join((*head, bytes(response.body))))
    log_answer(clock, "-", "-", response.status_code, started=started, route="-")


def render_head(response: Response) -> bytes:
    """Return the status line and the headers of an answer."""
    fields = [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
    return _STATUS_LINES[response.status_code] + b"".join(fields)


_STATUS_LINES = {
    int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode() for status in HTTPStatus
}
