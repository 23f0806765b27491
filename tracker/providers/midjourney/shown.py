"""Our tasks as a Midjourney proxy would show them: words, codes of refusals, the task object."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.decimal_names import encode_decimal_name
from tracker.domain.task import TERMINAL, ArtifactState, Task, TaskState
from tracker.providers.midjourney.task_object import MODAL
from tracker.providers.ports.front_call import Fault

WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "NOT_START",
        TaskState.UNCERTAIN: "SUBMITTED",
        TaskState.SUBMITTED: "SUBMITTED",
        TaskState.RUNNING: "IN_PROGRESS",
        TaskState.SUCCEEDED: "SUCCESS",
        TaskState.FAILED: "FAILURE",
        TaskState.CANCELLED: "FAILURE",
        TaskState.EXPIRED: "FAILURE",
    }
)
FAULTS: Mapping[Fault, tuple[int, int]] = MappingProxyType(
    {
        Fault.UNREADABLE: (400, 4),
        Fault.MEDIA_TYPE: (415, 4),
        Fault.ENCODING: (415, 4),
        Fault.TOO_LARGE: (413, 4),
        Fault.TOO_SLOW: (408, 4),
        Fault.INVALID: (400, 4),
        Fault.NO_ROUTE: (404, 4),
        Fault.WRONG_METHOD: (405, 4),
        Fault.NOT_SERVED: (404, 3),
        # Licoy's client polls for ever on an answer that is no JSON, or null.
        Fault.NOT_FOUND: (400, 4),
        Fault.CONFLICT: (400, 4),
        Fault.BUSY: (409, 9),
        Fault.NO_KEY: (401, 4),
        Fault.BAD_KEY: (401, 4),
        Fault.EXPIRED_KEY: (401, 4),
        Fault.EARLY_KEY: (401, 4),
        Fault.FORBIDDEN: (403, 4),
        Fault.NO_MONEY: (402, 4),
        Fault.RATE_LIMITED: (429, 23),
        Fault.UNAVAILABLE: (503, 9),
        Fault.PROVIDER_UNKNOWN: (502, 9),
        Fault.INTERNAL: (500, 9),
    }
)
"""HTTP status and code of each refusal."""
_ACTIONS = {
    "edits": "EDIT",
    "insight-face/swap": "SWAP_FACE",
    "simple-change": "CHANGE",
}
_CANCELLED = "取消任务"


def is_window(task: Task) -> bool:
    """Tell whether a task waits for a call of `modal`."""
    return task.state is TaskState.RUNNING and task.provider_status == MODAL


def build_task_object(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of a task. input_: what it was made from."""
    detail = task.detail or {}
    prompt = _format_text(input_.get("prompt"))
    pictures = _list_urls(task, "image")
    videos = _list_urls(task, "video")
    action = detail.get("action") or _find_action(task, input_)
    return {
        "id": encode_decimal_name(task.key),
        "action": action,
        "status": MODAL if is_window(task) else WORDS[task.state],
        "progress": _format_progress(task),
        "prompt": prompt,
        "promptEn": detail.get("promptEn") or prompt,
        "description": detail.get("description") or f"/{action.lower()} {prompt}".strip(),
        "state": _format_text(input_.get("state")),
        "submitTime": _format_instant(task.created_at),
        "startTime": _format_instant(task.submitted_at),
        "finishTime": _format_instant(task.finished_at),
        "imageUrl": pictures[0] if pictures else detail.get("imageUrl") or "",
        "imageUrls": [{"url": url} for url in pictures[1:]],
        "videoUrl": videos[0] if videos else "",
        "videoUrls": [{"url": url} for url in videos],
        "failReason": _find_reason(task),
        "buttons": detail.get("buttons") or [],
        "properties": {
            "finalPrompt": detail.get("finalPrompt") or "",
            "finalZhPrompt": "",
            "notifyHook": task.callback_url or "",
        },
    }


def _find_action(task: Task, input_: Mapping[str, Any]) -> str:
    """Return the action that a create asked for, until the proxy names it."""
    if task.operation == "change":
        return str(input_.get("action") or "VARIATION")
    return _ACTIONS.get(task.operation, task.operation.upper())


def _format_progress(task: Task) -> str:
    if task.state in TERMINAL:
        return "100%"
    return f"{int(task.progress or 0)}%"


def _list_urls(task: Task, kind: str) -> list[str]:
    """Return the URLs of a task's pieces of a kind; of a task that failed none."""
    if task.state in TERMINAL and task.state is not TaskState.SUCCEEDED:
        return []
    states = (ArtifactState.READY, ArtifactState.PREVIEW)
    return [
        one.url for one in task.artifacts if one.kind == kind and one.state in states and one.url
    ]


def _find_reason(task: Task) -> str:
    """Return why a task came to nothing; empty for every other one."""
    if task.state is TaskState.CANCELLED:
        return _CANCELLED
    if WORDS[task.state] != "FAILURE":
        return ""
    return (task.error.message if task.error else task.message) or task.state.value


def _format_instant(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)


def _format_text(value: Any) -> str:
    return value if isinstance(value, str) else ""
