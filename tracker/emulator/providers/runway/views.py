"""A task as each of Runway's dialects shows it. Pure.

Sources: https://github.com/runwayml/sdk-python (src/runwayml/types/task_retrieve_response.py,
workflow_invocation_retrieve_response.py) and, for the dialects of gateways,
https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api/runway.ts, runwayml.ts), read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
from tracker.emulator.providers.runway.words import RunwayWord

__all__ = [
    "RunwayDetails",
    "RunwayTask",
    "ShownTask",
    "build_invocation_view",
    "build_task_view",
    "build_web_view",
]

_NODE = "8ac0f4d8-6f8f-4a0c-9d5b-0c7c7d1b2a10"
_WORDS = {
    SUBMITTED: "PENDING",
    PROCESSING: "RUNNING",
    SUCCEED: "SUCCEEDED",
    FAILED: "FAILED",
    CANCELLED: "CANCELLED",
}


@dataclass(frozen=True)
class RunwayDetails:
    """The facts of a task that the core does not know."""

    credits: int
    """The most that it costs."""
    body: Mapping[str, object]


RunwayTask = EmulatedTask[RunwayDetails]


@dataclass(frozen=True)
class ShownTask:
    """The facts that one answer shows of a task.

    cost:     what remains charged.
    progress: a fraction.
    """

    cost: int
    progress: float
    is_output_empty: bool = False


def find_word(task: RunwayTask) -> str:
    """Return the status word."""
    if task.status == SUBMITTED and task.scenario.has(RunwayWord.THROTTLED):
        return "THROTTLED"
    return _WORDS.get(task.status, task.status)


def build_task_view(
    task: RunwayTask, shown: ShownTask, *, is_gateway: bool = False
) -> dict[str, Any]:
    """Return the JSON of the official API, or of the gateways that repeat it without costs."""
    word = find_word(task)
    found: dict[str, Any] = {"id": task.task_id, "status": word, "createdAt": _format_time(task)}
    if word == "RUNNING":
        is_text = task.scenario.has(RunwayWord.PROGRESS_TEXT)
        found["progress"] = f"{shown.progress:g}" if is_text else shown.progress
    if word == "SUCCEEDED":
        found["output"] = [] if shown.is_output_empty else _build_links(task)
    if word == "FAILED":
        found |= _find_failure(task, is_object=is_gateway)
    if is_gateway or task.scenario.has(RunwayWord.NO_COST):
        return found
    return found | _build_costs(task, shown)


def build_invocation_view(task: RunwayTask, shown: ShownTask) -> dict[str, Any]:
    """Return the JSON of a run of a workflow."""
    found = build_task_view(task, shown)
    found.pop("estimatedCost", None)
    if task.status in (PROCESSING, SUCCEED):
        found["output"] = {} if shown.is_output_empty else {_NODE: _build_links(task)}
    return found


def build_web_view(task: RunwayTask, shown: ShownTask) -> dict[str, Any]:
    """Return the JSON of the older gateways, which is that of Runway's web page."""
    options = task.details.body.get("options")
    name = options.get("name") if isinstance(options, Mapping) else None
    is_done = task.status == SUCCEED
    return {
        "task": {
            "id": task.task_id,
            "name": name,
            "status": find_word(task),
            "progressRatio": "1" if is_done else f"{shown.progress:g}",
            "progressText": None,
            "artifacts": [
                {"id": f"{task.task_id}-{place}", "url": link, "previewUrls": []}
                for place, link in enumerate([] if shown.is_output_empty else _build_links(task))
            ],
            "error": {"errorMessage": task.message} if task.status == FAILED else None,
            "estimatedTimeToStartSeconds": None,
            "createdAt": _format_time(task),
            "updatedAt": _format_instant(task.updated_at),
            "taskType": task.details.body.get("taskType"),
            "options": options,
        }
    }


def _find_failure(task: RunwayTask, *, is_object: bool) -> dict[str, Any]:
    is_moderated = "risk control" in task.message
    code = "SAFETY.INPUT.TEXT" if is_moderated else "INTERNAL.BAD_OUTPUT.CODE01"
    if is_object or task.scenario.has(RunwayWord.FAILURE_OBJECT):
        return {"failure": {"code": code, "message": task.message}}
    return {"failure": task.message, "failureCode": code}


def _build_costs(task: RunwayTask, shown: ShownTask) -> dict[str, Any]:
    if task.status in TERMINAL:
        return {"cost": {"credits": shown.cost if task.status == SUCCEED else 0}}
    return {"estimatedCost": {"credits": task.details.credits}}


def _build_links(task: RunwayTask) -> list[str]:
    return [build_media_url(task, name) for name in task.ready_artifacts]


def _format_time(task: RunwayTask) -> str:
    return _format_instant(task.created_at)


def _format_instant(ms: int) -> str:
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
