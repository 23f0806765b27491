"""The bytes of a delivery: version 1 of the shape in docs/reference/webhooks.md. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.domain.custody import Asset, Assets
from tracker.domain.delivery import Endpoint, Payload
from tracker.domain.event_types import EventType
from tracker.domain.lifecycle import Transition
from tracker.domain.records import record
from tracker.domain.rendering import format_instant, render_asset, render_task
from tracker.domain.task import Task


@record
class Files:
    """The files that we keep of a task's result.

    base:  begins the URLs of assets.
    about: the asset that a change is about; None for most changes.
    """

    assets: Assets
    base: str = ""
    about: Asset | None = None


NO_FILES = Files({})
VERSION = 1
"""Of the body's shape. Fields may be added within it; receivers ignore what they do not know."""
STEP = ("version", "from", "to", "kind", "source", "message", "provider_at", "at")
"""The fields of `data.transition`."""
_THIN = ("id", "external_task_id", "provider", "operation", "state", "version", "overdue")


def build_task_body(
    type_: EventType, task: Task, step: Transition, payload: Payload, files: Files
) -> bytes:
    """Return a change of a task.

    task: as it was after the change.
    """
    whole = render_task(task, files.assets, base=files.base)
    about = {} if files.about is None else {"asset": render_asset(files.about, base=files.base)}
    if payload is Payload.THIN:
        thin = {"task": {name: whole[name] for name in _THIN}}
        return build_event_body(type_, step.at, thin | about)
    made = {
        "version": step.version,
        "from": step.from_state and step.from_state.value,
        "to": step.to_state.value,
        "kind": step.kind.value,
        "source": step.source.value,
        "message": step.message,
        "provider_at": format_instant(step.provider_at),
        "at": format_instant(step.at),
    }
    return build_event_body(type_, step.at, {"task": whole, "transition": made} | about)


def build_endpoint_body(type_: EventType, endpoint: Endpoint, at: datetime) -> bytes:
    """Return something that happened to an endpoint."""
    said = {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "state": endpoint.state.value,
        "reason": endpoint.state_reason,
        "failing_since": format_instant(endpoint.failing_since),
    }
    return build_event_body(type_, at, {"endpoint": said})


def build_event_body(type_: EventType, at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the envelope. ASCII: what a provider said may hold half a surrogate pair."""
    whole = {"type": type_.value, "version": VERSION, "timestamp": format_instant(at), "data": data}
    return json.dumps(whole, separators=(",", ":")).encode()
