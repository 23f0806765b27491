"""Answers that are known whole, as one message to servers that take it so.

A guard that has such an answer does not send it, but leaves it in the request's state to the
outermost app. That adds its own headers and sends it, without a function around `send` that every
message would pass.
"""

from collections.abc import Sequence

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

EXTENSION = "tracker.whole"
"""Name of the ASGI extension: `body` in `http.response.start` is all of the answer's body, and no
other message follows. Names of headers are in lower case there."""
LEFT = "left"
"""Of a request's state: what answers it, until that is sent."""


class WholeAnswer(Response):
    """An answer whose headers are spelt as they are sent, which Starlette's own takes a while to
    do.
    """

    def __init__(
        self, body: bytes, status: int, headers: list[tuple[bytes, bytes]], media_type: bytes
    ) -> None:
        """headers: names in lower case; besides the length and type of the body."""
        self.status_code = status
        self.background = None
        self.body = body
        headers.append((b"content-length", b"%d" % len(body)))
        headers.append((b"content-type", media_type))
        self.raw_headers = headers


_WHOLE: frozenset[type[Response]] = frozenset(
    {Response, WholeAnswer, JSONResponse, HTMLResponse, PlainTextResponse}
)
"""Classes of answers whose body is there; others have a way of their own to send theirs."""


async def answer_with(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request; an answer that is there whole is left to the outermost app."""
    if type(response) in _WHOLE and response.background is None:
        scope["state"][LEFT] = response
    else:
        await response(scope, receive, send)


async def send_whole(
    response: Response, more: Sequence[tuple[bytes, bytes]], scope: Scope, send: Send
) -> None:
    """Send an answer with more headers than its own."""
    start = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": [*response.raw_headers, *more],
    }
    if EXTENSION in scope.get("extensions", ()):
        start["body"] = response.body
        await send(start)
    else:
        await send(start)
        await send({"type": "http.response.body", "body": response.body})
