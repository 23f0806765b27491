"""The wire shapes of the legacy dialect: error codes, envelope, task object. Pure functions.

Source: https://kling.ai/document-api (error codes, callbacks, capability pages), read 2026-09.
"""

from typing import Any

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, SUCCEED
from tracker.emulator.providers.kling.details import KlingTask, parent_url_of
from tracker.emulator.providers.kling.deviations import deviant_envelope, deviant_task
from tracker.emulator.providers.kling.refusals import KlingRefusal
from tracker.emulator.providers.kling.results import deduction_of, result_of
from tracker.emulator.providers.kling.words import KlingWord

__all__ = [
    "callback_body",
    "created_view",
    "envelope",
    "error_body",
    "mixed_view",
    "plain_view",
    "task_view",
]


def envelope(data: object, *, request_id: str, scenario: Scenario) -> object:
    """Return a good answer around its data, deformed as the scenario wants it."""
    good = {"code": 0, "message": "SUCCEED", "request_id": request_id, "data": data}
    return deviant_envelope(good, scenario)


def error_body(refusal: KlingRefusal, *, request_id: str) -> dict[str, Any]:
    """Return a bad answer; it has no data."""
    return {"code": refusal.code, "message": refusal.message, "request_id": request_id}


def created_view(task: KlingTask) -> dict[str, Any]:
    """`data` of a create answer: the task as it was made, whatever happened since."""
    view = {
        "task_id": task.task_id,
        "task_info": _build_info(task),
        "task_status": "submitted",
        "created_at": task.created_at,
        "updated_at": task.created_at,
    }
    return deviant_task(view, task.scenario)


def task_view(task: KlingTask) -> dict[str, Any]:
    """`data` of a query, and one entry of a list."""
    return deviant_task(plain_view(task), task.scenario)


def plain_view(task: KlingTask) -> dict[str, Any]:
    """Return the task object as the provider itself writes it, whatever the scenario."""
    view = {
        "task_id": task.task_id,
        "task_status": task.status,
        "task_status_msg": task.message,
        "task_info": _build_info(task),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }
    if task.status == SUCCEED:
        view["task_result"] = result_of(task)
        view["final_unit_deduction"] = deduction_of(task)
        view["watermark_info"] = {"enabled": False}
    elif task.status == FAILED:
        view["task_result"] = {}
        view["final_unit_deduction"] = "0"
    return view


def mixed_view(task: KlingTask) -> dict[str, Any]:
    """Return a new-standard task as one gateway shows it, with legacy words and result."""
    view = {name: value for name, value in plain_view(task).items() if name != "task_info"}
    return {"id": view.pop("task_id"), "status": view.pop("task_status")} | view


def callback_body(task: KlingTask, *, request_id: str) -> object:
    """Return a callback's body: the bare task object, unless the scenario spoils it."""
    view = plain_view(task)
    view.pop("watermark_info", None)  # queries only
    if task.scenario.has(KlingWord.OTHER_ID):
        view["task_id"] = task.other_id
    if task.scenario.has(KlingWord.THIN_CALLBACK) and "task_result" in view:
        view["task_result"] = _keep_listed(view["task_result"])
    view = deviant_task(view, task.scenario)
    if task.scenario.has(KlingWord.ENVELOPED):
        return envelope(view, request_id=request_id, scenario=task.scenario)
    return view


def _keep_listed(result: dict[str, Any]) -> dict[str, Any]:
    """Return only what the callback page lists: images and videos."""
    return {kind: result[kind] for kind in ("images", "videos") if kind in result}


def _build_info(task: KlingTask) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if task.details.operation.has_parent:
        info["parent_video"] = {
            "id": task.details.parent_id,
            "url": parent_url_of(task),
            "duration": "5.041",
        }
    if task.external_id is not None:
        info["external_task_id"] = task.external_id
    return info
