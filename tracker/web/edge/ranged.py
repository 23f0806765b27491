"""Answer with bytes of a file: whole, or one range of it (RFC 9110 sections 13 and 14)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.domain.byte_range import ByteRange, find_range
from tracker.web.edge.conditional import check_file_preconditions, read_date
from tracker.web.edge.waiting import wait_until_gone

Read = Callable[[int, int], AsyncGenerator[bytes, None]]
"""Reads the bytes from its first argument to before its second."""


class RangedFile(Response):
    """The answer to a request for a file. The first bytes are read before anything is said."""

    def __init__(
        self, request: Request, read: Read, headers: Mapping[str, str], wanted: ByteRange | None
    ) -> None:
        """wanted: the bytes; None where none of those asked for is there: 416."""
        self._read = read
        self._wanted = wanted
        self._is_head = request.method == "HEAD"
        status, length = 416, 0
        said = dict(headers)
        if wanted is not None:
            status, length = 200, wanted.end - wanted.start
            if not wanted.is_whole:
                status = 206
                said["content-range"] = wanted.content_range
        super().__init__(None, status, {**said, "content-length": str(length)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. What the file's store raises before its first bytes is raised.

        Of a client that has gone, or does not take what it was sent, no more is read.
        """
        del scope
        if self._is_head or self._wanted is None or self._wanted.start == self._wanted.end:
            await self._begin(send)
            await send({"type": "http.response.body", "body": b""})
            return
        left = self._wanted.end - self._wanted.start
        async with aclosing(self._read(self._wanted.start, self._wanted.end)) as blocks:
            block = await anext(blocks)
            await self._begin(send)
            left -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": left > 0})
            del block
            if left:
                await self._send_rest(blocks, left, receive, send)

    async def _send_rest(
        self, blocks: AsyncGenerator[bytes, None], left: int, receive: Receive, send: Send
    ) -> None:
        gone = asyncio.create_task(wait_until_gone(receive))
        try:
            while left > 0:
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                if gone.done():
                    return
                block = await anext(blocks)
                left -= len(block)
                await send({"type": "http.response.body", "body": block, "more_body": left > 0})
        finally:
            gone.cancel()

    async def _begin(self, send: Send) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)


def answer_file(  # noqa: PLR0913 - each is one fact of the file
    request: Request,
    read: Read,
    *,
    size: int,
    etag: str,
    changed_at: datetime,
    headers: Mapping[str, str],
) -> Response:
    """Answer a GET or HEAD for a file of so many bytes.

    etag: strong, with its quotes. headers: of the representation.
    """
    said = {
        **headers,
        "etag": etag,
        "last-modified": format_datetime(changed_at, usegmt=True),
        "accept-ranges": "bytes",
    }
    refused = check_file_preconditions(request.headers, etag, changed_at)
    if refused is not None:
        return Response(status_code=refused, headers=said)
    given = request.headers.getlist("range") if request.method == "GET" else []
    header = given[0] if len(given) == 1 else None  # two lines are a list, which is none of ours
    if header is not None and not _is_same(request.headers.get("if-range"), etag, changed_at):
        header = None
    wanted = find_range(header, size)
    if wanted is None:
        said["content-range"] = f"bytes */{size}"
    return RangedFile(request, read, said, wanted)


def _is_same(if_range: str | None, etag: str, changed_at: datetime) -> bool:
    """Return whether an If-Range field lets a range be served: strong comparison alone."""
    if if_range is None or if_range == etag:
        return True
    return read_date(if_range) == changed_at.replace(microsecond=0)
