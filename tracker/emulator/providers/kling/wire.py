"""The wire shapes of the legacy dialect: error codes, envelope, task object. Pure functions.

Source: https://kling.ai/document-api (error codes, callbacks, capability pages), read 2026-09.
"""

from typing import Any

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, SUCCEED
from tracker.emulator.providers.kling.details import KlingTask, find_parent_url
from tracker.emulator.providers.kling.deviations import deform_envelope, deform_task
from tracker.emulator.providers.kling.refusals import KlingRefusal
from tracker.emulator.providers.kling.results import build_result, compute_deduction
from tracker.emulator.providers.kling.words import KlingWord

__all__ = [
    "build_callback_body",
    "build_created_view",
    "build_envelope",
    "build_error_body",
    "build_mixed_view",
    "build_plain_view",
    "build_task_view",
]


def build_envelope(data: object, *, request_id: str, scenario: Scenario) -> object:
    """Return a good answer around its data, deformed as the scenario wants it."""
    good = {"code": 0, "message": "SUCCEED", "request_id": request_id, "data": data}
    return deform_envelope(good, scenario)


def build_error_body(refusal: KlingRefusal, *, request_id: str) -> dict[str, Any]:
    """Return a bad answer; it has no data."""
    return {"code": refusal.code, "message": refusal.message, "request_id": request_id}


def build_created_view(task: KlingTask) -> dict[str, Any]:
    """`data` of a create answer: the task as it was made, whatever happened since."""
    view = {
        "task_id": task.task_id,
        "task_info": _build_info(task),
        "task_status": "submitted",
        "created_at": task.created_at,
        "updated_at": task.created_at,
    }
    return deform_task(view, task.scenario)


def build_task_view(task: KlingTask) -> dict[str, Any]:
    """`data` of a query, and one entry of a list."""
    return deform_task(build_plain_view(task), task.scenario)


def build_plain_view(task: KlingTask) -> dict[str, Any]:
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
        view["task_result"] = build_result(task)
        view["final_unit_deduction"] = compute_deduction(task)
        view["watermark_info"] = {"enabled": False}
    elif task.status == FAILED:
        view["task_result"] = {}
        view["final_unit_deduction"] = "0"
    return view


def build_mixed_view(task: KlingTask) -> dict[str, Any]:
    """Return a new-standard task as one gateway shows it, with legacy words and result."""
    view = {name: value for name, value in build_plain_view(task).items() if name != "task_info"}
    return {"id": view.pop("task_id"), "status": view.pop("task_status")} | view


def build_callback_body(task: KlingTask, *, request_id: str) -> object:
    """Return a callback's body: the bare task object, unless the scenario spoils it."""
    view = build_plain_view(task)
    view.pop("watermark_info", None)  # queries only
    if task.scenario.has(KlingWord.OTHER_ID):
        view["task_id"] = task.other_id
    if task.scenario.has(KlingWord.THIN_CALLBACK) and "task_result" in view:
        view["task_result"] = _keep_listed(view["task_result"])
    view = deform_task(view, task.scenario)
    if task.scenario.has(KlingWord.ENVELOPED):
        return build_envelope(view, request_id=request_id, scenario=task.scenario)
    return view


def _keep_listed(result: dict[str, Any]) -> dict[str, Any]:
    """Return only what the callback page lists: images and videos."""
    return {kind: result[kind] for kind in ("images", "videos") if kind in result}


def _build_info(task: KlingTask) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if task.details.operation.has_parent:
        info["parent_video"] = {
            "id": task.details.parent_id,
            "url": find_parent_url(task),
            "duration": "5.041",
        }
    if task.external_id is not None:
        info["external_task_id"] = task.external_id
    return info
