"""Our tasks in Kling's own shape: for the front's answers and for callers' callback URLs.

Made for the strictest reader: integer code and times, string ids and durations, no `data` on errors
(reference §10).
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.task import Task, TaskState
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
_PASSED_ON = ("final_unit_deduction", "final_balance_deduction", "watermark_info")
_PLURALS: Mapping[str, str] = MappingProxyType(
    {"video": "videos", "image": "images", "audio": "audios", "voice": "voices"}
)


def render_created(task: Task) -> dict[str, Any]:
    """The `data` of a create's answer: exactly the contract's five fields (design §2)."""
    return {
        "task_id": str(task.id),
        "task_info": _info(task, {}),
        "task_status": WORDS[task.state],
        "created_at": _ms(task.created_at),
        "updated_at": _ms(task.updated_at),
    }


def render_task(task: Task) -> dict[str, Any]:
    """The `data` of a query, one entry of a list, and the whole body of a callback."""
    detail = task.detail or {}
    rendered: dict[str, Any] = {
        "task_id": str(task.id),
        "task_status": WORDS[task.state],
        "task_status_msg": _message(task),
        "task_info": _info(task, detail),
        "created_at": _ms(task.created_at),
        "updated_at": _ms(task.updated_at),
    }
    if task.state is S.SUCCEEDED:
        rendered["task_result"] = _result(task, detail)
    for name in _PASSED_ON:
        if name in detail:
            rendered[name] = _strings(detail[name]) if name.startswith("final") else detail[name]
    return rendered


def envelope(data: Any, request_id: str, message: str = "SUCCEED") -> dict[str, Any]:
    """A success."""
    return {"code": 0, "message": message, "request_id": request_id, "data": data}


def error(code: int, message: str, request_id: str) -> tuple[int, dict[str, Any]]:
    """An HTTP status and an error's body, which has no `data`."""
    body = {"code": code, "message": message, "request_id": request_id}
    return CODES[code].http_status, body


def _message(task: Task) -> str:
    if task.state is S.FAILED:
        return task.error.message if task.error else task.message or ""
    if task.state in (S.CANCELLED, S.EXPIRED):
        return task.message or task.state.value
    return ""


def _info(task: Task, detail: Mapping[str, Any]) -> dict[str, Any]:
    info = detail.get("task_info")
    kept = dict(info) if isinstance(info, Mapping) else {}
    return kept | {"external_task_id": task.external_task_id}


def _result(task: Task, detail: Mapping[str, Any]) -> dict[str, Any]:
    """As the provider gave it, durations as strings; rebuilt where it gave another shape."""
    given = detail.get("task_result")
    if isinstance(given, Mapping) and given:
        return {name: _pieces(pieces) for name, pieces in given.items()}
    rebuilt: dict[str, Any] = {}
    for piece in task.artifacts:
        known = {"id": piece.id, "url": piece.url, "duration": piece.duration_s}
        said = dict(piece.extra) | {k: v for k, v in known.items() if v is not None}
        rebuilt.setdefault(_PLURALS.get(piece.kind, f"{piece.kind}s"), []).append(said)
    return rebuilt


def _pieces(pieces: Any) -> Any:
    if not isinstance(pieces, list):
        return pieces
    return [
        {k: str(v) if k == "duration" and v is not None else v for k, v in piece.items()}
        if isinstance(piece, Mapping)
        else piece
        for piece in pieces
    ]


def _strings(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _strings(item) for name, item in value.items()}
    return value if value is None or isinstance(value, str) else str(value)


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
