"""HTTP answers, good and broken: JSON, an HTML page, silence, an aborted connection."""

import asyncio
from collections.abc import Mapping

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from tracker.emulator.core.faults import Spoiled
from tracker.emulator.core.journal import json_bytes

__all__ = ["ABORT", "html_error", "json_answer", "spoiled"]

ABORT = "tracker.emulator.abort"
"""Key in `scope["extensions"]`: a function that aborts the TCP connection. Set by `server.py`."""

_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


def json_answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    media_type = "application/json; charset=utf-8"
    return Response(json_bytes(body), status, headers, media_type)


def spoiled(how: Spoiled, closing: asyncio.Event) -> Response:
    """An answer that is none.

    closing: ends the silence.
    """
    match how:
        case Spoiled.HTML:
            return html_error()
        case Spoiled.HTML_NOT_FOUND:
            return html_error(404)
        case Spoiled.HTML_OK:
            return html_error(200)
        case Spoiled.SILENCE:
            return _Silence(closing)
        case Spoiled.CUT:
            return _Cut()


def html_error(status: int = 502) -> Response:
    """A page, as a proxy in front of the provider or another host sends it."""
    return HTMLResponse(_PAGE, status)


class _Cut(Response):
    """Aborts the TCP connection: not one byte is answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort; under a server that cannot, answer the HTML error instead."""
        abort = scope.get("extensions", {}).get(ABORT)
        if abort is None:
            await html_error()(scope, receive, send)
            return
        abort()
        # Returning before the server has noticed would make it answer 500 into the void.
        await _gone(receive)


class _Silence(Response):
    """Never answers; the connection stays open until the caller or the server gives up."""

    def __init__(self, closing: asyncio.Event) -> None:
        super().__init__()
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the end, then abort what is left."""
        ends = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        if not ends[0].done():
            await _Cut()(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
