"""An answer that is sent whole has the bytes of the same one sent in two pieces."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tracker.web.wire.cycle import Cycle

PLAIN = [(b"etag", b'"4"'), (b"x-name", "é".encode("latin-1"))]


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True


class Server:
    """One cycle of a class, on a transport of its own."""

    def __init__(
        self, kind: type[RequestResponseCycle], method: str, *, keep_alive: bool = True
    ) -> None:
        self.transport = Transport()
        self.completed = 0
        self.cycle = kind(
            scope=cast("Any", {"type": "http", "method": method}),
            transport=self.transport,
            flow=FlowControl(self.transport),
            logger=logging.getLogger("none"),
            access_logger=logging.getLogger("none"),
            access_log=False,
            default_headers=[(b"server", b"tracker")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=self._complete,
        )

    def _complete(self) -> None:
        self.completed += 1

    async def send(self, *messages: dict[str, Any]) -> tuple[bytes, bool, int, str | None]:
        """Return what is written, whether it closes, how often it completed, what it raised."""
        error = None
        try:
            for message in messages:
                await self.cycle.send(cast("Any", message))
        except RuntimeError as raised:
            error = str(raised)
        transport = self.transport
        return transport.written, transport.is_closed, self.completed, error


def sized(body: bytes, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [*PLAIN, (b"content-length", b"%d" % len(body)), *more]


CASES = {
    "ordinary": ("GET", 200, sized(b"{}"), b"{}", True),
    "head": ("HEAD", 200, sized(b"{}"), b"{}", True),
    "not modified": ("GET", 304, PLAIN, b"", True),
    "no content": ("DELETE", 204, PLAIN, b"", True),
    "without a length": ("GET", 200, PLAIN, b"{}", True),
    "the last": ("GET", 200, sized(b"{}"), b"{}", False),
    "closing": ("POST", 413, sized(b"{}", (b"connection", b"close")), b"{}", True),
    "chunked": ("GET", 200, [*PLAIN, (b"transfer-encoding", b"chunked")], b"{}", True),
    "too short": ("GET", 200, sized(b"{}!"), b"{}", True),
    "too long": ("GET", 200, sized(b"{"), b"{}", True),
    "split header": ("GET", 200, sized(b"", (b"x-a", b"1\r\nx-b: 2")), b"", True),
    "split name": ("GET", 200, sized(b"", (b"x-a: 1\r\nx-b", b"2")), b"", True),
}


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES)
async def test_whole_and_in_two_pieces_are_the_same(case: str) -> None:
    method, status, headers, body, keep_alive = CASES[case]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    pieces = await Server(RequestResponseCycle, method, keep_alive=keep_alive).send(
        start, {"type": "http.response.body", "body": body}
    )
    whole = await Server(Cycle, method, keep_alive=keep_alive).send({**start, "body": body})
    assert whole == pieces


@pytest.mark.anyio
async def test_nothing_is_written_to_a_client_that_is_gone() -> None:
    server = Server(Cycle, "GET")
    server.cycle.disconnected = True
    start = {"type": "http.response.start", "status": 200, "headers": sized(b"{}")}
    assert await server.send({**start, "body": b"{}"}) == (b"", False, 0, None)
