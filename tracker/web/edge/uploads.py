"""Take the bytes of an upload in while they come."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from tracker.web.edge.body import iterate_capped
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import refuse_encoded
from tracker.web.edge.form_file import FormWithFile
from tracker.web.edge.forms import MULTIPART
from tracker.web.edge.state import get_services

UPLOAD_KEPT_S = 86400
UPLOAD_FORM_PATH = "/links/uploads"
UPLOAD_S = 3600.0
"""How long an upload may take."""


def open_uploaded_form(request: Request) -> FormWithFile:
    """Return the body as a form with a file. Raises WrongMediaType."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        raise WrongMediaType("send the file in a multipart form")
    return FormWithFile(content_type, iterate_upload(request))


async def open_upload(request: Request) -> AsyncIterator[bytes]:
    """Return what yields the file: the file of a form, or the raw body.

    Raises WrongMediaType, InvalidRequest for a form without a file, and what the body raises.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        return iterate_upload(request)
    form = open_uploaded_form(request)
    await form.find_file(timeout_s=get_services(request).limits.body_timeout_s)
    return form.iterate_content()


async def iterate_upload(request: Request) -> AsyncIterator[bytes]:
    """Yield the body. Raises UnsupportedEncoding, BodyTooLarge, BodyTooSlow, ClientDisconnect."""
    refuse_encoded(request.headers.get("content-encoding", ""))
    limits, clock = get_services(request).limits, asyncio.get_running_loop().time
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
