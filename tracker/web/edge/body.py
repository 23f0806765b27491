"""Read request bodies: counted while they stream, bounded in time, parsed with bounded depth."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Generator, Mapping
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.structure import check_values


class BodyTooLarge(Exception):
    """More bytes than are taken. limit: how many would have been."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


class WrongMediaType(Exception):
    """The body is not said to be JSON."""


async def read_capped(
    headers: Mapping[str, str], receive: Receive, *, limit: int, timeout_s: float
) -> bytes:
    """The raw body, however it is framed.

    limit:     bytes; one more is refused, without reading on.
    timeout_s: for the whole body, so that a trickle cannot hold a connection.
    Raises BodyTooLarge, BodyTooSlow, ClientDisconnect.
    """
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(limit)
    begun = _Begun(receive())
    if begun.is_done and not begun.result.get("more_body", False):
        return _chunk(begun.result, 0, limit)  # all is there, as with most: nothing to time
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(begun, receive, limit)
    except TimeoutError:
        raise BodyTooSlow(f"the body did not arrive within {timeout_s:g} s") from None


async def _read(message: Awaitable[Message], receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        said = await message
        chunks.append(_chunk(said, size, limit))
        size += len(chunks[-1])
        if not said.get("more_body", False):
            return b"".join(chunks)
        message = receive()


def _chunk(message: Message, size: int, limit: int) -> bytes:
    """What one message adds to a body of so many bytes."""
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    if size + len(chunk) > limit:
        raise BodyTooLarge(limit)
    return chunk


class _Begun:
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


async def stream_capped(request: Request, *, limit: int) -> AsyncGenerator[bytes, None]:
    """The raw body in pieces, for passing it on; whoever reads them bounds the time.

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
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise WrongMediaType("send the body as application/json")


async def read_json(request: Request, *, limit: int, timeout_s: float) -> dict[str, Any]:
    """The body as a JSON object.

    Raises WrongMediaType, InvalidRequest, and what `read_capped` raises.
    """
    check_json(request)
    body = await read_capped(request.headers, request.receive, limit=limit, timeout_s=timeout_s)
    await check_values(body)
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises InvalidRequest that says where the text goes wrong."""
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(FieldError("", f"not JSON: {error}"), malformed=True) from None
    if not isinstance(parsed, dict):
        raise InvalidRequest(FieldError("", "must be a JSON object"), malformed=True)
    return parsed
