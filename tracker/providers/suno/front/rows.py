"""Tasks as gateways of new-api's kind show them, in both spellings at once.

A client of either spelling reads the same answer (github.com/QuantumNous/new-api: `task_id`;
github.com/Foodie05/dart_suno: `taskId`; 2026-11).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import reason_of
from tracker.providers.suno.front.songs import clip_view, lyrics_view, songs_of

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


def is_lyrics(task: Task) -> bool:
    """Tell whether a task makes lyrics and no song."""
    return task.operation.endswith("lyrics")


def row_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task; clients wait for the progress `100%`, then read the status."""
    reason = reason_of(task)
    times = {
        "submit_time": _seconds(task.created_at),
        "start_time": _seconds(task.submitted_at),
        "finish_time": _seconds(task.finished_at),
    }
    data = (
        lyrics_view(task)
        if is_lyrics(task)
        else [clip_view(task, song, input_) for song in songs_of(task)]
    )
    name = str(task.id)
    return {
        "task_id": name,
        "taskId": name,
        "platform": "suno",
        "action": "LYRICS" if is_lyrics(task) else "MUSIC",
        "status": _WORDS[task.state],
        "fail_reason": reason or "",
        "failReason": reason,
        "progress": _progress(task),
        **times,
        "submitTime": times["submit_time"],
        "startTime": times["start_time"],
        "finishTime": times["finish_time"],
        "data": data,
    }


def _progress(task: Task) -> str:
    if task.state in TERMINAL:
        return "100%"
    if task.state is not TaskState.RUNNING:
        return "0%"
    return f"{min(int(task.progress or 50), 99)}%"


def _seconds(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp())
