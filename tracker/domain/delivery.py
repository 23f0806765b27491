"""Endpoints, deliveries, and the effect of an attempt on its delivery. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tracker.domain import retry
from tracker.domain.enum_members import find_members_directly
from tracker.domain.notices import EventFilter


@find_members_directly
class EndpointState(StrEnum):
    """The state of an endpoint: it gets deliveries, is paused, or is disabled."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Paused by a person or after failing for long: deliveries are recorded and wait."""
    DISABLED = "disabled"
    """It answered 410: nothing new is written down for it."""
    DELETED = "deleted"
    """Kept for the history of its deliveries; shown to nobody."""


class Payload(StrEnum):
    """How much a body tells."""

    THIN = "thin"
    """Which task, and where it stands; ask for the rest."""
    FULL = "full"
    """The task as the API shows it."""


@find_members_directly
class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    """Owed: due now or later, or on its way."""
    WAITING = "waiting"
    """Owed once an earlier change of the same task has been delivered or given up."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: the attempts are spent, or the receiver said 410."""
    CANCELLED = "cancelled"
    """Never to be sent: its endpoint was deleted, or an operator dropped it."""


UNENDED = frozenset({DeliveryState.PENDING, DeliveryState.WAITING})
GONE = 410
"""The receiver says that it will never want anything again."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a subscriber wants deliveries.

    key:              internal row number; 0 before the row exists.
    ordered:          whether a task's later change waits for its earlier one.
    failing_since:    when it began to answer nothing but failures; None while it answers.
    secret:           sealed; `old_secret` signs as well until `old_secret_until`.
    older_secrets:    sealed, each with the time until which it signs; from rotations before that
                      one, the newest first.
    """

    key: int
    id: UUID
    tenant: str
    url: str
    filter: EventFilter
    secret: bytes = field(repr=False)
    state_at: datetime
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    payload: Payload = Payload.FULL
    ordered: bool = False
    state: EndpointState = EndpointState.ACTIVE
    state_reason: str | None = None
    failing_since: datetime | None = None
    old_secret: bytes | None = field(default=None, repr=False)
    old_secret_until: datetime | None = None
    older_secrets: tuple[tuple[bytes, datetime], ...] = field(default=(), repr=False)

    def list_sealed_secrets(self, now: datetime) -> list[bytes]:
        """Return the secrets that sign now, the newest first."""
        return [self.secret, *(sealed for sealed, _ in self.list_replaced_secrets(now))]

    def list_replaced_secrets(self, now: datetime) -> list[tuple[bytes, datetime]]:
        """Return the replaced secrets that still sign, each with its end, the newest first."""
        before = [*self.older_secrets]
        if self.old_secret is not None and self.old_secret_until is not None:
            before.insert(0, (self.old_secret, self.old_secret_until))
        return [(sealed, until) for sealed, until in before if until > now]


def get_endpoint_lane(key: int) -> str:
    """Return the lane of an endpoint's deliveries."""
    return f"endpoint {key}"


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One try to deliver.

    status: the answer's; None when no answer came, and then `error` says why.
    answer: its first bytes.
    retry_after_s: what it asked for, in seconds.
    """

    at: datetime
    latency_ms: int
    status: int | None = None
    error: str | None = None
    answer: bytes | None = None
    retry_after_s: float | None = None

    @property
    def succeeded(self) -> bool:
        """Any 2xx; a redirect is a failure and is never followed."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The result of one attempt for its delivery.

    again_at: when it is tried again; None when it has ended.
    """

    state: DeliveryState
    again_at: datetime | None = None


def judge_attempt(
    attempt: AttemptResult, number: int, *, now: datetime, jitter: float
) -> DeliveryOutcome:
    """Return what becomes of a delivery after an attempt.

    number: of this attempt, counted from 1; whoever redelivers by hand starts a new count.
    jitter: fraction in [0, 1), drawn by the caller.
    """
    if attempt.succeeded:
        return DeliveryOutcome(DeliveryState.DELIVERED)
    if attempt.status == GONE:
        return DeliveryOutcome(DeliveryState.FAILED)
    again_at = retry.DELIVER.compute_next_try(
        number, now=now, jitter=jitter, retry_after_s=attempt.retry_after_s
    )
    return DeliveryOutcome(
        DeliveryState.FAILED if again_at is None else DeliveryState.PENDING, again_at
    )
