"""Requests that never become whole hold little together, on any parser."""

import asyncio
import socket
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.importer import import_from_string
from uvicorn.server import ServerState

from tracker.clock import SystemClock
from tracker.web.edge.connections import ConnectionLimits, ConnectionRegistry

pytestmark = pytest.mark.anyio
HELD = 400
HEAD = b"GET / HTTP/1.1\r\nhost: x\r\nx-more: "
BODY = b"POST /callbacks/a/b/c HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\na"
IN_CHUNKS = BODY.replace(
    b"content-length: 999\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n999\r\n"
)
SPELT = BODY.replace(b"/callbacks/", b"//%63allbacks%20/")


@pytest.mark.parametrize(
    "begun", [HEAD, BODY, IN_CHUNKS, SPELT], ids=["head", "body", "chunks", "spelt"]
)
async def test_whoever_began_first_gives_way(parser: str, begun: bytes) -> None:
    taken_up: asyncio.Queue[None] = asyncio.Queue()

    async def read_on(_: Scope, receive: Receive, __: Send) -> None:
        taken_up.put_nowait(None)
        while (await receive()).get("more_body"):
            pass

    registry = ConnectionRegistry(ConnectionLimits(held_bytes=HELD))
    services: Any = SimpleNamespace(connections=registry, clock=SystemClock())
    services.limits = SimpleNamespace(callback_bytes=1000)
    kind = import_from_string(parser)
    config = Config(read_on, http=kind, proxy_headers=False)
    config.load()
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        closed = []
        async with asyncio.timeout(60):
            for _ in range(3):
                ours, client = socket.socketpair()
                stack.enter_context(closing(client)).setblocking(False)
                transport, _protocol = await loop.connect_accepted_socket(
                    lambda: kind(config, ServerState(), {"services": services}), ours
                )
                stack.callback(transport.abort)
                await loop.sock_sendall(client, begun)
                if begun is not HEAD:
                    await taken_up.get()
                await loop.sock_sendall(client, b"a" * (HELD // 2))
                closed.append(asyncio.create_task(_closed(loop, client)))
            await closed[0]
        for one in closed:
            one.cancel()
        await asyncio.gather(*closed, return_exceptions=True)


async def _closed(loop: asyncio.AbstractEventLoop, client: socket.socket) -> None:
    while await loop.sock_recv(client, 4096):
        pass
