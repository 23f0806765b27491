"""Read request bodies: counted while they stream, bounded in time."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Generator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from tracker.domain.minimum_pace import LEAST_BYTES, MinimumPace
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.body_shares import BodyShare, get_share
from tracker.web.edge.encoding import (
    convert_to_utf8,
    decode_content,
    find_charset,
    find_encoding,
)
from tracker.web.edge.json_objects import PARSED_AT_ONCE, JsonReader, parse_object
from tracker.web.edge.structure import ValueCounter, check_values

_LARGE_AT_ONCE = 2
"""Larger bodies that are parsed at once, each in a thread; others wait."""
LARGE_SPAN_S = 5.0
"""Seconds in which 64 KB of a large body must come: 13 KB a second."""
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _find_large_body_places() -> asyncio.Semaphore:
    """Return the places for large bodies of this event loop."""
    loop = asyncio.get_running_loop()
    return _places.setdefault(loop, asyncio.Semaphore(_LARGE_AT_ONCE))


async def read_capped(
    headers: Mapping[str, str],
    receive: Receive,
    *,
    limit: int,
    timeout_s: float,
    steps: "BodySteps | None" = None,
) -> bytes:
    """Return the raw body, however it is framed; nothing where a reader has taken it.

    limit:     bytes; one more is refused, without reading on.
    timeout_s: for the whole body, so that a trickle cannot hold a connection.
    steps:     what is done with each piece.
    Raises BodyTooLarge, BodyTooSlow, ClientDisconnect, Unavailable, and what the steps raise.
    """
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(limit)
    begun = _StartedAwaitable(receive())
    if begun.is_done and not begun.result.get("more_body", False):
        whole = _read_chunk(begun.result, 0, limit)  # all is there, as with most: nothing to time
        if steps is not None and steps.counter is not None:
            steps.counter.add_whole(whole)
        return whole
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(begun, receive, limit, steps or BodySteps())
    except TimeoutError:
        raise BodyTooSlow(f"the body did not arrive within {timeout_s:g} s") from None


@dataclass(frozen=True, slots=True)
class BodySteps:
    """The steps that are taken with each piece of a body.

    counter: counts its values.
    share:   of what bodies may hold together; a large body waits for its part.
    span_s:  in which so much of a body that holds a share must come as `MinimumPace` asks for, so
             that nobody holds it for a trickle.
    reader:  takes a large body, of which then nothing else is kept.
    """

    counter: ValueCounter | None = None
    share: BodyShare | None = None
    span_s: float = LARGE_SPAN_S
    reader: "JsonReader | None" = None


async def _read(
    message: Awaitable[Message], receive: Receive, limit: int, steps: BodySteps
) -> bytes:
    counter, share, reader = steps.counter, steps.share, steps.reader
    chunks: list[bytes] = []
    size = 0
    pace: MinimumPace | None = None
    while True:
        received = await (message if pace is None else _await_part(message, pace, size))
        chunks.append(_read_chunk(received, size, limit))
        size += len(chunks[-1])
        if counter is not None:
            counter.add(chunks[-1])
        if share is not None and size > PARSED_AT_ONCE:
            waited = await share.grow(size)
            if waited or pace is None:
                pace = MinimumPace(steps.span_s, asyncio.get_running_loop().time, size)
        if reader is not None and size > PARSED_AT_ONCE and reader.can_read(chunks[0]):
            for chunk in chunks:
                reader.add(chunk)
            chunks.clear()
            chunks.append(b"")
        if not received.get("more_body", False):
            if size <= PARSED_AT_ONCE:
                return b"".join(chunks)
            return await asyncio.to_thread(b"".join, chunks)  # copies while others go on
        message = receive()


async def _await_part(message: Awaitable[Message], pace: MinimumPace, size: int) -> Message:
    """Return the next part of a large body. Raises BodyTooSlow where it comes too slowly."""
    try:
        async with asyncio.timeout(pace.span_s):
            received = await message
    except TimeoutError:
        raise BodyTooSlow(f"nothing of the body came for {pace.span_s:g} s") from None
    is_last = not received.get("more_body", False)
    if not is_last and pace.explain_slowness(size + len(received.get("body", b""))) is not None:
        raise BodyTooSlow(f"less than {LEAST_BYTES} bytes of the body came for {pace.span_s:g} s")
    return received


def _read_chunk(message: Message, size: int, limit: int) -> bytes:
    """Return the body bytes of one message. Raises BodyTooLarge, ClientDisconnect."""
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    if size + len(chunk) > limit:
        raise BodyTooLarge(limit)
    return chunk


class _StartedAwaitable:
    """Something awaited that has gone on to where it first waits, or to its end.

    A timer takes longer to set up and take down than everything else about a small body, and most
    bodies are there before anybody asks.

    result: what came of it, once `is_done`.
    """

    def __init__(self, awaited: Awaitable[Message]) -> None:
        self._steps = awaited.__await__()
        self._waits_for: Any = None
        self.result: Message = {}
        self.is_done = False
        try:
            self._waits_for = next(self._steps)
        except StopIteration as end:
            self.result, self.is_done = end.value, True

    def __await__(self) -> Generator[Any, Any, Message]:
        """Go on, to be awaited once."""
        if not self.is_done:
            try:
                yield self._waits_for
            except BaseException:  # nobody waits for it any more
                self._steps.close()
                raise
            self.result, self.is_done = (yield from self._steps), True
        return self.result


async def iterate_capped(request: Request, *, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the raw body in pieces, for passing it on; whoever reads them bounds the time.

    Raises BodyTooLarge, ClientDisconnect.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        if chunk:
            yield chunk


def check_json(request: Request) -> None:
    """Raises WrongMediaType unless the body is said to be JSON.

    This makes browsers ask before they let a foreign page post here, which matters where a loopback
    service runs without keys.
    """
    _check_kind(request.headers.get("content-type", ""))


def _check_kind(content_type: str) -> None:
    # Whoever folds two lines of one header into one puts a comma between them.
    kind = content_type.partition(";")[0].partition(",")[0].strip().lower()
    if not kind.endswith(("/json", "+json", "/x-json")):
        raise WrongMediaType("send the body as application/json")


def _read_description(request: Request) -> tuple[str, str, Mapping[str, str]]:
    """Return the Content-Type and Content-Encoding of a body, and its length as a header."""
    kind: bytes | None = None
    encodings: list[bytes] = []
    declared: dict[str, str] = {}
    for name, value in request.scope["headers"]:  # `request.headers` searches them for each
        if name == b"content-type":
            kind = value if kind is None else kind
        elif name == b"content-encoding":
            encodings.append(value)
        elif name == b"content-length":
            declared.setdefault("content-length", value.decode("latin-1"))
    return (kind or b"").decode("latin-1"), b",".join(encodings).decode("latin-1"), declared


async def read_json(
    request: Request, *, limit: int, timeout_s: float, digest: "hashlib._Hash | None" = None
) -> dict[str, Any]:
    """Return the body as a JSON object, whatever its Content-Encoding and charset.

    limit:  bytes, as they come in and as they come out of their encoding.
    digest: is given the body as it came.
    Raises WrongMediaType, UnsupportedEncoding, InvalidRequest, and what `read_capped` raises.
    """
    kind, encoding, declared = _read_description(request)
    _check_kind(kind)
    is_plain = not encoding and find_charset(kind) is None
    reader = JsonReader(digest) if is_plain else None
    body = await read_capped(
        declared,
        request.receive,
        limit=limit,
        timeout_s=timeout_s,
        steps=BodySteps(
            ValueCounter() if is_plain else None, get_share(request.scope), reader=reader
        ),
    )
    if reader is not None and reader.has_begun:
        async with _find_large_body_places():
            return await asyncio.to_thread(reader.finish)
    if digest is not None:
        await _update_digest(digest, body)
    if encoding := find_encoding(encoding, body):
        body = await asyncio.to_thread(decode_content, encoding, body, limit=limit)
        is_plain = False
    if not is_plain:
        is_large = len(body) > PARSED_AT_ONCE
        body = (
            await asyncio.to_thread(convert_to_utf8, kind, body)
            if is_large
            else convert_to_utf8(kind, body)
        )
        await check_values(body)
    if len(body) <= PARSED_AT_ONCE:
        return parse_object(body)
    async with _find_large_body_places():
        return await asyncio.to_thread(parse_object, body)


async def _update_digest(digest: "hashlib._Hash", body: bytes) -> None:
    if len(body) <= PARSED_AT_ONCE:
        digest.update(body)
    else:
        await asyncio.to_thread(digest.update, body)
