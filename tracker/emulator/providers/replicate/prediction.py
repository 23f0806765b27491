"""A prediction as answers, lists and callbacks show it. Pure.

Source: https://replicate.com/docs/reference/http, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.core.words import CoreWord
from tracker.emulator.providers.replicate.words import ReplicateWord

__all__ = [
    "ABORT",
    "TOKENS",
    "ReplicateDetails",
    "ReplicateTask",
    "ReportedEvents",
    "build_prediction_view",
    "find_output",
    "format_instant",
    "format_logs",
]

_ABORTED = "aborted"
ABORT = TaskStep(after=0, status=CANCELLED, stage=_ABORTED)
"""The end at a deadline."""
TOKENS = ("A cat", " sits", " on", " a mat.")
"""The output of a model that answers texts."""
_MODERATED = "NSFW content detected. Try running it again, or try a different prompt."
_STATUSES = {
    SUBMITTED: "starting",
    PROCESSING: "processing",
    SUCCEED: "succeeded",
    FAILED: "failed",
    CANCELLED: "canceled",
}


@dataclass
class ReportedEvents:
    """The events that callbacks of a prediction have reported so far."""

    has_started: bool = False
    outputs: int = 0
    """How many pieces of output."""
    progress: int = 0
    last_at: dict[str, int] = field(default_factory=dict)
    """Event -> Unix milliseconds of its last callback."""


@dataclass(frozen=True, kw_only=True)
class ReplicateDetails:
    """The facts of a prediction that the core does not know."""

    model: str
    version: str
    input: Mapping[str, object]
    events: tuple[str, ...] | None
    """The events that were asked for; None: the default."""
    deployment: str | None = None
    deadline_seconds: float | None = None
    """From the creation; None: no deadline."""
    told: ReportedEvents = field(default_factory=ReportedEvents)


ReplicateTask = EmulatedTask[ReplicateDetails]


def build_prediction_view(task: ReplicateTask, *, is_purged: bool = False) -> dict[str, Any]:
    """Return the JSON of a prediction.

    is_purged: leaves out what is deleted some time after the end.
    """
    details = task.details
    url = f"{task.root_url}/v1/predictions/{task.task_id}"
    return _build_echoes(task) | {
        "id": task.task_id,
        "model": details.model,
        "version": details.version,
        "input": {} if is_purged else details.input,
        "logs": "" if is_purged else format_logs(task),
        "output": None if is_purged else find_output(task),
        "data_removed": is_purged,
        "error": _find_error(task),
        "status": _find_status(task),
        "source": "api",
        "created_at": format_instant(task.created_at),
        "started_at": None if task.started_at is None else format_instant(task.started_at),
        "completed_at": None if task.ended_at is None else format_instant(task.ended_at),
        "urls": {
            "get": url,
            "cancel": f"{url}/cancel",
            "web": f"https://replicate.com/p/{task.task_id}",
        },
        "metrics": _build_metrics(task),
    }


def find_output(task: ReplicateTask) -> object:
    """Return the output as far as it exists, in the form that the scenario names; else None."""
    if task.status in {FAILED, CANCELLED}:
        return None
    form = task.scenario.read_word(ReplicateWord.OUTPUT)
    if form == "tokens":
        return list(TOKENS[: len(TOKENS) * task.progress // 100]) or None
    if form == "list":
        return [build_media_url(task, name) for name in task.ready_artifacts] or None
    if task.status != SUCCEED:
        return None
    if form == "text":
        return "".join(TOKENS)
    urls = [build_media_url(task, name) for name in task.ready_artifacts]
    return {"image": urls[0], "seed": 7} if form == "object" else urls[0]


def format_logs(task: ReplicateTask) -> str:
    """Return the last line of a progress bar."""
    if task.started_at is None:
        return ""
    done = task.progress // 10
    return f"{task.progress:3d}%|{'#' * done}{' ' * (10 - done)}|\n"


def format_instant(ms: int) -> str:
    """Write Unix milliseconds as ISO 8601."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _find_status(task: ReplicateTask) -> str:
    if task.status == CANCELLED and task.stage == _ABORTED:
        return _ABORTED
    return _STATUSES.get(task.status, task.status)


def _find_error(task: ReplicateTask) -> str | None:
    if task.status != FAILED:
        return None
    return _MODERATED if task.scenario.has(CoreWord.MODERATED) else task.message


def _build_metrics(task: ReplicateTask) -> Mapping[str, float]:
    if task.ended_at is None or task.started_at is None:
        return {}
    return {
        "predict_time": (task.ended_at - task.started_at) / 1000,
        "total_time": (task.ended_at - task.created_at) / 1000,
    }


def _build_echoes(task: ReplicateTask) -> dict[str, object]:
    """Return the fields that appear only where the create named them."""
    details = task.details
    events = details.events
    deadline = details.deadline_seconds
    echoes: dict[str, object] = {
        "deployment": details.deployment,
        "deadline": None
        if deadline is None
        else format_instant(task.created_at + round(deadline * 1000)),
    }
    if not task.scenario.has(ReplicateWord.WEBHOOK_HIDDEN):
        echoes["webhook"] = task.callback_url
        echoes["webhook_events_filter"] = None if events is None else list(events)
    return {name: value for name, value in echoes.items() if value is not None}
