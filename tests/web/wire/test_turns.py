"""A turn of the event loop takes up few requests that were sent ahead, on any parser and loop."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.databases import SqliteTemplate
from tests.support.raw import dial
from tests.support.service import build_environment, serve_service
from tests.web.wire.conftest import PATIENT
from tracker.web.edge.connections import AHEAD_AT_ONCE

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
CONNECTIONS, AHEAD = 30, 20


class TurnMeter:
    """Put it around a service's app; counts what one turn of its event loop takes up.

    most: requests that came behind another one on their connection, in one turn.
    """

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._known: set[object] = set()
        self._ticking: asyncio.Task[None] | None = None

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the app, whose requests are counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                self._ticking = asyncio.create_task(self._tick())
            elif scope["client"] in self._known:
                self._now += 1
            else:
                self._known.add(scope["client"])
            await app(scope, receive, send)

        return counted

    async def _tick(self) -> None:
        while True:
            self.most, self._now = max(self.most, self._now), 0
            await asyncio.sleep(0)


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    """The event loop, by uvicorn's name."""
    name: str = request.param
    if name == "uvloop":
        pytest.importorskip("uvloop")
    return name


@pytest.fixture(scope="module")
def metered(
    parser: str,
    loop: str,
    sqlite_template: SqliteTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, TurnMeter]]:
    meter, folder = TurnMeter(), tmp_path_factory.mktemp("turns")
    env = build_environment(
        sqlite_template.copy(folder),
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        **PATIENT,
    )
    options: dict[str, Any] = {"http": parser, "loop": loop}
    with serve_service(env, workers=False, around=meter.around, **options) as url:
        yield url, meter


def test_few_requests_that_were_sent_ahead_are_taken_up_in_a_turn(
    metered: tuple[str, TurnMeter],
) -> None:
    url, meter = metered
    with ExitStack() as stack:
        lines = [stack.enter_context(dial(url)) for _ in range(CONNECTIONS)]
        for line in lines:
            line.sendall(HEALTH * AHEAD)
        for line in lines:
            came = b""
            while came.count(b"HTTP/1.1 200 ") < AHEAD:
                piece = line.recv(65536)
                assert piece, came[-200:]
                came += piece
    assert 0 < meter.most <= AHEAD_AT_ONCE
