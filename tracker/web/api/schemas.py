"""The JSON that goes in and out of /v1: models, and how our words become them."""

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import isfinite
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tracker.domain import rendering
from tracker.domain.choosing import find_sole_provider
from tracker.domain.custody import Asset, index_by_piece
from tracker.domain.delivery import UNENDED
from tracker.domain.lifecycle import Transition
from tracker.domain.rendering import format_instant
from tracker.domain.task import Task
from tracker.domain.validation import FieldFlaw, is_blank
from tracker.services.submit.request import Submission
from tracker.store.attempts import Attempt
from tracker.store.deliveries import Delivery
from tracker.store.feed import Change
from tracker.store.receipts import Receipt
from tracker.web.api import delivery_views, views

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
MAX_METADATA = 50
MAX_VALUE = 500


def _check_printable(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


def _check_scalar(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > MAX_VALUE:
            raise ValueError(f"at most {MAX_VALUE} characters, got {len(value)}")
        return _check_printable(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must be a finite number")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise ValueError("must be a string, a number, true, false or null")


def _check_few(value: Any) -> Any:
    # The limit itself is looked at only after every entry, of which there may be very many.
    if isinstance(value, dict) and len(value) > MAX_METADATA:
        raise ValueError(f"at most {MAX_METADATA} items, got {len(value)}")
    return value


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_check_printable)]
Scalar = Annotated[Any, AfterValidator(_check_scalar)]
Url = Annotated[str, Field(min_length=1, max_length=2048)]
"""A URL by its length alone; `egress.policy` decides where it may lead."""
MetadataKey = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_check_printable)]


Metadata = Annotated[
    dict[MetadataKey, Scalar], BeforeValidator(_check_few), Field(max_length=MAX_METADATA)
]


class SubmitBody(BaseModel):
    """`POST /v1/tasks`. provider: None for the only one that has accounts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    provider: Name | None = None
    operation: Name
    input: dict[str, Any]
    account: Name | None = None
    external_task_id: Name | None = None
    metadata: Metadata | None = None
    webhook_url: Url | None = None
    deadline_s: float | None = Field(None, ge=0.001, le=30 * 86400)

    @model_validator(mode="before")
    @classmethod
    def _drop_unset(cls, given: Any) -> Any:
        """Leave out what may be left out and is blank, as generated clients write it."""
        if not isinstance(given, dict):
            return given
        unset = {
            name
            for name, info in cls.model_fields.items()
            if not info.is_required() and is_blank(given.get(name))
        }
        return {name: one for name, one in given.items() if name not in unset}

    def build_submission(
        self,
        *,
        tenant: str,
        idempotency_key: str | None,
        accounts: Iterable[tuple[str, str]],
        submitter: int | None = None,
    ) -> Submission:
        """Return it in the service's words.

        accounts: (provider, account name) of each. Raises InvalidRequest where no provider is
        named and they leave open which.
        """
        return Submission(
            tenant=tenant,
            provider=self.provider or find_sole_provider(accounts),
            operation=self.operation,
            input=self.input,
            account=self.account,
            external_task_id=self.external_task_id,
            metadata=self.metadata,
            webhook_url=self.webhook_url,
            deadline=None if self.deadline_s is None else timedelta(seconds=self.deadline_s),
            idempotency_key=idempotency_key,
            submitter=submitter,
        )


MAX_NAMES = 500


class ResolveBody(BaseModel):
    """`POST /v1/tasks/{id}/resolve`: what a person knows of a submit of unknown outcome."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    verb: Literal["exists", "never_made", "give_up"]
    provider_task_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _has_an_id_where_it_exists(self) -> Self:
        if (self.verb == "exists") != (self.provider_task_id is not None):
            reason = "goes with the verb exists, and is needed there"
            raise FieldFlaw("provider_task_id", reason)
        return self


