"""One service with its provider for all tests of the client; a key is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.service import build_environment, listen, read_url, serve_service
from tracker.client import Client
from tracker.clock import make_token
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture(scope="session")
def service_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="session")
def service_database(sqlite_template: SqliteTemplate, service_folder: Path) -> str:
    return sqlite_template.copy(service_folder)


@pytest.fixture(scope="session")
def service(service_database: str, service_folder: Path) -> Iterator[tuple[str, str]]:
    """Its address, and a key."""
    key = issue(service_database).secret
    listener = listen()
    public = read_url(listener)
    config = EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.05)
    with Emulator(config) as emulator:
        env = build_environment(
            service_database,
            service_folder,
            provider_url=emulator.url,
            public_url=public,
            TRACKER_AUTH="on",
            TRACKER_ASSETS="on",
            TRACKER_ASSET_MIN_FREE_BYTES="0",
        )
        with serve_service(env, listener=listener, workers=True) as url:
            yield url, key


@pytest.fixture
def alone(service: tuple[str, str], service_database: str) -> Iterator[Client]:
    """A client whose tenant nobody else is."""
    key = issue(service_database, tenant=f"alone-{make_token()}")
    with Client(service[0], key.secret) as client:
        yield client


@pytest.fixture
def tracker(service: tuple[str, str]) -> Iterator[Client]:
    url, key = service
    with Client(url, key) as client:
        yield client
