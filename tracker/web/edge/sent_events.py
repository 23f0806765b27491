"""Answers of server-sent events, for as long as somebody takes them."""

import logging
from abc import ABC, abstractmethod

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.web.edge.slow_readers import SlowReader
from tracker.web.edge.whole_answers import LEFT

log = logging.getLogger(__name__)

BEAT = b": beat\n\n"
"""Something to send when there is nothing."""


class SentEvents(Response, ABC):
    """The body of a stream.

    What a reader has not taken is not kept for it: it holds its position in the feed, and who takes
    nothing for a while is cut. Routers and guards that it came through do not stand around it for
    as long as it lasts, which would take 4 KB: as an ASGI app it only leaves itself to the
    outermost one, as `whole_answers` does.
    """

    def __init__(self) -> None:
        """Nothing is sent before it is called."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(headers=headers, media_type="text/event-stream")
        del self.headers["content-length"]

    @abstractmethod
    async def send_events(self, send: Send) -> bool:
        """Send until the client goes or the process ends; return false where it has gone.

        Raises SlowReader.
        """

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Leave the stream to the outermost app."""
        scope["state"][LEFT] = self

    async def send(self, scope: Scope, send: Send) -> None:
        """Wait until the client goes, is cut, or the process ends."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self.raw_headers.clear()  # nobody asks for them any more
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            if await self.send_events(send):
                await send({"type": "http.response.body", "body": b""})
        except SlowReader:
            # Left without an end, which makes the server close the connection.
            log.info("a reader of the feed took nothing for a while and is cut")
