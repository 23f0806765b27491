"""Take the bytes of an upload in while they come."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from tracker.web.edge.body import stream_capped
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow
from tracker.web.edge.state import services

UPLOAD_KEPT_S = 86400
UPLOAD_S = 3600.0
"""How long an upload may take."""


async def uploaded(request: Request) -> AsyncIterator[bytes]:
    """Yield the body. Raises BodyTooLarge, BodyTooSlow, ClientDisconnect."""
    limits, clock = services(request).limits, asyncio.get_running_loop().time
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.upload_bytes:
        raise BodyTooLarge(limits.upload_bytes)
    until = clock() + UPLOAD_S
    chunks = stream_capped(request, limit=limits.upload_bytes)
    while True:
        try:
            async with asyncio.timeout(min(limits.body_timeout_s, until - clock())):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise BodyTooSlow(
                f"nothing of the body came for {limits.body_timeout_s:g} s, or not all of it "
                f"within {UPLOAD_S:g} s"
            ) from None
        if chunk is None:
            return
        yield chunk
