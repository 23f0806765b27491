"""The service and its provider, both on real sockets.

Starting and stopping a service costs more than most tests. A file whose tests name nothing that
must be unique at the provider (its task ids, external ids) shares one by overriding `http` with
`shared_http`: each test then has a tenant of its own, and so sees its own tasks only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, listen, read_url, serve_service
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

CAP = 1000
"""Tasks that the account may have at the provider at once."""
_IDLE = {
    "TRACKER_KLING_MAX_IN_FLIGHT": str(CAP),
    "TRACKER_ASSETS": "on",
    "TRACKER_ASSET_MIN_FREE_BYTES": "0",
    "TRACKER_CALLBACK_SECRETS": "a secret for tests only",
    "TRACKER_MAX_BODY_BYTES": "65536",
    "TRACKER_CALLBACK_MAX_BYTES": "16384",
}
_tenants = count(1)


@dataclass(frozen=True)
class Shared:
    """A service that the tests of one file share. database_url: where it keeps its tasks."""

    url: str
    database_url: str

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Yield a client that acts for a new tenant."""
        key = issue(self.database_url, tenant=f"tenant-{next(_tenants)}")
        with httpx.Client(
            base_url=self.url, headers=build_bearer(key), trust_env=False, timeout=60
        ) as client:
            yield client


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.05)) as running:
        yield running


@pytest.fixture(scope="module")
def shared_database_url(shared_database_url: str) -> str:
    """The file's database with a key in it: the service is open without any."""
    issue(shared_database_url, tenant="first")  # before the service starts
    return shared_database_url


@pytest.fixture(scope="module")
def shared_idle(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    """Web alone, for all tests of a file."""
    with idle_service(shared_database_url, tmp_path_factory.mktemp("idle")) as url:
        yield Shared(url, shared_database_url)


@pytest.fixture
def live(database_url: str, tmp_path: Path, emulator: Emulator) -> Iterator[str]:
    """Web and workers in one process, of one test; its address."""
    listener = listen()
    public = read_url(listener)
    env = build_environment(database_url, tmp_path, provider_url=emulator.url, public_url=public)
    with serve_service(env, listener=listener, workers=True) as url:
        yield url


@pytest.fixture
def idle(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Web alone, of one test, so that what was accepted stays queued; its address."""
    with idle_service(database_url, tmp_path) as url:
        yield url


@pytest.fixture
def own_http(idle: str) -> Iterator[httpx.Client]:
    """A client of an idle service that only this test has."""
    with httpx.Client(base_url=idle, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def http(own_http: httpx.Client) -> httpx.Client:
    """A client of an idle service; of the test's own, unless its file shares one."""
    return own_http


@pytest.fixture
def shared_http(shared_idle: Shared) -> Iterator[httpx.Client]:
    """A client of the file's idle service, for a tenant of its own."""
    with shared_idle.client() as client:
        yield client


@contextmanager
def idle_service(database_url: str, folder: Path) -> Iterator[str]:
    """Run web alone; yield its address."""
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        **_IDLE,
    )
    with serve_service(env, workers=False) as url:
        yield url
