"""Connections are accepted a few in a turn, and wait in a long queue, on either event loop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.waiting import PATIENCE_S
from tracker.cli.listeners import ACCEPTED_AT_ONCE, bind, multiply
from tracker.web.edge.connections import QUEUE

CLIENTS = 96
Loops = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> Loops:
    """Make an event loop."""
    if request.param == "asyncio":
        return asyncio.new_event_loop
    loops: Loops = pytest.importorskip("uvloop").new_event_loop
    return loops


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    (found,) = bind("127.0.0.1", 0, "--port")
    with found:
        yield found


class _Counted(asyncio.Protocol):
    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).made += 1
        transport.close()


def _accepted_by_turn(new_loop: Loops, listeners: list[socket.socket], backlog: int) -> list[int]:
    """Listen, let many connect while the loop stands, and count those taken in each turn."""

    async def serve() -> list[int]:
        _Counted.made = 0
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(_Counted, sock=one, backlog=backlog) for one in listeners
        ]
        with ExitStack() as stack:
            for _ in range(CLIENTS):  # nothing is accepted meanwhile: all are in the queue
                stack.enter_context(socket.create_connection(address, PATIENCE_S))
            taken: list[int] = []
            async with asyncio.timeout(PATIENCE_S):
                while _Counted.made < CLIENTS:
                    before = _Counted.made
                    await asyncio.sleep(0)
                    taken.append(_Counted.made - before)
        for server in servers:
            server.close()
        return taken

    address = listeners[0].getsockname()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(serve())


def test_a_turn_accepts_few_of_the_many_that_wait(new_loop: Loops, listener: socket.socket) -> None:
    is_asyncio = new_loop is asyncio.new_event_loop
    backlog = ACCEPTED_AT_ONCE if is_asyncio else QUEUE
    listeners = [listener] if is_asyncio else multiply(listener)
    taken = _accepted_by_turn(new_loop, listeners, backlog)
    assert sum(taken) == CLIENTS
    assert 1 < max(taken) <= ACCEPTED_AT_ONCE
    assert sum(1 for count in taken if count) <= 2 * CLIENTS / ACCEPTED_AT_ONCE
