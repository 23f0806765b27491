"""API keys for tests, made as the command makes them."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from tracker.clock import SystemClock
from tracker.domain.access import EVERYTHING, Scope
from tracker.services.access.keys import Grant, Issued, Keys
from tracker.settings import Settings
from tracker.store.store import Store


def issue(
    database_url: str,
    *,
    tenant: str = "default",
    scopes: Collection[Scope] = EVERYTHING,
    kling: bool = False,
    rate: int | None = None,
    name: str = "",
    secret: bytes = b"",
) -> Issued:
    """A new key, or a pair whose secret key is derived from the service's secret."""

    async def make() -> Issued:
        clock = SystemClock()
        async with Store(database_url, clock) as store:
            keys = Keys(store, clock, [secret])
            grant = Grant(tenant, scopes, name, per_minute=rate)
            return await (keys.create_pair(grant) if kling else keys.create_key(grant))

    return asyncio.run(make())


def build_bearer(issued: Issued) -> dict[str, str]:
    """The header that presents a key."""
    return {"authorization": f"Bearer {issued.secret}"}


def read_folder_secret(folder: Path) -> bytes:
    """The first secret of a service whose data directory this is."""
    return Settings.read_environment({"TRACKER_DATA_DIR": str(folder)}).list_callback_secrets()[0]
