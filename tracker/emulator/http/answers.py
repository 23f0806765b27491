"""HTTP answers, good and broken: JSON, an HTML page, silence, an aborted connection."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from tracker.emulator.core.calls import Pieces, Reply
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.refusals import BrokenAnswer, BrokenAnswerSignal

__all__ = [
    "ABORT",
    "build_broken_answer",
    "build_html_error",
    "build_json_answer",
    "build_response",
]

ABORT = "tracker.emulator.abort"
"""Key in `scope["extensions"]`: a function that aborts the TCP connection. Set by `server.py`."""

_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


def build_response(reply: Reply) -> Response:
    """Make the HTTP answer of a reply: bytes as they are, anything else as JSON."""
    if isinstance(reply.body, Pieces):
        return _StreamedReply(reply, reply.body.source)
    if isinstance(reply.body, bytes):
        media_type = reply.media_type or "application/octet-stream"
        return Response(reply.body, reply.status, dict(reply.headers), media_type)
    return build_json_answer(reply.body, reply.status, reply.headers)


def build_json_answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a JSON answer."""
    media_type = "application/json; charset=utf-8"
    return Response(encode_json(body), status, headers, media_type)


def build_broken_answer(how: BrokenAnswer, closing: asyncio.Event) -> Response:
    """Make an answer that is none.

    closing: ends the silence.
    """
    match how:
        case BrokenAnswer.HTML:
            return build_html_error()
        case BrokenAnswer.HTML_NOT_FOUND:
            return build_html_error(404)
        case BrokenAnswer.HTML_OK:
            return build_html_error(200)
        case BrokenAnswer.SILENCE:
            return _Silence(closing)
        case BrokenAnswer.CUT:
            return _Cut()


def build_html_error(status: int = 502) -> Response:
    """Make a page, as a proxy in front of the provider or another host sends it."""
    return HTMLResponse(_PAGE, status)


class _Cut(Response):
    """Aborts the TCP connection: not one byte is answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort; under a server that cannot, answer the HTML error instead."""
        abort = scope.get("extensions", {}).get(ABORT)
        if abort is None:
            await build_html_error()(scope, receive, send)
            return
        abort()
        # Returning before the server has noticed would make it answer 500 into the void.
        await _wait_until_gone(receive)


class _StreamedReply(Response):
    """Sends a body while it comes, and aborts the connection where its source does."""

    def __init__(self, reply: Reply, source: AsyncIterator[bytes]) -> None:
        super().__init__(None, reply.status, dict(reply.headers), reply.media_type)
        del self.headers["content-length"]
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all, or as much as there is."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        try:
            async for piece in self._source:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except BrokenAnswerSignal:
            abort = scope.get("extensions", {}).get(ABORT)
            if abort is not None:
                abort()
                await _wait_until_gone(receive)
                return
        await send({"type": "http.response.body", "body": b""})


class _Silence(Response):
    """Never answers; the connection stays open until the caller or the server gives up."""

    def __init__(self, closing: asyncio.Event) -> None:
        super().__init__()
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the end, then abort what is left."""
        ends = [
            asyncio.ensure_future(_wait_until_gone(receive)),
            asyncio.ensure_future(self._closing.wait()),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        if not ends[0].done():
            await _Cut()(scope, receive, send)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
