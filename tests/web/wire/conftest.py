"""A service on each of the two parsers."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.service import environment, listen, serving

PARSERS = {
    "callbacks": "tracker.web.receive.protocol:CallbackProtocol",
    "httptools": "tracker.web.wire.parsed:BoundedHttpTools",
    "h11": "tracker.web.wire.plain:BoundedH11",
}


@pytest.fixture(scope="module", params=list(PARSERS))
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where it runs. Its limits are small, so that tests reach them soon."""
    folder = tmp_path_factory.mktemp("wire")
    env = environment(
        request.getfixturevalue("sqlite_template").copy(folder),
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_CALLBACK_MAX_BYTES="16384",
        TRACKER_HEAD_TIMEOUT_S="1",
        TRACKER_IDLE_TIMEOUT_S="2",
        TRACKER_SLOW_READER_S="1",
        TRACKER_MAX_CONNECTIONS="40",
    )
    http = PARSERS[request.param]
    with serving(env, door=listen(), workers=False, http=http) as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        yield client
