"""Use `luma-agents` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL and key.
"""

import json
import sys
import time
from typing import Any

from luma_agents import Luma, NotFoundError

LONGEST_S = 120.0


def finished(client: Luma, generation_id: str) -> Any:
    """Poll a generation until its end."""
    deadline = time.monotonic() + LONGEST_S
    generation = client.generations.get(generation_id)
    while generation.state not in {"completed", "failed"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"generation {generation_id} is still {generation.state}")
        time.sleep(0.05)  # it has no wait of its own
        generation = client.generations.get(generation_id)
    return generation


def main() -> None:
    """Create, poll, continue, fail, ask for what is not there."""
    url, key = sys.argv[1:]
    client = Luma(auth_token=key, base_url=url)
    create = client.generations.create
    made = create(type="video", model="ray-3.2", prompt="a cat", user_id="someone")
    done = finished(client, made.id)
    edited = create(
        type="video_edit", model="ray-3.2", prompt="a dog", source={"generation_id": made.id}
    )
    failed = finished(client, create(prompt="a bird [scenario:failed]").id)
    try:
        client.generations.get("3fa85f64-5717-4562-b3fc-2c963f66afa6")
        missing = 200
    except NotFoundError as problem:
        missing = problem.status_code
    answer = {
        "made": made.to_dict(),
        "done": done.to_dict(),
        "edited": finished(client, edited.id).to_dict(),
        "failed": failed.to_dict(),
        "missing": missing,
    }
    json.dump(answer, sys.stdout, default=str)


main()
