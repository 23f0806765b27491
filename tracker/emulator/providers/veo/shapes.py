"""Operations, interactions and events in Google's shapes.

Sources: https://ai.google.dev/gemini-api/docs/video, https://ai.google.dev/gemini-api/docs/interactions
and https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation, read
2026-11.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.media import make_media
from tracker.emulator.core.tasks import CANCELLED, FAILED, SUCCEED, EmulatedTask
from tracker.emulator.providers.veo.words import VeoWord

__all__ = [
    "VeoDetails",
    "VeoTask",
    "build_interaction",
    "build_operation",
    "derive_file_name",
    "find_event",
]

_REASON = (
    "The video could not be made, as its audio did not pass our safety filters. "
    "You were not charged for it."
)
_STATES = {SUCCEED: "completed", FAILED: "failed", CANCELLED: "cancelled"}
_MB = 1024 * 1024
_LEAST_INLINE = 64 * 1024
"""Bytes of a video within an answer: real ones have megabytes."""


@dataclass(frozen=True)
class VeoDetails:
    """The facts of a task that the core does not know.

    kind:       `gemini`, `vertex` or `interaction`.
    name:       of the operation; the id of an interaction.
    model:      of the path or the body.
    count:      how many videos were asked for.
    storage:    the `gs://` folder; None where videos come within the answer.
    labels, metadata: as the create sent them.
    """

    kind: str
    name: str
    model: str
    count: int = 1
    storage: str | None = None
    labels: Mapping[str, Any] | None = None
    metadata: Any = None


VeoTask = EmulatedTask[VeoDetails]


def build_operation(task: VeoTask, *, is_empty: bool) -> dict[str, Any]:
    """Show an operation. is_empty: whether its response names nothing (yet)."""
    shown: dict[str, Any] = {"name": task.details.name}
    if task.is_open:
        return shown
    shown["done"] = True
    if task.status != SUCCEED:
        return shown | {"error": {"code": 13, "message": task.message or "internal error"}}
    is_vertex = task.details.kind == "vertex"
    found = {} if is_empty else _build_result(task)
    if is_vertex:
        kind = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
        return shown | {"response": {"@type": kind, "raiMediaFilteredCount": 0, **found}}
    kind = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
    return shown | {"response": {"@type": kind, "generateVideoResponse": found}}


def _build_result(task: VeoTask) -> dict[str, Any]:
    details, scenario = task.details, task.scenario
    filtered = 0
    if scenario.has(VeoWord.FILTERED):
        filtered = details.count
    elif scenario.has(VeoWord.PARTLY_FILTERED):
        filtered = max(details.count // 2, 1)
    videos = [_build_video(task, place) for place in range(details.count - filtered)]
    rai = {"raiMediaFilteredCount": filtered, "raiMediaFilteredReasons": [_REASON] * filtered}
    found: dict[str, Any] = rai if filtered else {}
    if details.kind == "vertex":
        return found | ({"videos": videos} if videos else {})
    return found | ({"generatedSamples": [{"video": one} for one in videos]} if videos else {})


def _build_video(task: VeoTask, place: int) -> dict[str, Any]:
    details, scenario = task.details, task.scenario
    if scenario.has(VeoWord.NO_URI):
        return {"mimeType": "video/mp4"} if details.kind == "vertex" else {}
    if details.kind != "vertex":
        name = derive_file_name(task, place)
        return {"uri": f"{task.root_url}/v1beta/files/{name}:download?alt=media"}
    if details.storage is not None:
        uri = f"{details.storage.rstrip('/')}/{task.task_id}/{place}.mp4"
        return {"gcsUri": uri, "mimeType": "video/mp4"}
    content = make_media(task.task_id, f"{place}.mp4") or b""
    size = _LEAST_INLINE
    if scenario.has(VeoWord.INLINE_MB):
        size = scenario.count(VeoWord.INLINE_MB) * _MB
    content = content.ljust(size, b"\0")
    return {"bytesBase64Encoded": base64.b64encode(content).decode(), "mimeType": "video/mp4"}


def derive_file_name(task: VeoTask, place: int) -> str:
    """Return the id of a file: lower-case letters and digits, the place as the last two."""
    return f"{task.task_id.removeprefix('v1_')}{place:02}"


def build_interaction(task: VeoTask, *, is_empty: bool) -> dict[str, Any]:
    """Show an interaction."""
    details = task.details
    shown: dict[str, Any] = {
        "id": details.name,
        "object": "interaction",
        "status": find_word(task),
        "model": details.model,
        "created": _format_time(task.created_at),
        "updated": _format_time(task.updated_at),
        "labels": dict(details.labels or {}),
    }
    if task.is_open or shown["status"] == "cancelled":
        return shown
    if shown["status"] != "completed":
        message = task.message or shown["status"]
        return shown | {"error": {"code": "INTERNAL", "message": message}}
    videos: Sequence[dict[str, Any]] = [] if is_empty else [_build_video(task, 0)]
    pieces = [{"type": "video", "mime_type": "video/mp4", **one} for one in videos]
    shown["usage"] = {"total_tokens": 12345}
    if not pieces:
        return shown
    steps = [{"type": "model_output", "content": pieces}]
    return shown | {"steps": steps, "output_video": pieces[0]}


def find_word(task: VeoTask) -> str:
    """Return the status word of an interaction."""
    scenario = task.scenario
    if task.is_open:
        if task.started_at is not None and scenario.has(VeoWord.ACTION_NEEDED):
            return "requires_action"
        return "in_progress"
    if task.status == SUCCEED and scenario.has(VeoWord.INCOMPLETE):
        return "incomplete"
    if task.status == SUCCEED and scenario.has(VeoWord.OVER_BUDGET):
        return "budget_exceeded"
    return _STATES[task.status]


def find_event(task: VeoTask) -> dict[str, Any] | None:
    """Return the event of the present state. None has an operation that came to nothing."""
    details = task.details
    data: dict[str, Any] = {"id": details.name}
    if details.metadata is not None:
        data["user_metadata"] = details.metadata
    if details.kind == "interaction":
        word = find_word(task)
        if word not in ("completed", "failed", "cancelled", "requires_action"):
            return None
        kind = f"interaction.{word}"
        if word == "failed":
            data |= {"error_code": "INTERNAL", "error_message": task.message or "internal error"}
    else:
        if task.status != SUCCEED or task.scenario.has(VeoWord.FILTERED):
            return None
        kind, name = "video.generated", derive_file_name(task, 0)
        address = f"{task.root_url}/v1beta/files/{name}"
        data |= {"output_file_uri": address, "file_name": f"files/{name}"}
    return {"type": kind, "version": "v1", "timestamp": _format_time(task.updated_at), "data": data}


def _format_time(at_ms: int) -> str:
    return (
        datetime.fromtimestamp(at_ms / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
