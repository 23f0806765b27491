"""How gateways write a task: in their answers and in the callbacks they make themselves. Pure.

Source: the gateways' pages (new-api, PiAPI, AceDataCloud), read 2026-11. From memory of
new-api's source: the words NOT_START and IN_PROGRESS, and times in seconds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, TERMINAL
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.results import build_result
from tracker.emulator.providers.kling.validation import find_field
from tracker.emulator.providers.kling.wire import build_plain_view

__all__ = [
    "build_acedata_final",
    "build_acedata_record",
    "build_newapi_record",
    "build_piapi_record",
]

_NEW_API: Mapping[str, str] = {SUBMITTED: "NOT_START", SUCCEED: "SUCCESS", FAILED: "FAILURE"}
_PIAPI: Mapping[str, str] = {SUBMITTED: "pending", PROCESSING: "processing", SUCCEED: "completed"}
_UNSET = "0001-01-01T00:00:00Z"


def build_newapi_record(task: KlingTask) -> dict[str, Any]:
    """Return a query's answer: the relay's own record around the provider's whole answer."""
    inner = build_plain_view(task) | {"task_id": task.other_id}  # the upstream's own id
    is_over = task.status in TERMINAL
    data = {
        "task_id": task.task_id,
        "action": "textGenerate" if "text2video" in task.details.operation.path else "generate",
        "status": _NEW_API.get(task.status, "IN_PROGRESS"),
        "fail_reason": task.message,
        "submit_time": task.created_at // 1000,
        "start_time": 0 if task.status == SUBMITTED else task.created_at // 1000,
        "finish_time": task.updated_at // 1000 if is_over else 0,
        "progress": "100%" if is_over else "30%",
        "data": {"code": 0, "message": "SUCCEED", "request_id": "upstream", "data": inner},
    }
    return {"code": "success", "message": "", "data": data}


def build_piapi_record(task: KlingTask) -> dict[str, Any]:
    """Return the task as it is answered and called back."""
    is_over = task.status in TERMINAL
    output: dict[str, Any] = {}
    if task.status == SUCCEED:
        video = build_result(task)["videos"][0]
        output = {"type": task.details.model, "status": 99, "video_url": video["url"], "works": []}
    code = 10000 if task.status == FAILED else 0
    return {
        "task_id": task.task_id,
        "model": "kling",
        "task_type": task.details.model,
        "status": _PIAPI.get(task.status, task.status),
        "config": {"webhook_config": {"endpoint": task.callback_url or "", "secret": ""}},
        "input": find_field(task.request, "input") if isinstance(task.request, dict) else {},
        "output": output,
        "meta": {
            "created_at": _write_time(task.created_at),
            "started_at": _UNSET if task.status == SUBMITTED else _write_time(task.created_at),
            "ended_at": _write_time(task.updated_at) if is_over else _UNSET,
        },
        "error": {"code": code, "raw_message": task.message, "message": task.message},
    }


def build_acedata_final(task: KlingTask) -> dict[str, Any]:
    """Return the final answer of a blocking create, which is also called back."""
    if task.status != SUCCEED:
        error = {"code": "api_error", "message": task.message}
        return {"success": False, "task_id": task.task_id, "error": error}
    video = build_result(task)["videos"][0]
    return {
        "success": True,
        "task_id": task.task_id,
        "video_id": video["id"],
        "video_url": video["url"],
        "duration": video["duration"],
        "state": "succeed",
    }


def build_acedata_record(task: KlingTask) -> dict[str, Any]:
    """Return a task's record; one without a response is still being worked on."""
    response = build_acedata_final(task) if task.status in TERMINAL else {}
    return {"id": task.task_id, "request": task.request, "response": response}


def _write_time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}123456Z"
