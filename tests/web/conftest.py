"""The service and its provider, both on real sockets."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.service import environment, listen, serving
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.05)) as running:
        yield running


@pytest.fixture
def live(database_url: str, tmp_path: Path, emulator: Emulator) -> Iterator[str]:
    """Web and workers in one process; its address."""
    door = listen()
    public = f"http://127.0.0.1:{door.getsockname()[1]}"
    env = environment(database_url, tmp_path, provider_url=emulator.url, public_url=public)
    with serving(env, door=door, workers=True) as url:
        yield url


@pytest.fixture
def idle(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Web alone, so that what was accepted stays queued; its address."""
    door = listen()
    env = environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_MAX_BODY_BYTES="65536",
        TRACKER_CALLBACK_MAX_BYTES="16384",
        TRACKER_BODY_TIMEOUT_S="1",
    )
    with serving(env, door=door, workers=False) as url:
        yield url


@pytest.fixture
def http(idle: str) -> Iterator[httpx.Client]:
    """A client of the idle service."""
    with httpx.Client(base_url=idle, trust_env=False, timeout=20) as client:
        yield client
