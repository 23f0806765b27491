"""Our tasks in Kling's own shapes: for the front's answers and for callers' callback URLs.

Made for the strictest reader: integer code and times, string ids and durations, no `data` on
errors. docs/reference/kling-front.md has the fields one by one.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.task import Task, TaskState
from tracker.providers.kling import dialects, standard
from tracker.providers.kling.codes import CODES

S = TaskState
WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        S.QUEUED: "submitted",
        S.UNCERTAIN: "submitted",
        S.SUBMITTED: "submitted",
        S.RUNNING: "processing",
        S.SUCCEEDED: "succeed",
        S.FAILED: "failed",
        S.CANCELLED: "failed",
        S.EXPIRED: "failed",
    }
)
"""The legacy dialect's four words."""
NEW_WORDS: Mapping[TaskState, str] = MappingProxyType(dict(WORDS) | {S.SUCCEEDED: "succeeded"})
"""The new standard's, which differ in one."""


def render_created(task: Task) -> dict[str, Any]:
    """Return the `data` of a create's answer, in the dialect of the task's operation.

    Legacy: exactly the contract's five fields.
    """
    if standard.is_standard(task.operation):
        return {
            "id": str(task.id),
            "status": NEW_WORDS[task.state],
            "create_time": _format_instant(task.created_at),
            "update_time": _format_instant(task.updated_at),
            "external_id": task.external_task_id,
        }
    return {
        "task_id": str(task.id),
        "task_info": _show_info(task, {}),
        "task_status": WORDS[task.state],
        "created_at": _format_instant(task.created_at),
        "updated_at": _format_instant(task.updated_at),
    }


def render_task(task: Task) -> dict[str, Any]:
    """Legacy: the `data` of a query, and one entry of a list."""
    detail = task.detail or {}
    rendered: dict[str, Any] = {
        "task_id": str(task.id),
        "task_status": WORDS[task.state],
        "task_status_msg": _show_message(task),
        "task_info": _show_info(task, detail),
        "created_at": _format_instant(task.created_at),
        "updated_at": _format_instant(task.updated_at),
    }
    if task.state is S.SUCCEEDED:
        rendered["task_result"] = dialects.find_task_result(detail, task.artifacts)
    elif WORDS[task.state] == "failed":
        rendered["task_result"] = {}
    rendered |= dialects.find_deductions(detail)
    if "watermark_info" in detail:
        rendered["watermark_info"] = detail["watermark_info"]
    return rendered


def render_new_task(task: Task) -> dict[str, Any]:
    """Return an entry of a query or a list in the new standard; tasks of both dialects."""
    detail = task.detail or {}
    return {
        "id": str(task.id),
        "status": NEW_WORDS[task.state],
        "message": _show_message(task),
        "create_time": _format_instant(task.created_at),
        "update_time": _format_instant(task.updated_at),
        "external_id": task.external_task_id,
        "outputs": (
            dialects.find_outputs(detail, task.artifacts) if task.state is S.SUCCEEDED else []
        ),
        "billing": dialects.find_billing(detail),
    }


def render_callback(task: Task) -> dict[str, Any]:
    """Return the whole body of a callback, in the dialect that the task was made in."""
    if standard.is_standard(task.operation):
        return render_new_task(task)
    rendered = render_task(task)
    rendered.pop("watermark_info", None)  # queries only
    return rendered


def build_envelope(data: Any, request_id: str, message: str = "SUCCEED") -> dict[str, Any]:
    """Return a success."""
    return {"code": 0, "message": message, "request_id": request_id, "data": data}


def build_error(code: int, message: str, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return an HTTP status and an error's body, which has no `data`."""
    body = {"code": code, "message": message, "request_id": request_id}
    return CODES[code].http_status, body


def _show_message(task: Task) -> str:
    if task.state is S.FAILED:
        return task.error.message if task.error else task.message or ""
    if task.state in (S.CANCELLED, S.EXPIRED):
        return task.message or task.state.value
    return ""


def _show_info(task: Task, detail: Mapping[str, Any]) -> dict[str, Any]:
    info = detail.get("task_info")
    kept = dict(info) if isinstance(info, Mapping) else {}
    return kept | {"external_task_id": task.external_task_id}


def _format_instant(when: datetime) -> int:
    return int(when.timestamp() * 1000)
