"""Use `lumaai` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, key, and `all`, or `create` and a prompt for one generation until its end.
"""

import json
import sys
import time
from typing import Any

from lumaai import LumaAI, NotFoundError

LONGEST_S = 120.0


def finished(client: LumaAI, generation_id: str) -> Any:
    """Poll a generation until its end."""
    deadline = time.monotonic() + LONGEST_S
    generation = client.generations.get(id=generation_id)
    while generation.state not in {"completed", "failed"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"generation {generation_id} is still {generation.state}")
        time.sleep(0.05)  # it has no wait of its own
        generation = client.generations.get(id=generation_id)
    return generation


def whole_life(client: LumaAI) -> dict[str, Any]:
    """Create, poll, list, fail, delete."""
    made = client.generations.video.create(model="ray-2", prompt="a cat")
    done = finished(client, made.id)
    bad = client.generations.video.create(model="ray-2", prompt="a dog [scenario:failed]")
    failed = finished(client, bad.id)
    listed = client.generations.list(limit=5, offset=0)
    client.generations.delete(bad.id)
    try:
        client.generations.get(id=bad.id)
        after_delete = 200
    except NotFoundError as problem:
        after_delete = problem.status_code
    return {
        "made": made.to_dict(),
        "done": done.to_dict(),
        "failed": failed.to_dict(),
        "credits": client.credits.get().credit_balance,
        "concepts": list(client.generations.concepts.list()),
        "listed": [generation.id for generation in listed.generations],
        "after_delete": after_delete,
    }


def main() -> None:
    """Run what the arguments ask for."""
    url, key, task, *prompt = sys.argv[1:]
    client = LumaAI(auth_token=key, base_url=url)
    if task == "create":
        made = client.generations.video.create(model="ray-2", prompt=prompt[0])
        answer = finished(client, made.id).to_dict()
    else:
        answer = whole_life(client)
    json.dump(answer, sys.stdout, default=str)


main()