class QueryBody(BaseModel):
    """`POST /v1/tasks/query`. provider, account: whose external ids are meant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ids: list[Name] = Field(default=[], max_length=MAX_NAMES)
    external_task_ids: list[Name] = Field(default=[], max_length=MAX_NAMES)
    provider: Name | None = None
    account: Name | None = None

    @model_validator(mode="after")
    def _has_some(self) -> Self:
        if not 1 <= len(self.ids) + len(self.external_task_ids) <= MAX_NAMES:
            raise FieldFlaw("ids", f"name 1 to {MAX_NAMES} tasks in ids and external_task_ids")
        return self

    def is_match(self, task: Task, *, tenant: str) -> bool:
        """Return true if the task is the tenant's, of the provider and account named."""
        return (
            task.tenant == tenant
            and self.provider in (None, task.provider)
            and self.account in (None, task.account)
        )


def render_task(task: Task, assets: Sequence[Asset] = (), *, base: str = "") -> views.TaskView:
    """Return a task, whole but for its input."""
    return cast("views.TaskView", rendering.render_task(task, index_by_piece(assets), base=base))


def render_transition(seq: int, step: Transition) -> views.Transition:
    """Return one entry of a task's history."""
    return {
        "seq": seq,
        "version": step.version,
        "from": step.from_state,
        "to": step.to_state,
        "kind": step.kind,
        "source": step.source,
        "provider_status": step.provider_status,
        "message": step.message,
        "provider_at": format_instant(step.provider_at),
        "at": format_instant(step.at),
        "actor": step.actor,
        "evidence": _build_evidence(step),
    }


def render_change(change: Change) -> views.ChangeView:
    """Return one entry of the feed: a step of history and whose it is."""
    return {
        "task_id": str(change.task_id),
        "provider": change.provider,
        "account": change.account,
        "operation": change.operation,
        "external_task_id": change.external_task_id,
        **render_transition(change.seq, change.step),
    }


def render_receipt(receipt: Receipt) -> views.ReceiptView:
    """Return one piece of inbound evidence; the body as text where it is text, else in base64."""
    body, encoding = convert_body_to_text(receipt.body or b"")
    return {
        "id": str(receipt.key),
        "source": receipt.source,
        "verdict": receipt.verdict,
        "reason": receipt.reason,
        "received_at": format_instant(receipt.received_at),
        "duplicate_of": None if receipt.duplicate_of is None else str(receipt.duplicate_of),
        "headers": dict(receipt.headers or {}),
        "size_bytes": receipt.size_bytes,
        "body": body,
        "encoding": encoding,
    }


def render_attempt(attempt: Attempt) -> views.AttemptView:
    """Return one try to submit."""
    return {
        "id": str(attempt.key),
        "number": attempt.number,
        "started_at": format_instant(attempt.started_at),
        "ended_at": format_instant(attempt.ended_at),
        "outcome": attempt.outcome,
        "certainty": attempt.certainty,
        "http_status": attempt.http_status,
        "code": attempt.code,
        "message": attempt.message,
        "latency_ms": attempt.latency_ms,
        "provider_task_id": attempt.provider_task_id,
        "provider_request_id": attempt.provider_request_id,
    }


def render_delivery(owed: Delivery) -> delivery_views.DeliveryView:
    """Return one change owed to one endpoint, or to a URL that came with the task."""
    return {
        "id": str(owed.id),
        "event": owed.event,
        "endpoint_id": None if owed.endpoint_id is None else str(owed.endpoint_id),
        "url": owed.url,
        "task_id": None if owed.task_id is None else str(owed.task_id),
        "version": owed.version,
        "state": owed.state,
        "attempts": owed.attempts,
        "created_at": format_instant(owed.created_at),
        "next_attempt_at": format_instant(owed.next_at) if owed.state in UNENDED else None,
        "ended_at": format_instant(owed.ended_at),
        "last_attempt_at": format_instant(owed.last_attempt_at),
        "last_status": owed.last_status,
        "last_error": owed.last_error,
    }


def _build_evidence(step: Transition) -> views.EvidenceView | None:
    if step.receipt is not None:
        return {"type": "receipt", "id": str(step.receipt)}
    if step.attempt is not None:
        return {"type": "attempt", "id": str(step.attempt)}
    return None


def convert_body_to_text(raw: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    """Return bytes as text where they are text, else in base64."""
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), "base64"
