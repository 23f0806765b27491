"""The bodies of webhooks as shapes, for the `webhooks` of the OpenAPI document.

They are made by tracker/domain/bodies.py; tests/support/sink.py compares
the two wherever a test receives an event.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from tracker.domain.delivery import EndpointState
from tracker.domain.event_types import EventType
from tracker.domain.events import EventKind, Source
from tracker.domain.task import TaskState
from tracker.web.api.views import EXACT, OPEN, Instant, KeptFile, TaskView, Uuid


@with_config(OPEN)
class EventTask(TypedDict):
    """A task as an event shows it: these fields, and with payload `full` all fields of Task."""

    id: Uuid
    external_task_id: str
    provider: str
    operation: str
    state: TaskState
    version: int
    """Compare it to tell an older event from a newer one."""
    overdue: bool


EventTransition = TypedDict(  # `from` is no name for a class body
    "EventTransition",
    {
        "version": int,
        "from": TaskState | None,
        "to": TaskState,
        "kind": EventKind,
        "source": Source,
        "message": str | None,
        "provider_at": Annotated[
            Instant | None, Field(description="When, by the provider's clock.")
        ],
        "at": Annotated[Instant, Field(description="When, by ours.")],
    },
)
EventTransition.__doc__ = "The change of a task that an event tells."
with_config(EXACT)(EventTransition)


@with_config(EXACT)
class TaskEventData(TypedDict):
    """A task after a change."""

    task: TaskView | EventTask
    transition: NotRequired[EventTransition]
    """Absent with payload `thin`."""


@with_config(EXACT)
class AssetEventData(TaskEventData):
    """A task, and the file of its result that the event is about."""

    asset: KeptFile


@with_config(EXACT)
class EventEndpoint(TypedDict):
    """An endpoint after a change of its state."""

    id: Uuid
    url: str
    state: EndpointState
    reason: str | None
    failing_since: Instant | None


@with_config(EXACT)
class EndpointEventData(TypedDict):
    """The endpoint that an event is about."""

    endpoint: EventEndpoint


@with_config(EXACT)
class AccountEventData(TypedDict):
    """The account at a provider that an event is about."""

    provider: str
    account: str
    reason: str


@with_config(EXACT)
class _Event(TypedDict):
    """Fields that every event has."""

    type: str
    version: Literal[1]
    """Of the body's shape. Fields may be added within it: ignore what you do not know."""
    timestamp: Instant
    """When it happened; the header `webhook-timestamp` is when this attempt was made."""


@with_config(EXACT)
class TaskEvent(_Event):
    """A change of a task."""

    data: TaskEventData


@with_config(EXACT)
class AssetEvent(_Event):
    """A file of a task's result is kept, or lost."""

    data: AssetEventData


@with_config(EXACT)
class EndpointEvent(_Event):
    """Something happened to an endpoint, or somebody asked for a test."""

    data: EndpointEventData


@with_config(EXACT)
class AccountEvent(_Event):
    """Something is wrong with an account at a provider."""

    data: AccountEventData


EVENTS: Mapping[EventType, tuple[Any, str]] = {
    EventType.TASK_SUBMITTED: (TaskEvent, "The provider has the task"),
    EventType.TASK_RUNNING: (TaskEvent, "The provider works on the task"),
    EventType.TASK_SUCCEEDED: (TaskEvent, "The task succeeded"),
    EventType.TASK_CORRECTED: (TaskEvent, "Receipts of the task are read otherwise than they were"),
    EventType.TASK_UPDATED: (TaskEvent, "The task has a stage, a result or a bill that it had not"),
    EventType.TASK_FAILED: (TaskEvent, "The task failed"),
    EventType.TASK_CANCELLED: (TaskEvent, "The task was cancelled"),
    EventType.TASK_OVERDUE: (TaskEvent, "The task is past its deadline and still open"),
    EventType.TASK_EXPIRED: (TaskEvent, "Nobody can tell any more how the task ended"),
    EventType.ASSET_KEPT: (AssetEvent, "A file of the task's result is in our custody"),
    EventType.ASSET_LOST: (AssetEvent, "A file of the task's result is not kept"),
    EventType.CALLBACKS_DEGRADED: (AccountEvent, "The callbacks of an account stay away"),
    EventType.ENDPOINT_PAUSED: (EndpointEvent, "An endpoint failed for long and is paused"),
    EventType.ENDPOINT_DISABLED: (EndpointEvent, "An endpoint answered 410"),
    EventType.ENDPOINT_TEST: (EndpointEvent, "Somebody asked for a test"),
}
"""Each type of event: the shape of its body, and one sentence on when it is sent."""
