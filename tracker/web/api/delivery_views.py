"""Shapes of endpoints and deliveries; see `views`."""

from typing import Any, Literal

from pydantic import with_config
from typing_extensions import TypedDict

from tracker.domain.delivery import DeliveryState, EndpointState, Payload
from tracker.web.api.views import EXACT, Instant, Uuid


@with_config(EXACT)
class DeliveryView(TypedDict):
    """One change owed to one endpoint, or to a URL that came with the task."""

    id: Uuid
    """The `webhook-id`: the same on every attempt."""
    event: str
    """The event type, e.g. `task.succeeded`."""
    endpoint_id: Uuid | None
    """Null for a URL that came with the task."""
    url: str
    task_id: Uuid | None
    """Null for what is not about a task."""
    version: int | None
    """The task's version that it tells of."""
    state: DeliveryState
    attempts: int
    created_at: Instant
    next_attempt_at: Instant | None
    ended_at: Instant | None
    last_attempt_at: Instant | None
    last_status: int | None
    last_error: str | None


@with_config(EXACT)
class DeliveryPage(TypedDict):
    """A page of deliveries."""

    deliveries: list[DeliveryView]
    next_cursor: str | None


@with_config(EXACT)
class DeliveryAttempt(TypedDict):
    """One try to deliver."""

    at: Instant
    latency_ms: int
    status: int | None
    """The answer's; null when no answer came, and then `error` says why."""
    error: str | None
    answer: str
    """The answer's first bytes."""
    encoding: Literal["utf-8", "base64"]
    """How `answer` is written."""


@with_config(EXACT)
class WholeDelivery(TypedDict):
    """A delivery with its bytes and every attempt."""

    delivery: DeliveryView
    body: str
    """The body that every attempt sends."""
    attempts: list[DeliveryAttempt]
    """Oldest first."""


@with_config(EXACT)
class DeliveryReference(TypedDict):
    """Where to follow it: `/v1/deliveries/{delivery_id}`."""

    delivery_id: Uuid


@with_config(EXACT)
class Redelivered(TypedDict):
    """The result of a redelivery by filter, or its preview."""

    dry_run: bool
    matching: int
    """How many matched that have somewhere to go."""
    by_event: dict[str, int]
    sample: list[Uuid]
    """Some of them, the newest first."""
    redelivered: int
    """How many are owed once more; 0 in a dry run."""


@with_config(EXACT)
class EndpointView(TypedDict):
    """Where a subscriber is told."""

    id: Uuid
    url: str
    description: str | None
    event_types: list[str]
    """Empty for all; so are the other filters."""
    providers: list[str]
    operations: list[str]
    metadata: dict[str, Any]
    payload: Payload
    ordered: bool
    state: EndpointState
    state_reason: str | None
    state_at: Instant
    failing_since: Instant | None
    """When it began to give nothing but failures; null while it answers."""
    old_secret_until: Instant | None
    """Until then a secret before signs as well; each of several until its own end."""
    created_at: Instant
    updated_at: Instant


@with_config(EXACT)
class EndpointWithSecret(EndpointView):
    """An endpoint whose secret has just been made: shown this once."""

    secret: str
    """`whsec_…`; verify with any Standard Webhooks library."""


@with_config(EXACT)
class EndpointPage(TypedDict):
    """A page of endpoints."""

    endpoints: list[EndpointView]
    next_cursor: str | None


@with_config(EXACT)
class DeliveryList(TypedDict):
    """The deliveries of a task."""

    deliveries: list[DeliveryView]
