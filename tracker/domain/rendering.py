"""A task as JSON: the shape that the API answers with and that deliveries carry. Pure."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, overload

from tracker.domain.task import Artifact, Task


def render_task(task: Task) -> dict[str, Any]:
    """A task, whole but for its input."""
    return {
        "id": str(task.id),
        "provider": task.provider,
        "account": task.account,
        "operation": task.operation,
        "external_task_id": task.external_task_id,
        "provider_task_id": task.provider_task_id,
        "state": task.state.value,
        "version": task.version,
        "provider_status": task.provider_status,
        "message": task.message,
        "progress": task.progress,
        "stage": task.stage,
        "result": _result(task),
        "error": _error(task),
        "costs": [asdict(cost) for cost in task.costs],
        "overdue": task.overdue,
        "metadata": dict(task.metadata),
        "cancel_asked_at": instant(task.cancel_asked_at),
        "parent_id": None if task.parent_id is None else str(task.parent_id),
        "resubmit_of": None if task.resubmit_of is None else str(task.resubmit_of),
        "created_at": instant(task.created_at),
        "updated_at": instant(task.updated_at),
        "submitted_at": instant(task.submitted_at),
        "finished_at": instant(task.finished_at),
        "deadline_at": instant(task.deadline_at),
    }


@overload
def instant(when: datetime) -> str: ...
@overload
def instant(when: None) -> None: ...
@overload
def instant(when: datetime | None) -> str | None: ...
def instant(when: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    if when is None:
        return None
    if when.tzinfo is not UTC:
        when = when.astimezone(UTC)
    return f"{when.isoformat(timespec='milliseconds')[:23]}Z"


def _result(task: Task) -> dict[str, Any] | None:
    if not task.artifacts:
        return None
    return {"artifacts": [_artifact(piece) for piece in task.artifacts]}


def _artifact(piece: Artifact) -> dict[str, Any]:
    known = {
        "kind": piece.kind,
        "url": piece.url,
        "id": piece.id,
        "duration_s": piece.duration_s,
        "state": piece.state.value,
        "expires_at": instant(piece.expires_at),
    }
    return {**piece.extra, **known}


def _error(task: Task) -> dict[str, Any] | None:
    if task.error is None:
        return None
    return {"type": task.error.type, "code": task.error.code, "message": task.error.message}
