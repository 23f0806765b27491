"""A TCP proxy for HTTP/1.1 that breaks the exchange it is told to break, at the byte it is told."""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from tests.support.service import listen
from tests.support.tls import Certificates
from tests.support.waiting import wait_until

SEEN_BYTES = 64 * 1024
"""How much of a request is read before it is decided what happens to it."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OVER_TLS = b"\r\nx-forwarded-proto: https\r\n"
"""The header that proxies add which end TLS."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""Zero linger: close() then sends RST instead of an orderly FIN."""
_LOST = (ConnectionError, asyncio.IncompleteReadError)


class Side(StrEnum):
    """Of an exchange."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Cut:
    """Let so many bytes of one side through, then end both connections.

    No more than that is read of an answer, so that its sender can tell.
    is_reset: by RST; else by FIN.
    """

    side: Side
    after: int
    is_reset: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """Withhold the answer until `Proxy.release`."""


Fault = Cut | Hold
Choose = Callable[[bytes], Fault | None]
"""Chooses the fault of a request, by its first bytes."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange. Sizes in bytes, headers included; 0 for an answer that was not waited for.

    head_size: of an answer that was not cut.
    """

    request: bytes
    request_size: int
    response_size: int
    fault: Fault | None
    head_size: int = 0


class Proxy:
    """Listens while its block runs.

    upstreams: each request goes to all of them; the answer is the one with the highest status.
    choose:    what happens to it.
    tls:       its certificate, where clients insist on TLS, which then ends here.
    held:      how many answers were withheld.
    """

    def __init__(
        self,
        *upstreams: str,
        choose: Choose = lambda _request: None,
        tls: Certificates | None = None,
    ) -> None:
        self._tls = None if tls is None else tls.read_context()
        self.exchanges: list[Exchange] = []
        self.held = 0
        self._upstreams = [urlsplit(url) for url in upstreams]
        self._choose = choose
        self._door = listen()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._released = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._port = int(self._door.getsockname()[1])
        self._thread.start()
        wait_until(lambda: self._loop is not None)
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(60)

    def release(self) -> None:
        """Let out what is withheld; from now on nothing is."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._released.set)

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve_connection(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(accepted, sock=self._door, ssl=self._tls)
        self._loop = asyncio.get_running_loop()
        await self._stopping.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except _LOST:
            _end(writer, is_reset=True)  # as the other side was
        finally:
            _end(writer, is_reset=False)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; false when there will be no more on this connection."""
        request, size = await _begin(reader)
        if not request:
            return False
        if self._tls is not None:
            request = request.replace(b"\r\n", _OVER_TLS, 1)
            size += len(_OVER_TLS) - 2
        fault = self._choose(request)
        through = size
        if isinstance(fault, Cut) and fault.side is Side.REQUEST:
            through = min(fault.after, size)
        if isinstance(fault, Cut) and fault.side is Side.RESPONSE:
            await self._cut_answer(request, size, fault, reader, writer)
            return False
        opened = [await asyncio.open_connection(u.hostname, u.port) for u in self._upstreams]
        try:
            await _forward(request, through, reader, [up for _, up in opened])
            if isinstance(fault, Cut) and fault.side is Side.REQUEST:
                self.exchanges.append(Exchange(request, size, 0, fault))
                _end(writer, is_reset=fault.is_reset)
                _end(opened[0][1], is_reset=fault.is_reset)
                return False
            answer = max(
                await asyncio.gather(*(_read_whole(r) for r, _ in opened)), key=_read_status
            )
        finally:
            for _, up in opened:
                _end(up, is_reset=False)
        head_size = answer.index(b"\r\n\r\n") + 4
        self.exchanges.append(Exchange(request, size, len(answer), fault, head_size))
        return await self._answer(answer, fault, writer)

    async def _cut_answer(
        self,
        request: bytes,
        size: int,
        cut: Cut,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Pass a request on; of its answer read only what is let through.

        A stream of asyncio would read on: then the upstream would take its answer for delivered.
        """
        whole = request + await reader.readexactly(size - len(request))
        loop, up = asyncio.get_running_loop(), self._upstreams[0]
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, (up.hostname, up.port))
            await loop.sock_sendall(sock, whole)
            await _wait_readable(loop, sock)
            answer = b""
            while len(answer) < cut.after and (
                piece := await loop.sock_recv(sock, cut.after - len(answer))
            ):
                answer += piece
            if cut.is_reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.exchanges.append(Exchange(request, size, len(answer), cut))
        writer.write(answer)
        await writer.drain()
        _end(writer, is_reset=cut.is_reset)

    async def _answer(
        self, answer: bytes, fault: Fault | None, writer: asyncio.StreamWriter
    ) -> bool:
        match fault:
            case Hold():
                self.held += 1
                await self._released.wait()
        writer.write(answer)
        await writer.drain()
        return True


async def _wait_readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    """Wait until something has come, and leave it there."""
    has_come = asyncio.Event()
    loop.add_reader(sock, has_come.set)
    try:
        await has_come.wait()
    finally:
        loop.remove_reader(sock)


async def _begin(reader: asyncio.StreamReader) -> tuple[bytes, int]:
    """The first bytes of a request (all of a small one), and its size; nothing at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b"", 0
    size = len(head) + _read_length(head)
    return head + await reader.readexactly(min(size, SEEN_BYTES) - len(head)), size


async def _forward(
    begun: bytes, through: int, reader: asyncio.StreamReader, ups: Sequence[asyncio.StreamWriter]
) -> None:
    """Let the first bytes of a request through."""
    piece, left = begun[:through], through
    while piece:
        for up in ups:
            up.write(piece)
            await up.drain()
        left -= len(piece)
        piece = await reader.read(min(left, SEEN_BYTES)) if left else b""


async def _read_whole(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(_read_length(head))


def _read_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _read_status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def _end(writer: asyncio.StreamWriter, *, is_reset: bool) -> None:
    if not is_reset:
        writer.close()
        return
    with suppress(OSError):  # the other side is gone already
        sock = writer.get_extra_info("socket")
        if sock is not None:  # of TLS it is gone with the connection
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
