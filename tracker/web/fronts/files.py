"""Send answers in which files stand as base64: read from the store while they are sent.

A front writes the name of a file (see domain.inline_files); here its bytes come in the name's
place. Of each file a few blocks are in memory, however many answers are being sent.
"""

import json
import logging
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.domain.errors import NotFound
from tracker.domain.inline_files import SCHEME, InlineFile
from tracker.providers.ports.front_call import FrontAnswer
from tracker.services.custody.serving import AssetReader, compute_base64_size
from tracker.web.edge.slow_readers import SlowReader, send_piece
from tracker.web.edge.state import get_services, get_tenant

log = logging.getLogger(__name__)

_NAME = re.compile(SCHEME.encode() + rb"[0-9a-f-]{36}\?[\w=&%.+-]+&mark=[0-9a-f]+")
TextOrFile = bytes | InlineFile


def split_text(serving: AssetReader, owner: str, text: bytes) -> list[TextOrFile]:
    """Cut a text into itself and the files that are named in it. owner: the tenant."""
    return list(_iterate_parts(serving, owner, text))


def _iterate_parts(serving: AssetReader, owner: str, text: bytes) -> Iterator[TextOrFile]:
    at = 0
    for match in _NAME.finditer(text):
        file = serving.find_inline_file(owner, match[0].decode())
        if file is not None:
            yield text[at : match.start()]
            yield file
            at = match.end()
    yield text[at:]


async def iterate_pieces(
    serving: AssetReader, owner: str, parts: Sequence[TextOrFile]
) -> AsyncGenerator[bytes, None]:
    """Yield a text with the base64 of files in their places. Raises Unavailable."""
    for part in parts:
        if isinstance(part, bytes):
            if part:
                yield part
            continue
        async with aclosing(serving.read_base64(owner, part)) as blocks:
            async for block in blocks:
                yield block


class _Streamed(Response):
    """An answer that is read from the store while it is sent."""

    def __init__(
        self,
        request: Request,
        answer: FrontAnswer,
        pieces: AsyncGenerator[bytes, None],
        *,
        size: int,
        media_type: str,
    ) -> None:
        """pieces: of the body. size: bytes of all of them."""
        headers = {**answer.headers, "content-length": str(size)}
        super().__init__(None, answer.status, headers, media_type)
        self._slow_s = get_services(request).limits.slow_reader_s
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, unless the reader takes nothing for a while and is cut."""
        del scope, receive
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await send_piece(send, piece, self._slow_s)
        except SlowReader:
            log.info("the reader of a file took nothing for a while and is cut")
            return
        await send({"type": "http.response.body", "body": b""})


async def put_files(request: Request, answer: FrontAnswer) -> Response:
    """Return an answer that holds files, or is one. Raises NotFound where one is not kept."""
    serving, owner = get_services(request).serving, get_tenant(request)
    if answer.file is not None:
        return await _send_file(request, answer, serving.find_inline_file(owner, answer.file))
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    parts = split_text(serving, owner, text)
    for part in parts:
        if isinstance(part, InlineFile):
            await serving.check_named(owner, part)
    size = sum(
        len(part) if isinstance(part, bytes) else compute_base64_size(part.size) for part in parts
    )
    pieces = iterate_pieces(serving, owner, parts)
    return _Streamed(request, answer, pieces, size=size, media_type="application/json")


async def _send_file(request: Request, answer: FrontAnswer, file: InlineFile | None) -> Response:
    """Return an answer that is the bytes of a file. Raises NotFound, Unavailable."""
    serving, owner = get_services(request).serving, get_tenant(request)
    if file is None:
        raise NotFound("the file is not kept any more")
    await serving.check_named(owner, file)
    pieces = serving.read_named(owner, file)
    return _Streamed(request, answer, pieces, size=file.size, media_type=file.media_type)
