"""Take the bytes of an upload in while they come."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from tracker.web.edge.body import iterate_capped
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import refuse_encoded
from tracker.web.edge.form_file import FormWithFile
from tracker.web.edge.forms import MULTIPART
from tracker.web.edge.state import services

UPLOAD_KEPT_S = 86400
UPLOAD_FORM_PATH = "/links/uploads"
UPLOAD_S = 3600.0
"""How long an upload may take."""


def open_uploaded_form(request: Request) -> FormWithFile:
    """Return the body as a form with a file. Raises WrongMediaType, UnsupportedEncoding."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        raise WrongMediaType("send the file in a multipart form")
    refuse_encoded(request.headers.get("content-encoding", ""))
    return FormWithFile(content_type, iterate_upload(request))


async def iterate_upload(request: Request) -> AsyncIterator[bytes]:
    """Yield the body. Raises BodyTooLarge, BodyTooSlow, ClientDisconnect."""
    limits, clock = services(request).limits, asyncio.get_running_loop().time
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.upload_bytes:
        raise BodyTooLarge(limits.upload_bytes)
    until = clock() + UPLOAD_S
    chunks = iterate_capped(request, limit=limits.upload_bytes)
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
