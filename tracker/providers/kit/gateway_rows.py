"""Tasks as gateways of new-api's kind show them, in both spellings at once.

A client of either spelling reads the same answer (https://github.com/QuantumNous/new-api:
`task_id`; https://github.com/Foodie05/dart_suno: `taskId`; 2026-11).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import find_reason

_WORDS: Mapping[TaskState, str] = {
    TaskState.QUEUED: "NOT_START",
    TaskState.UNCERTAIN: "SUBMITTED",
    TaskState.SUBMITTED: "SUBMITTED",
    TaskState.RUNNING: "IN_PROGRESS",
    TaskState.SUCCEEDED: "SUCCESS",
    TaskState.FAILED: "FAILURE",
    TaskState.CANCELLED: "FAILURE",
    TaskState.EXPIRED: "FAILURE",
}


def build_gateway_row(task: Task, *, platform: str, action: str, data: Any) -> dict[str, Any]:
    """Return a task's row. data: the upstream's answer, as clients know it.

    Clients wait for the progress `100%`, then read the status.
    """
    reason, name = find_reason(task), str(task.id)
    times = [_format_seconds(at) for at in (task.created_at, task.submitted_at, task.finished_at)]
    return {
        "task_id": name,
        "taskId": name,
        "platform": platform,
        "action": action,
        "status": _WORDS[task.state],
        "fail_reason": reason or "",
        "failReason": reason,
        "progress": _show_progress(task),
        **dict(zip(("submit_time", "start_time", "finish_time"), times, strict=True)),
        **dict(zip(("submitTime", "startTime", "finishTime"), times, strict=True)),
        "data": data,
    }


def _show_progress(task: Task) -> str:
    if task.state in TERMINAL:
        return "100%"
    if task.state is not TaskState.RUNNING:
        return "0%"
    return f"{min(int(task.progress or 50), 99)}%"


def _format_seconds(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp())
