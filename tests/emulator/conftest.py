"""One emulator with a manual clock for the whole room, emptied before each test."""

from collections.abc import Iterator

import pytest

from tracker.emulator import EmulatorConfig, EmulatorServer

from .support import Api, Sink

ACCESS_KEY = "an-access-key"
SECRET_KEY = "a-short-secret"
WEBHOOK_SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="


@pytest.fixture(scope="session")
def provider() -> Iterator[EmulatorServer]:
    config = EmulatorConfig(
        api_keys=("emulator-key", "second-key"),
        key_pairs={ACCESS_KEY: SECRET_KEY},
        accounts={"emulator-key": "main", ACCESS_KEY: "main"},
        manual_clock=True,
        max_slots=5,
        max_body_bytes=2_000_000,
        webhook_secret=WEBHOOK_SECRET,
        callback_timeout_seconds=60,
    )
    with EmulatorServer(config) as server:
        yield server


@pytest.fixture
def api(provider: EmulatorServer) -> Iterator[Api]:
    api = Api(provider.url)
    api.http.post("/emulator/reset").raise_for_status()
    yield api
    api.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink
