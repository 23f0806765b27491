"""PiAPI's calls (piapi.ai/docs/kling-api/kling-3-omni-api, 2026-11)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from tracker.domain.exchange import HttpCall
from tracker.domain.task import Task
from tracker.providers.kit.calls import build_post
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Sending

SECRET_HEADER = "x-webhook-secret"  # noqa: S105 - a header's name
_TASK_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "videos/text2video": "video_generation",
        "videos/image2video": "video_generation",
        "videos/omni-video": "omni_video_generation",
        "videos/video-extend": "extend_video",
        "videos/lip-sync": "lip_sync",
        "videos/effects": "effects",
    }
)
_RENAMED: Mapping[str, str] = MappingProxyType(
    {"image": "image_url", "image_tail": "image_tail_url", "video_id": "origin_task_id"}
)
_VERSION = re.compile(r"kling-v(\d+)(?:-(\d+))?(?:-(turbo|master|omni))?")


def explain_refusal(operation: str) -> str | None:
    """Return why an operation cannot be submitted there."""
    if operation in _TASK_TYPES:
        return None
    return f"PiAPI has no task type for it; it has {', '.join(sorted(_TASK_TYPES))}"


def create(sending: Sending) -> HttpCall:
    """`POST /api/v1/task`. The callback URL and its secret go into `config.webhook_config`."""
    account, url = sending.account, sending.callback_url
    sent: dict[str, Any] = {
        "model": "kling",
        "task_type": _TASK_TYPES[sending.task.operation],
        "input": _convert_input(sending.body),
    }
    if url is not None:
        secret = account.webhook_secrets[0] if account.webhook_secrets else ""
        sent["config"] = {"webhook_config": {"endpoint": url, "secret": secret}}
    return build_post(_build_root(account), sent, _build_headers(account))


def query(account: Account, task: Task) -> HttpCall | None:
    """`GET /api/v1/task/{id}`; it knows no id of ours."""
    if task.provider_task_id is None:
        return None
    url = f"{_build_root(account)}/{quote(task.provider_task_id, safe='')}"
    return HttpCall("GET", url, _build_headers(account))


def _convert_input(body: Mapping[str, Any]) -> dict[str, Any]:
    """Spell Kling's legacy fields by PiAPI's names; leave the rest as it is."""
    renamed = {_RENAMED.get(name, name): value for name, value in body.items()}
    if isinstance(duration := renamed.get("duration"), str) and duration.isdecimal():
        renamed["duration"] = int(duration)
    model = renamed.pop("model_name", None)
    if isinstance(model, str) and (found := _VERSION.fullmatch(model)):
        major, minor, kind = found.groups()
        renamed["version"] = f"{major}.{minor or 0}" + (f"-{kind}" if kind else "")
    return renamed


def _build_headers(account: Account) -> dict[str, str]:
    return {"x-api-key": account.api_key} if account.api_key else {}


def _build_root(account: Account) -> str:
    return f"{account.base_url.removesuffix('/task').removesuffix('/api/v1')}/api/v1/task"
