"""Calls that make no task: passed on to the provider and back, streamed, in Kling's envelope."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tracker.domain.errors import Broken, TrackerError
from tracker.domain.exchange import Certainty, HttpFailure, HttpStream
from tracker.providers.kit.reading import read_json
from tracker.providers.kling import helpers
from tracker.services.fronts.passing import Passage
from tracker.web.edge.body import check_json
from tracker.web.edge.encoding import UnsupportedEncoding
from tracker.web.edge.problems import request_id
from tracker.web.edge.spool import spooled
from tracker.web.edge.state import Services, services

log = logging.getLogger(__name__)

WHOLE_BYTES = 256 * 1024
"""Answers up to here are read whole and put into the exact envelope; longer ones flow through."""

_NO_SNIFF = {"x-content-type-options": "nosniff"}


class ProviderAway(TrackerError):
    """The provider gave no answer. certainty: whether it may have heard the question."""

    def __init__(self, reason: str, certainty: Certainty) -> None:
        super().__init__(reason)
        self.certainty = certainty


async def pass_on(request: Request, path: str) -> Response:
    """One call. path: a key of `helpers.HELPERS` or `helpers.ACCOUNT`.

    Raises ProviderAway, WrongMediaType, BodyTooLarge, BodyTooSlow, ClientDisconnect, and what
    `Passing.open` raises.
    """
    our = services(request)
    passage = Passage(
        provider="kling",
        path=path,
        tenant=request.state.principal.tenant,
        query=request.scope["query_string"].decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
    )
    if request.method != "POST":
        return await _passed(our, passage)
    check_json(request)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedEncoding(encoding)  # the body is passed on as it comes, unread
    limits = our.limits
    async with spooled(request, limit=limits.body_bytes, timeout_s=limits.body_timeout_s) as body:
        return await _passed(our, replace(passage, body=body))


async def _passed(our: Services, passage: Passage) -> Response:
    answer = await our.passing.open(passage)
    if isinstance(answer, HttpFailure):
        raise ProviderAway(f"the provider cannot be asked: {answer.reason}", answer.certainty)
    return await _answer(answer)


async def _answer(answer: HttpStream) -> Response:
    start = bytearray()
    try:
        async for piece in answer.chunks:
            start += piece
            if len(start) > WHOLE_BYTES:
                break
        else:
            return _enveloped(answer.status, bytes(start))
    except Broken as error:
        raise ProviderAway(str(error), Certainty.UNKNOWN) from None
    if answer.status >= 300:
        await answer.chunks.aclose()
        return _enveloped(answer.status, b"")
    # Always as JSON: a page of the provider's would otherwise be one of this host.
    return StreamingResponse(
        _flowing(bytes(start), answer.chunks), headers=_NO_SNIFF, media_type="application/json"
    )


def _enveloped(status: int, body: bytes) -> Response:
    try:
        parsed = read_json(body)
    except ValueError:
        parsed = None
    status, said = helpers.answered(status, parsed, request_id())
    if status >= 500:
        log.warning("a call that was passed on failed: code %s", said["code"])
    return JSONResponse(said, status, _NO_SNIFF)


async def _flowing(start: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    try:
        yield start
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()
