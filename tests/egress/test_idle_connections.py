"""A connection is used again for the next call, but not when its server may be closing it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from httpcore._async import http11

from tracker.domain.exchange import HttpCall, HttpResult
from tracker.egress.client import EgressClient

pytestmark = pytest.mark.anyio
SHORTEST_S = 5.0
"""After which common servers close an idle connection: see IDLE_S in tracker/egress/guarded.py."""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@asynccontextmanager
async def _counting() -> AsyncIterator[tuple[str, list[int]]]:
    """Serve on connections that stay open; yields the URL, and the calls on each connection."""
    calls: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = len(calls)
        calls.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                calls[place] += 1
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", calls


@pytest.mark.parametrize("way", ["call_provider", "call_guarded"])
async def test_it_is_given_up_before_common_servers_close_it(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    now_s = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: now_s)
    monkeypatch.setattr(http11, "time", clock)
    async with _counting() as (url, calls):
        egress = EgressClient(("127.0.0.0/8",))
        try:
            for wait_s in (0.0, 1.0, SHORTEST_S - 0.5, 1.0):
                now_s += wait_s
                answer = await getattr(egress, way)(HttpCall("GET", url, {}))
                assert isinstance(answer, HttpResult)
        finally:
            await egress.close()
    assert calls == [2, 2]
