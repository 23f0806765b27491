"""The JSON of /v1/endpoints and /v1/deliveries: models of bodies, and renderers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from tracker.domain.delivery import DeliveryState, Endpoint, Payload
from tracker.domain.event_types import EventType
from tracker.domain.notices import EventFilter
from tracker.domain.rendering import format_instant
from tracker.services.deliver.endpoints import EndpointPatch, NewEndpoint
from tracker.store.deliveries import MadeAttempt
from tracker.web.api import delivery_views
from tracker.web.api.schemas import (
    MAX_METADATA,
    MetadataKey,
    Name,
    Scalar,
    Url,
    convert_body_to_text,
)
from tracker.web.edge.query import convert_to_utc

Told = Literal[
    "task.submitted",
    "task.running",
    "task.succeeded",
    "task.failed",
    "task.cancelled",
    "task.overdue",
    "task.updated",
    "task.corrected",
    "task.expired",
    "asset.kept",
    "asset.lost",
    "provider.callbacks_degraded",
    "endpoint.paused",
    "endpoint.disabled",
]
"""Every event type but `endpoint.test`, which no filter holds back."""
Words = Annotated[list[Name], Field(max_length=100)]
_STRICT = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class EndpointBody(BaseModel):
    """`POST /v1/endpoints`."""

    model_config = _STRICT

    url: Url
    description: Annotated[str, Field(max_length=500)] | None = None
    event_types: Annotated[list[Told], Field(max_length=20)] = []
    """Only these; empty for all."""
    providers: Words = []
    """Only tasks at these; empty for all."""
    operations: Words = []
    """Only tasks of these; empty for all."""
    metadata: dict[MetadataKey, Scalar] = Field(default={}, max_length=MAX_METADATA)
    """Only tasks whose metadata has each of these values."""
    payload: Literal["thin", "full"] = "full"
    """`thin` names the task and its state; `full` carries all of it."""
    ordered: bool = False
    """True: a task's later change waits until its earlier one was delivered or given up."""
    secret: Annotated[str, Field(max_length=128)] | None = None
    """`whsec_…`, to bring one along; without it one is made."""

    def build_endpoint(self, tenant: str) -> NewEndpoint:
        """Return the endpoint that is asked for, in the service's words."""
        return NewEndpoint(
            tenant=tenant,
            url=self.url,
            filter=EventFilter(
                frozenset(self.event_types),
                frozenset(self.providers),
                frozenset(self.operations),
                self.metadata,
            ),
            payload=Payload(self.payload),
            ordered=self.ordered,
            description=self.description,
            secret=self.secret,
        )


class EndpointChanges(BaseModel):
    """`PATCH /v1/endpoints/{id}`: what is given is replaced, what is not stays."""

    model_config = _STRICT

    url: Url = Field(default_factory=str)
    description: Annotated[str, Field(max_length=500)] | None = None
    event_types: Annotated[list[Told], Field(max_length=20)] = []
    providers: Words = []
    operations: Words = []
    metadata: dict[MetadataKey, Scalar] = Field(default={}, max_length=MAX_METADATA)
    payload: Literal["thin", "full"] = "full"
    ordered: bool = False

    def build_changes(self) -> EndpointPatch:
        """Return the changes that are asked for, in the service's words."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        filters = {_FILTERS[name]: given.pop(name) for name in _FILTERS if name in given}
        if "payload" in given:
            given["payload"] = Payload(given["payload"])
        return EndpointPatch(given, filters)


_FILTERS = {
    "event_types": "types",
    "providers": "providers",
    "operations": "operations",
    "metadata": "metadata",
}
"""Names outside → names in EventFilter."""


def _read_text(value: Any) -> Any:
    if not isinstance(value, str):  # pydantic would take seconds since 1970 as well
        raise ValueError("must be a string")  # noqa: TRY004 - pydantic heeds this one
    return value


Moment = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_read_text), AfterValidator(convert_to_utc)
]
"""RFC 3339 with an offset."""


class RedeliverBody(BaseModel):
    """`POST /v1/deliveries/redeliver`: which ones. Every field narrows."""

    model_config = _STRICT

    state: Annotated[
        list[Literal["pending", "delivered", "failed", "cancelled"]],
        Field(min_length=1, max_length=20),
    ] = ["failed", "cancelled"]
    endpoint_id: Annotated[str, Field(max_length=64)] | None = None
    task_id: Annotated[str, Field(max_length=64)] | None = None
    event: Words = []
    created_after: Moment | None = None
    created_before: Moment | None = None
    dry_run: bool = True
    """True, the default: say what would go and change nothing."""


def render_endpoint(endpoint: Endpoint) -> delivery_views.EndpointView:
    """Return an endpoint; never its secrets."""
    ends = [until for _, until in endpoint.older_secrets]
    if endpoint.old_secret is not None and endpoint.old_secret_until is not None:
        ends.append(endpoint.old_secret_until)
    rotating: datetime | None = max(ends, default=None)
    return {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": sorted(endpoint.filter.types),
        "providers": sorted(endpoint.filter.providers),
        "operations": sorted(endpoint.filter.operations),
        "metadata": dict(endpoint.filter.metadata),
        "payload": endpoint.payload,
        "ordered": endpoint.ordered,
        "state": endpoint.state,
        "state_reason": endpoint.state_reason,
        "state_at": format_instant(endpoint.state_at),
        "failing_since": format_instant(endpoint.failing_since),
        "old_secret_until": format_instant(rotating),
        "created_at": format_instant(endpoint.created_at),
        "updated_at": format_instant(endpoint.updated_at),
    }


def render_delivery_attempt(made: MadeAttempt) -> delivery_views.DeliveryAttempt:
    """Return one try to deliver, with the first bytes of the answer."""
    text, encoding = convert_body_to_text(made.answer or b"")
    return {
        "at": format_instant(made.at),
        "latency_ms": made.latency_ms,
        "status": made.status,
        "error": made.error,
        "answer": text,
        "encoding": encoding,
    }


TYPES = tuple(type_.value for type_ in EventType)
STATES = tuple(state.value for state in DeliveryState)
