"""Use `zai-sdk` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, key, whether the key is sent as it is (`raw`) or signs a token (`signed`), and
a prompt.
"""

import json
import sys
import time
from typing import Any

from zai import ZhipuAiClient
from zai.core import APIStatusError

LONGEST_S = 120.0


def finished(client: ZhipuAiClient, task_id: str) -> Any:
    """Poll a video until its end."""
    deadline = time.monotonic() + LONGEST_S
    video = client.videos.retrieve_videos_result(id=task_id)
    while video.task_status == "PROCESSING":
        if time.monotonic() > deadline:
            raise TimeoutError(f"video {task_id} is still {video.task_status}")
        time.sleep(0.05)  # it has no wait of its own
        video = client.videos.retrieve_videos_result(id=task_id)
    return video


def refused(client: ZhipuAiClient) -> dict[str, Any]:
    """Return the status and the code of a create that cannot be made."""
    try:
        client.videos.generations(model="cogvideox-3", prompt="a" * 600)
    except APIStatusError as problem:
        error = problem.response.json()["error"]
        return {"status": problem.status_code, "code": error["code"]}
    return {}


def main() -> None:
    """Create, poll, fail, be refused."""
    url, key, how, prompt = sys.argv[1:]
    client = ZhipuAiClient(api_key=key, base_url=url, disable_token_cache=how == "raw")
    made = client.videos.generations(
        model="cogvideox-3", prompt=prompt, request_id=f"order {prompt}", size="1920x1080"
    )
    bad = client.videos.generations(model="cogvideox-3", prompt="a dog [scenario:moderated]")
    answer = {
        "made": made.to_dict(),
        "done": finished(client, made.id).to_dict(),
        "failed": finished(client, bad.id).to_dict(),
        "refused": refused(client),
    }
    json.dump(answer, sys.stdout, default=str)


main()
