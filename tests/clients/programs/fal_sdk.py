"""Use `fal_client` from PyPI as its README does; print what it returned as JSON.

Arguments: the front's host, the authority that its certificate stands on, and a key.
"""

import asyncio
import json
import os
import sys
from typing import Any

host, authority, key = sys.argv[1:]
os.environ |= {
    "FAL_QUEUE_RUN_HOST": host,
    "FAL_RUN_HOST": f"{host}/run",
    "SSL_CERT_FILE": authority,
}
import fal_client  # noqa: E402 - it reads the environment
from fal_client.client import FalClientHTTPError  # noqa: E402

MODEL = "fal-ai/flux/dev"
HELD = {"prompt": "a cat [scenario:hold]"}


def everything(client: fal_client.SyncClient) -> dict[str, Any]:
    """Submit and follow; subscribe; run; cancel."""
    handle = client.submit(MODEL, {"prompt": "a cat"}, priority="low", start_timeout=120)
    events = [type(event).__name__ for event in handle.iter_events(with_logs=True)]
    held = client.submit("fal-ai/pika/v2.2/text-to-video", HELD)
    first = type(held.status()).__name__
    held.cancel()
    *_, last = held.iter_events()
    updates: list[str] = []
    return {
        "urls": [handle.status_url, handle.response_url, handle.cancel_url],
        "events": events,
        "result": handle.get(),
        "subscribed": client.subscribe(
            MODEL,
            {"prompt": "a bird", "num_images": 2},
            with_logs=True,
            on_queue_update=lambda update: updates.append(type(update).__name__),
        ),
        "updates": updates,
        "run": client.run("fal-ai/veo3", {"prompt": "a fish"}),
        "cancelled": [first, getattr(last, "error", None)],
    }


async def asynchronous() -> Any:
    """Submit and wait with the other client."""
    handle = await fal_client.AsyncClient(key=key).submit(MODEL, {"prompt": "a dog"})
    return await handle.get()


def failure(of: fal_client.SyncClient, prompt: str = "a cat") -> list[Any]:
    """Return what a subscription that fails raises: status, message and type."""
    try:
        of.subscribe(MODEL, {"prompt": prompt})
    except FalClientHTTPError as problem:
        return [problem.status_code, str(problem), problem.error_type]
    return []


def main() -> None:
    """Do everything."""
    client = fal_client.SyncClient(key=key)
    answer = everything(client)
    answer["asynchronous"] = asyncio.run(asynchronous())
    answer["failed"] = failure(client, "a cat [scenario:failed]")
    answer["wrong_key"] = failure(fal_client.SyncClient(key="wrong"))
    json.dump(answer, sys.stdout)


main()
