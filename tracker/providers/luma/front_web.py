"""The protocol of Luma's old web page in front of our tasks, as gateways serve it.

Its clients (https://github.com/Dooy/chatgpt-web-midjourney-proxy, src/api/luma.ts, 2026-11) stop at
`completed` with `video.download_url` alone, and read `error.message`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.task import Task, TaskState
from tracker.providers.kit.front_answers import find_reason, format_time, link_of
from tracker.providers.kit.front_calls import (
    MOST_WAIT_S,
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.luma.gateway import EXTEND, WEB
from tracker.providers.ports.commands import Command, Create, Fixed, Get, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody

_CREATES = ("generations", "generations_sync")
_DOWNLOAD = "download_video_url"
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "processing",
        TaskState.SUCCEEDED: "completed",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "failed",
        TaskState.EXPIRED: "failed",
    }
)
"""Of all other states: pending."""


def is_web(call: FrontCall) -> bool:
    """Tell whether a call is one of a gateway's clients, and not of the official API's."""
    path = call.path.removeprefix("v1/")
    return path.startswith("generations") and not call.base.endswith("/proxy/luma")


def read_web(call: FrontCall) -> Command | WantsBody | FrontRefusal:
    """Route by path and method."""
    path = call.path.removeprefix("v1/")
    if path in _CREATES and call.method == "POST":
        return _create(call, WEB, {}, wait_s=0 if path == "generations" else MOST_WAIT_S)
    if path == "generations" and call.is_read:
        return Skip(
            limit=read_whole_number(call, "limit", default=10, low=1, high=100),
            offset=read_whole_number(call, "offset", default=0, low=0, high=100_000),
        )
    if path == "generations/file_upload":
        return Fixed(refuse_web("uploads are not served here: give a URL or a data: URI", 501))
    first, _, rest = path.partition("/")
    name, _, action = rest.partition("/")
    named = find_name(name)
    if first != "generations" or not named:
        return refuse_path(call)
    if action == "extend":
        is_post = call.method == "POST"
        return _create(call, EXTEND, {"id": named}) if is_post else refuse_method(call)
    if action not in ("", _DOWNLOAD):
        return refuse_path(call)
    return Get([named]) if call.is_read else refuse_method(call)


def show_web(call: FrontCall, command: Command, shown: Shown) -> FrontAnswer:
    """Show generations: one as an object, several as a list."""
    if isinstance(command, Skip):
        return FrontAnswer([build_web_generation(one, shown.get_input(one)) for one in shown.tasks])
    task = shown.tasks[0]
    if call.path.endswith(_DOWNLOAD):
        url = link_of(task, "video")
        return FrontAnswer({"url": url}) if url else refuse_web("there is no video yet", 404)
    status = 201 if isinstance(command, Create) else 200
    return FrontAnswer(build_web_generation(task, shown.get_input(task)), status)


def refuse_web(message: str, status: int, code: str | None = None) -> FrontAnswer:
    """Answer with an error, as gateways write it and as Luma's web page does.

    code: of a gateway; None for the status.
    """
    error = {"message": message, "type": "luma_error", "code": code or str(status)}
    return FrontAnswer({"error": error, "detail": {"reason": message, "code": 1}}, status)


def _create(
    call: FrontCall, operation: str, more: Mapping[str, Any], *, wait_s: int = 0
) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    return Create(operation, {**call.body, **more}, wait_s=wait_s)


def build_web_generation(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task as gateways show it."""
    url = link_of(task, "video")
    word = _WORDS.get(task.state, "pending")
    if word == "completed" and url is None:
        word = "processing"  # clients ask on until there is a link
    thumbnail = next((one.extra.get("thumbnail") for one in task.artifacts), None)
    video = {"url": url, "download_url": url, "width": 0, "height": 0, "thumbnail": thumbnail}
    return {
        "id": str(task.id),
        "prompt": str(input_.get("user_prompt") or input_.get("prompt") or ""),
        "state": word,
        "created_at": format_time(task.created_at, "microseconds"),
        "video": video if url and word == "completed" else None,
        "liked": None,
        "estimate_wait_seconds": None,
        "thumbnail": None,
        "last_frame": None,
        "failure_reason": find_reason(task),
    }
