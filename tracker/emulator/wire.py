"""The wire shapes of the legacy dialect: error codes, envelope, task object. Pure functions.

Source: reference: Kling API, error-codes, callbacks and capability pages, as of 2026-09.
"""

from collections.abc import Mapping
from typing import Any

from tracker.emulator.results import deduction_of, result_of
from tracker.emulator.scenario import Name, Scenario
from tracker.emulator.tasks import FAILED, SUCCEED, Task

__all__ = [
    "HTTP_STATUS",
    "Refusal",
    "callback_body",
    "costs_view",
    "created_view",
    "envelope",
    "error_body",
    "task_view",
]

HTTP_STATUS: Mapping[int, int] = {
    0: 200,
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1200: 400,
    1201: 400,
    1202: 404,
    1203: 404,
    1301: 400,
    1302: 429,
    1303: 429,
    5000: 500,
    5001: 503,
    5002: 504,
}
"""Kling code -> HTTP status."""


class Refusal(Exception):
    """The provider says no: a code, a text and perhaps when to come back."""

    def __init__(self, code: int, message: str, *, retry_after: int | None = None) -> None:
        """Take a code of HTTP_STATUS, the text for the caller, and seconds to wait."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


def envelope(data: object, *, request_id: str, scenario: Scenario) -> dict[str, Any]:
    """A good answer around its data."""
    code: object = "success" if scenario.has(Name.CODE_STRING) else 0
    return {"code": code, "message": "SUCCEED", "request_id": request_id, "data": data}


def error_body(refusal: Refusal, *, request_id: str) -> dict[str, Any]:
    """A bad answer; it has no data."""
    return {"code": refusal.code, "message": refusal.message, "request_id": request_id}


def created_view(task: Task) -> dict[str, Any]:
    """`data` of a create answer: the task as it was made, whatever happened since."""
    return {
        "task_id": task.task_id,
        "task_info": _info(task),
        "task_status": _word("submitted", task.scenario),
        "created_at": _instant(task.created_at, task.scenario),
        "updated_at": _instant(task.created_at, task.scenario),
    }


def task_view(task: Task) -> dict[str, Any]:
    """`data` of a query, and one entry of a list."""
    view = {
        "task_id": task.task_id,
        "task_status": _word(task.status, task.scenario),
        "task_status_msg": task.message,
        "task_info": _info(task),
        "created_at": _instant(task.created_at, task.scenario),
        "updated_at": _instant(task.updated_at, task.scenario),
    }
    if task.status == SUCCEED:
        view["task_result"] = result_of(task)
        view["final_unit_deduction"] = deduction_of(task)
        view["watermark_info"] = {"enabled": False}
    elif task.status == FAILED:
        view["task_result"] = {}
        view["final_unit_deduction"] = "0"
    return view


def callback_body(task: Task, *, request_id: str) -> dict[str, Any]:
    """What is called back: the bare task object, unless the scenario spoils it."""
    view = task_view(task)
    view.pop("watermark_info", None)  # queries only
    if task.scenario.has(Name.OTHER_ID):
        view["task_id"] = task.other_id
    if task.scenario.has(Name.THIN_CALLBACK) and "task_result" in view:
        view["task_result"] = _thin(view["task_result"])
    if task.scenario.has(Name.ENVELOPED):
        return envelope(view, request_id=request_id, scenario=task.scenario)
    return view


def costs_view() -> dict[str, Any]:
    """`data` of the account query: wrapped a second time, with `msg` instead of `message`.

    Source: reference: Kling API, account usage page, as of 2026-09. The pack is invented.
    """
    pack = {
        "resource_pack_name": "Emulated pack",
        "resource_pack_id": "509f3fd3d4f4a3fe7c5b2d6a",
        "resource_pack_type": "decreasing_total",
        "total_quantity": 1000.0,
        "remaining_quantity": 900.0,
        "purchase_time": 1_795_500_000_000,
        "effective_time": 1_795_500_000_000,
        "invalid_time": 1_827_036_000_000,
        "status": "online",
    }
    return {"code": 0, "msg": "success", "resource_pack_subscribe_infos": [pack]}


def _thin(result: dict[str, Any]) -> dict[str, Any]:
    """Only what the callback page lists: images and videos."""
    return {kind: result[kind] for kind in ("images", "videos") if kind in result}


def _info(task: Task) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if task.operation.has_parent:
        info["parent_video"] = {"id": task.parent_id, "url": task.parent_url, "duration": "5.041"}
    if task.external_id is not None:
        info["external_task_id"] = task.external_id
    return info


def _word(status: str, scenario: Scenario) -> str:
    return status.upper() if scenario.has(Name.UPPER_CASE) else status


def _instant(ms: int, scenario: Scenario) -> int:
    return ms // 1000 if scenario.has(Name.SECONDS) else ms
