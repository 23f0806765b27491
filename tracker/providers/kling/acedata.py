"""AceDataCloud's calls (docs.acedata.cloud/en/tutorials/kling/curl, 2026-11)."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from tracker.domain.exchange import HttpCall
from tracker.domain.task import Task
from tracker.providers.kit.calls import build_post
from tracker.providers.kling.calls import build_headers
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Sending

_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "videos/text2video": "text2video",
        "videos/image2video": "image2video",
        "videos/video-extend": "extend",
    }
)
_MOTION = "videos/motion-control"
_RENAMED: Mapping[str, str] = MappingProxyType(
    {"model_name": "model", "image": "start_image_url", "image_tail": "end_image_url"}
)


def explain_refusal(operation: str) -> str | None:
    """Return why an operation cannot be submitted there."""
    served = sorted({*_ACTIONS, _MOTION})
    return None if operation in served else f"AceDataCloud serves {', '.join(served)} only"


def create(sending: Sending) -> HttpCall:
    """`POST /kling/videos`. Without `async` it answers only when the video is there."""
    sent = {_RENAMED.get(name, name): value for name, value in sending.body.items()}
    if isinstance(duration := sent.get("duration"), str) and duration.isdecimal():
        sent["duration"] = int(duration)
    operation = sending.task.operation
    path = "motion" if operation == _MOTION else "videos"
    if path == "videos":
        sent["action"] = _ACTIONS[operation]
    sent["async"] = True
    if sending.callback_url is not None:
        sent["callback_url"] = sending.callback_url
    url = f"{_build_root(sending.account)}/{path}"
    return build_post(url, sent, build_headers(sending.account, sending.now))


def query(account: Account, task: Task, *, now: datetime) -> HttpCall | None:
    """`POST /kling/tasks`; it knows no id of ours."""
    if task.provider_task_id is None:
        return None
    asked = {"action": "retrieve", "id": task.provider_task_id}
    return build_post(f"{_build_root(account)}/tasks", asked, build_headers(account, now))


def _build_root(account: Account) -> str:
    base = account.base_url
    return base if base.endswith("/kling") else f"{base}/kling"
