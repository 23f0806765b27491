"""A service that kills itself at a point and comes back, with the made-up provider beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.made_up_server import MadeUpServer
from tests.support.service import Process, build_environment, free_port

NEVER = ("accept:committed", "1000000")
"""A point, and a time at which it never comes there."""


@dataclass
class DyingService:
    """A service that can die and come back, and its provider."""

    env: dict[str, str]
    url: str
    folder: Path
    provider: MadeUpServer

    def make_service(self, point: str, nth: str) -> Process:
        """Return the service, not started, which kills itself at the n-th pass of a point."""
        log = self.folder / f"{point}-{nth}".replace(":", "-")
        return Process((point, nth), self.env, log, "tests.support.crashing")

    def list_tasks(self) -> list[dict[str, Any]]:
        """Return every task."""
        url = f"{self.url}/v1/tasks"
        found = httpx.get(url, params={"limit": 100}, trust_env=False, timeout=60)
        tasks: list[dict[str, Any]] = found.raise_for_status().json()["tasks"]
        return tasks


@contextmanager
def open_dying_service(database_url: str, folder: Path, **more: str) -> Iterator[DyingService]:
    """Yield a service with short leases. more: further settings."""
    port = free_port()
    with MadeUpServer() as provider:
        env = build_environment(
            database_url,
            folder,
            provider_url="http://127.0.0.1:9",
            public_url=None,
            PORT=str(port),
            TRACKER_MADE_UP_BASE_URL=provider.url,
            TRACKER_MADE_UP_API_KEY="key",
            TRACKER_LEASE_S="1",
            **more,
        )
        yield DyingService(env, f"http://127.0.0.1:{port}", folder, provider)
