"""Which changes subscribers are told of, under which name and which id. Pure.

A notice is one such change; a delivery is a notice owed to one endpoint.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.domain.event_types import EventType
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import Transition
from tracker.domain.public_id import build_id
from tracker.domain.task import Task, TaskState

_OF_STATE: Mapping[TaskState, EventType] = {
    TaskState.SUBMITTED: EventType.TASK_SUBMITTED,
    TaskState.RUNNING: EventType.TASK_RUNNING,
    TaskState.SUCCEEDED: EventType.TASK_SUCCEEDED,
    TaskState.FAILED: EventType.TASK_FAILED,
    TaskState.CANCELLED: EventType.TASK_CANCELLED,
    TaskState.EXPIRED: EventType.TASK_EXPIRED,
}
_OF_ASSETS: Mapping[EventKind, EventType] = {
    EventKind.ASSET_KEPT: EventType.ASSET_KEPT,
    EventKind.ASSET_LOST: EventType.ASSET_LOST,
}
ASSET_TYPES = frozenset(_OF_ASSETS.values())
_VERSION_7 = 0x7 << 76 | 0x2 << 62
"""Version and variant below the time of a UUIDv7 (RFC 9562 section 5.7)."""
_RANDOM_BITS = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)
_UPDATES = frozenset({EventKind.RESULT_COMPLETED, EventKind.NEWS, EventKind.COSTS_CHANGED})
"""After these a caller need not wait any longer. `expired` too, or one who relies on being called
back would wait for ever."""


def find_event_type(
    kind: EventKind, before: TaskState | None, after: TaskState
) -> EventType | None:
    """Return the event type of a step; None when it is sent to nobody."""
    if kind is EventKind.DEADLINE_PASSED:
        return EventType.TASK_OVERDUE
    if kind in _UPDATES:
        return EventType.TASK_UPDATED
    if kind is EventKind.REREAD:
        return EventType.TASK_CORRECTED
    if kind in _OF_ASSETS:
        return _OF_ASSETS[kind]
    return None if before is after else _OF_STATE.get(after)


def choose_event_type(step: Transition) -> EventType | None:
    """Return the event type of a transition; None when it is sent to nobody."""
    return find_event_type(step.kind, step.from_state, step.to_state)


def is_progress(step: Transition) -> bool:
    """Tell whether all that a step brings is a running task's progress: subscribers skip it."""
    return step.kind is EventKind.SEEN_RUNNING and step.from_state is step.to_state


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which notices an endpoint wants. Every field narrows; an empty one does not.

    metadata: each of these keys must have this very value on the task.
    """

    types: Collection[str] = ()
    providers: Collection[str] = ()
    operations: Collection[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def is_match(self, type_: EventType, *, provider: str | None, task: Task | None) -> bool:
        """Return true if the filter lets a notice pass.

        provider: whose it is; None for one about an endpoint, which only `types` narrows.
        task:     whose it is; None for one about a provider or an endpoint.
        """
        if self.types and type_.value not in self.types:
            return False
        if provider is None:
            return True
        if self.providers and provider not in self.providers:
            return False
        if task is None:
            return not (self.operations or self.metadata)
        if self.operations and task.operation not in self.operations:
            return False
        return all(
            name in task.metadata and _is_equal(task.metadata[name], value)
            for name, value in self.metadata.items()
        )


def derive_id(at: datetime, *parts: str) -> UUID:
    """Return an id that equal parts always make: a UUIDv7 whose random bits are a digest.

    at: when it happened; ids sort by it.
    """
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    random = int.from_bytes(digest[:10], "big") & _RANDOM_BITS | _VERSION_7
    return build_id(int(at.timestamp() * 1000) << 80 | random)


def build_delivery_id(at: datetime, task: Task, endpoint: str) -> UUID:
    """Return the `webhook-id`: one per task, transition and endpoint, at whatever time.

    at:       when the transition was made.
    endpoint: its public id, or what stands for a URL that came with the task.
    """
    return derive_id(at, "delivery", str(task.id), str(task.version), endpoint)


def _is_equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal in JSON: true is not 1."""
    return type(one) is type(other) and bool(one == other)
