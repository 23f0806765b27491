"""One service with its provider for all tests of the client; a key is asked for."""

from collections.abc import Iterator

import pytest

from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.service import environment, listen, serving
from tracker.client import Client
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture(scope="session")
def service(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Its address, and a key."""
    folder = tmp_path_factory.mktemp("client")
    database_url = sqlite_template.copy(folder)
    key = issue(database_url).secret
    door = listen()
    public = f"http://127.0.0.1:{door.getsockname()[1]}"
    config = EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.05)
    with Emulator(config) as emulator:
        env = environment(
            database_url,
            folder,
            provider_url=emulator.url,
            public_url=public,
            TRACKER_AUTH="on",
            TRACKER_ASSETS="on",
            TRACKER_ASSET_MIN_FREE_BYTES="0",
        )
        with serving(env, door=door, workers=True) as url:
            yield url, key


@pytest.fixture
def tracker(service: tuple[str, str]) -> Iterator[Client]:
    url, key = service
    with Client(url, key) as client:
        yield client
