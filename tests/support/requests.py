"""Requests that tests send: the contract's example, and callbacks to a task's own URL."""

import json
from typing import Any

import httpx

from tracker.domain import token

SECRET = b"a secret for tests only"
MULTI_IMAGE = "/kling/v1/videos/multi-image2video"
EXAMPLE: dict[str, Any] = {
    "image_list": [
        {"image": "https://example.com/1.png"},
        {"image": "https://example.com/2.png"},
    ],
    "prompt": "根据参考图片生成连贯的动作视频",
    "mode": "std",
    "duration": "5",
}
"""The example of multi-image2video's page: image_list, prompt, mode and duration."""


def build_submission(**changes: Any) -> dict[str, Any]:
    """A body for `POST /v1/tasks`."""
    return {
        "provider": "kling",
        "operation": "videos/multi-image2video",
        "input": EXAMPLE,
    } | changes


def submit(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    """Submit one task; its JSON."""
    answer = http.post("/v1/tasks", json=build_submission(**changes))
    assert answer.status_code == 202, answer.text
    task: dict[str, Any] = answer.json()
    return task


def find_callback_path(task_id: str, *, secret: bytes = SECRET, provider: str = "kling") -> str:
    """The path of a task's callback URL."""
    return f"/callbacks/{provider}/{task_id}/{token.sign(secret, provider, task_id)}"


def build_kling_callback(status: str, **fields: Any) -> bytes:
    """A callback's body in the documented shape."""
    body: dict[str, Any] = {
        "task_id": "881204513377218561",
        "task_status": status,
        "task_status_msg": "",
        "created_at": 1795500001250,
        "updated_at": 1795500093480,
    }
    if status == "succeed":
        body["task_result"] = {
            "videos": [{"id": "9", "url": "https://media.example/v.mp4", "duration": "5.041"}]
        }
    return json.dumps(body | fields).encode()


HELPER_FIELDS: dict[str, Any] = {
    "session_id": "s",
    "image": "a",
    "text": "hello",
    "voice_id": "v",
    "voice_language": "en",
    "element_id": "e",
}
"""Whatever a call that makes no task may ask for."""
