"""A task as OpenAI's format and as a gateway's row show it. Pure.

Sources: https://github.com/QuantumNous/new-api (dto/openai_video.go, model/task.go) and
https://github.com/openai/openai-python (3.57.0, types/video.py), read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    TERMINAL,
    EmulatedTask,
)
from tracker.emulator.core.words import CoreWord
from tracker.emulator.providers.openai.words import OpenAIWord

__all__ = ["VideoDetails", "VideoTask", "build_row_view", "build_unified_view", "build_video_view"]

_OPENAI = {
    SUBMITTED: "queued",
    PROCESSING: "in_progress",
    SUCCEED: "completed",
    FAILED: "failed",
    CANCELLED: "cancelled",
}
_UNIFIED = {**_OPENAI, SUBMITTED: "pending", PROCESSING: "processing"}
_FOREIGN = {
    SUBMITTED: "Pending",
    PROCESSING: "RUNNING",
    SUCCEED: "SUCCEEDED",
    FAILED: "FAIL",
    CANCELLED: "canceled",
}
_ROW = {
    SUBMITTED: "QUEUED",
    PROCESSING: "IN_PROGRESS",
    SUCCEED: "SUCCESS",
    FAILED: "FAILURE",
    CANCELLED: "FAILURE",
}
_OWN_REASONS = {
    OpenAIWord.SWEEP_TIMEOUT: "任务超时（60分钟）",
    OpenAIWord.CHANNEL_REMOVED: "获取渠道信息失败，请联系管理员",
    CoreWord.FALSE_FAILURE: "upstream returned unrecognized message",
}
_PRICE = 1_000_000
"""Of one second, in the gateway's units."""


@dataclass(frozen=True)
class VideoDetails:
    """The facts of a task that the core does not know."""

    model: str
    seconds: str
    size: str


VideoTask = EmulatedTask[VideoDetails]


def build_video_view(task: VideoTask, *, has_link: bool) -> dict[str, Any]:
    """Return OpenAI's object, with what new-api adds to it."""
    found: dict[str, Any] = {
        "id": task.task_id,
        "task_id": task.task_id,
        "object": "video",
        "model": task.details.model,
        "status": _find_word(task, _OPENAI),
        "progress": _find_progress(task),
        "created_at": task.created_at // 1000,
        "seconds": task.details.seconds,
        "size": task.details.size,
    }
    if task.status != SUBMITTED:
        found["completed_at"] = task.updated_at // 1000
    if task.status == SUCCEED and has_link:
        found["metadata"] = {"url": _link_of(task)}
    reason = _find_reason(task)
    if reason and task.scenario.has(OpenAIWord.URL_IN_FAIL_REASON):
        found["metadata"] = {"url": reason}
    elif reason:
        is_text = task.scenario.has(OpenAIWord.ERROR_TEXT)
        found["error"] = reason if is_text else {"code": "task_failed", "message": reason}
    if task.scenario.has(OpenAIWord.WRAPPED):
        return _envelop_data(_envelop_data(found))
    return found


def build_row_view(task: VideoTask, *, has_link: bool, now_ms: int) -> dict[str, Any]:
    """Return a gateway's row in its envelope."""
    link = _link_of(task) if task.status == SUCCEED and has_link else ""
    is_old = task.scenario.has(OpenAIWord.URL_IN_FAIL_REASON)
    ended_at = task.ended_at if task.status in TERMINAL else None
    progress = _find_progress(task)
    return _envelop_data(
        {
            "id": int(task.other_id) % 1_000_000,
            "task_id": task.task_id,
            "platform": "openai",
            "action": "generate",
            "status": _find_word(task, _ROW),
            "fail_reason": _find_reason(task) or (link if is_old else ""),
            "result_url": "" if is_old else link,
            "quota": _find_quota(task, now_ms),
            "submit_time": task.created_at // 1000,
            "start_time": (task.started_at or 0) // 1000,
            "finish_time": (ended_at or 0) // 1000,
            "progress": progress if isinstance(progress, str) else f"{progress}%",
            "properties": {"input": "", "upstream_model_name": task.details.model},
            "data": {},
        }
    )


def build_unified_view(task: VideoTask, *, has_link: bool) -> dict[str, Any]:
    """Return what gateways with one create for every model show."""
    found: dict[str, Any] = {
        "id": task.task_id,
        "status": _find_word(task, _UNIFIED),
        "status_update_time": task.updated_at,
    }
    if task.status == SUCCEED:
        found |= {"video_url": _link_of(task) if has_link else None, "enhanced_prompt": ""}
    if reason := _find_reason(task):
        found["error"] = reason
    return found


def _envelop_data(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": "success", "message": "", "data": dict(data)}


def _find_word(task: VideoTask, words: Mapping[str, str]) -> str:
    if task.status == SUBMITTED and task.scenario.has(OpenAIWord.EMPTY_STATUS):
        return ""
    if task.status == SUBMITTED and task.scenario.has(OpenAIWord.UNKNOWN_STATUS):
        return "unknown"
    if task.status == FAILED and task.scenario.has(OpenAIWord.EXPIRES):
        return "expired"
    own = _FOREIGN if task.scenario.has(OpenAIWord.FOREIGN_WORDS) else words
    return own.get(task.status, task.status)


def _find_progress(task: VideoTask) -> int | str:
    percent = {SUBMITTED: 10, PROCESSING: 50}.get(task.status, 100)
    if percent == 100 and task.scenario.has(OpenAIWord.STUCK_PROGRESS):
        percent = 50
    return f"{percent}%" if task.scenario.has(OpenAIWord.STRING_NUMBERS) else percent


def _find_reason(task: VideoTask) -> str:
    if task.status != FAILED or task.scenario.has(OpenAIWord.NO_REASON):
        return ""
    own = (text for word, text in _OWN_REASONS.items() if task.scenario.has(word))
    return next(own, task.message)


def _find_quota(task: VideoTask, now_ms: int) -> int:
    """Return what remains taken: all of it but for a failure, which is given back."""
    seconds = task.details.seconds
    full = _PRICE * (int(seconds) if seconds.isdigit() else 4)
    full *= 2 if task.scenario.has(OpenAIWord.TWO_UPSTREAMS) else 1
    if task.status != FAILED or task.scenario.has(OpenAIWord.CHARGED_FAILURE):
        return full
    late = OpenAIWord.REFUND_LATE
    if task.scenario.has(late) and task.ended_at is not None:
        return full if now_ms - task.ended_at < task.scenario.read_seconds(late) * 1000 else 0
    return -full if task.scenario.has(OpenAIWord.REFUND_TWICE) else 0


def _link_of(task: VideoTask) -> str:
    return build_media_url(task, "video.mp4")
