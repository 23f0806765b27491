"""A service on each of the two parsers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import build_environment, serve_service

PARSERS = {
    "callbacks": "tracker.web.receive.protocol:CallbackProtocol",
    "httptools": "tracker.web.wire.parsed:BoundedHttpTools",
    "h11": "tracker.web.wire.plain:BoundedH11",
}


IMPATIENT = {
    "TRACKER_HEAD_TIMEOUT_S": "1",
    "TRACKER_IDLE_TIMEOUT_S": "2",
    "TRACKER_SLOW_READER_S": "1",
}
PATIENT = {
    "TRACKER_HEAD_TIMEOUT_S": "60",
    "TRACKER_IDLE_TIMEOUT_S": "60",
    "TRACKER_SLOW_READER_S": "60",
}


@pytest.fixture(scope="module", params=list(PARSERS))
def parser(request: pytest.FixtureRequest) -> str:
    """The class that reads requests."""
    return PARSERS[request.param]


@pytest.fixture(scope="module")
def url(
    parser: str, sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield where it runs, with small limits of size, and of time beyond any busy machine's."""
    folder = tmp_path_factory.mktemp("wire")
    with _running(sqlite_template.copy(folder), folder, parser, PATIENT) as address:
        yield address


@pytest.fixture(scope="module")
def impatient_url(
    parser: str, sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Return where one runs whose limits of time are small, so that tests reach them soon."""
    folder = tmp_path_factory.mktemp("impatient")
    with _running(sqlite_template.copy(folder), folder, parser, IMPATIENT) as address:
        yield address


@contextmanager
def _running(
    database_url: str, folder: Path, parser: str, limits: Mapping[str, str]
) -> Iterator[str]:
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_CALLBACK_MAX_BYTES="16384",
        TRACKER_MAX_CONNECTIONS="40",
        **limits,
    )
    with serve_service(env, workers=False, http=parser) as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        yield client
