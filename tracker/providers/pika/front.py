"""Pika in front of our tasks: for clients of gateways, and for ComfyUI's nodes.

The former (https://github.com/Dooy/chatgpt-web-midjourney-proxy, src/api/pika.ts) ask without a
pause while there is no video, and look at the first alone; the latter (ComfyUI's nodes_pika.py)
know four words and need a `url` at the end. 2026-11.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import STATUSES, find_gateway_code, find_reason, link_of
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.pika.inputs import FORMS
from tracker.providers.ports.commands import Command, Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

_GENERATE = "generate"
_SWAPS, _ADDITIONS, _MASK = "pikaswaps", "pikadditions", "modifyRegionMask"
_OF_VIDEO: Mapping[ArtifactState, str] = MappingProxyType(
    {
        ArtifactState.READY: "finished",
        ArtifactState.PREVIEW: "pending",
        ArtifactState.FAILED: "error",
    }
)
_OF_FEED: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "pending",
        TaskState.SUCCEEDED: "finished",
        TaskState.FAILED: "error",
        TaskState.CANCELLED: "error",
        TaskState.EXPIRED: "error",
    }
)
"""Of all other states: queued."""
_OF_FORMS: Mapping[str, str] = MappingProxyType(
    {"pending": "started", "finished": "finished", "error": "failed", "queued": "queued"}
)


class PikaFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/pika", "/pro/pika", "/proxy/pika")

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if call.path == _GENERATE:
            return _create(call, _GENERATE)
        first, _, rest = call.path.partition("/")
        if first == _GENERATE and rest in FORMS:
            return _create(call, rest)
        name = call.get_parameter("id") or "" if call.path == "feed" else rest
        named = find_name(name) if first in ("feed", "videos") and "/" not in name else None
        if not named:
            return refuse_path(call)
        return Get([named]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks."""
        del request_id
        task = shown.tasks[0]
        if isinstance(command, Create):
            name = "id" if call.path == _GENERATE else "video_id"
            return FrontAnswer({name: str(task.id)})
        if call.path.startswith("videos/"):
            return FrontAnswer(_show_video(task))
        return FrontAnswer(_show_feed(task, shown.get_input(task)))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with `error.message`."""
        del request_id, call
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        error = {
            "message": refusal.message,
            "type": "pika_error",
            "code": find_gateway_code(refusal.fault),
        }
        return FrontAnswer({"error": error}, status)


def _create(call: FrontCall, operation: str) -> Command | WantsBody | FrontRefusal:
    if call.method != "POST":
        return refuse_method(call)
    if call.body is None:
        return WantsBody(or_form=True)
    if operation == _ADDITIONS and _MASK in call.body:
        operation = _SWAPS  # a version of ComfyUI's nodes posts swaps there
    return Create(operation, call.body)


def _show_feed(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show a container of at least one video; those that are done stand first."""
    pieces = [one for one in task.artifacts if one.kind == "video"]
    pieces.sort(key=lambda one: one.state is not ArtifactState.READY)
    videos = [_show_entry(task, one) for one in pieces] or [_show_single(task)]
    return {"id": str(task.id), "promptText": str(input_.get("promptText") or ""), "videos": videos}


def _show_entry(task: Task, piece: Artifact) -> dict[str, Any]:
    is_done = piece.state is ArtifactState.READY and bool(piece.url)
    word = (
        _OF_VIDEO[piece.state] if is_done or piece.state is not ArtifactState.READY else "pending"
    )
    return _show_single(task) | {
        "id": piece.id or piece.key or str(task.id),
        "status": word,
        "progress": 100 if is_done else _show_progress(task),
        "resultUrl": piece.url or "",
        "error": str(piece.extra.get("error") or ""),
        **{
            name: str(piece.extra.get(name) or "")
            for name in ("sharingUrl", "videoPoster", "imageThumb")
        },
    }


def _show_single(task: Task) -> dict[str, Any]:
    word = _OF_FEED.get(task.state, "queued")
    return {
        "id": str(task.id),
        "status": "pending" if word == "finished" else word,
        "progress": _show_progress(task),
        "seed": 0,
        "resultUrl": "",
        "sharingUrl": "",
        "videoPoster": "",
        "imageThumb": "",
        "duration": 0,
        "error": find_reason(task) or "",
    }


def _show_video(task: Task) -> dict[str, Any]:
    url = link_of(task, "video")
    word = _OF_FORMS[_OF_FEED.get(task.state, "queued")]
    if word == "finished" and url is None:
        word = "started"
    is_done = word == "finished"
    return {
        "id": str(task.id),
        "status": word,
        "progress": 100 if is_done else _show_progress(task),
        "url": url if is_done else None,
    }


def _show_progress(task: Task) -> int:
    return round(task.progress or 0)
