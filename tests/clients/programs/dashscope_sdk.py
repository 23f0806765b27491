"""Use `dashscope` from PyPI as its examples do; print what it returned as JSON.

Arguments: base URL and key; with a prompt: one create.
"""

import json
import sys
from http import HTTPStatus
from typing import Any

import dashscope
from dashscope import VideoSynthesis

MODEL = "wan2.6-t2v"
LONGEST_S = 120


def made(key: str, prompt: str, **more: Any) -> Any:
    """Create a task; return the answer."""
    return VideoSynthesis.async_call(api_key=key, model=MODEL, prompt=prompt, **more)


def waited_for(key: str, answer: Any) -> dict[str, Any]:
    """Let the client wait for a task's end; return its output."""
    done = VideoSynthesis.wait(answer, api_key=key, wait_timeout=LONGEST_S)
    if done.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{done.code}: {done.message}")
    return dict(done.output)


def everything(key: str) -> dict[str, Any]:
    """Create several and wait, cancel, be refused."""
    first, second = made(key, "a cat", size="1280*720"), made(key, "a dog [scenario:moderated]")
    third = made(key, "a cow [scenario:hold]")
    heard = VideoSynthesis.cancel(third, api_key=key)
    listed = VideoSynthesis.list(page_size=50, api_key=key)
    invalid = made(key, "a" * 801)
    return {
        "made": dict(first.output)["task_status"],
        "done": waited_for(key, first),
        "failed": waited_for(key, second),
        "heard": heard.status_code,
        "stopped": waited_for(key, third)["task_status"],
        "listed": len(listed.output["data"]),
        "invalid": [invalid.status_code, invalid.code],
        "refused": made("wrong", "a cat").code,
    }


def main() -> None:
    """Do everything, or create one task."""
    url, key, *prompt = sys.argv[1:]
    dashscope.base_http_api_url = url
    told = {"id": made(key, prompt[0]).output["task_id"]} if prompt else everything(key)
    json.dump(told, sys.stdout, default=str)


main()
