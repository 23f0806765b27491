"""The service and its provider, both on real sockets, and what is asked of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.postgres import PostgresServer
from tests.support.service import build_environment, listen, read_url, serve_to_client
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


class MakeWorld(Protocol):
    """Start a service and a provider that plays a scenario.

    path: where the provider's face is that the service talks to, e.g. `/piapi`.
    """

    def __call__(
        self, scenario: str = ..., *, callbacks: bool = ..., path: str = ..., **settings: str
    ) -> World: ...


@pytest.fixture
def make_world(database_url: str, tmp_path: Path) -> Iterator[MakeWorld]:
    with ExitStack() as stack:

        def make(
            scenario: str = "ok", *, callbacks: bool = True, path: str = "", **settings: str
        ) -> World:
            config = EmulatorConfig(
                step_seconds=0.05, callback_backoff_seconds=0.05, scenario=scenario
            )
            emulator = stack.enter_context(Emulator(config))
            listener = listen()
            public = read_url(listener) if callbacks else None
            env = build_environment(
                database_url,
                tmp_path,
                provider_url=emulator.url + path,
                public_url=public,
                **settings,
            )
            http = stack.enter_context(serve_to_client(env, listener=listener, workers=True))
            return World(http, emulator.url)

        yield make


@pytest.fixture(scope="module")
def file_server() -> Iterator[PostgresServer]:
    """A server of the file's own."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def server(file_server: PostgresServer) -> PostgresServer:
    """The file's server, at work; a test may stop it, and tests before it have used it."""
    return file_server.start()
