"""The result of one try to submit, as a row of the ledger and as events of its task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json

from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.outcome import (
    Accepted,
    Deferred,
    NotSent,
    Refused,
    SubmitOutcome,
    Unknown,
    get_certainty,
)
from tracker.domain.task import Task, TaskError
from tracker.store.attempts import Attempt
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job

LARGE = 256 * 1024
"""Bytes of an input that the event loop reads and builds a request of itself; more, a thread."""


class AttemptInput:
    """The input of a try. A large one is held until it has been read, and no longer."""

    def __init__(self, body: bytes) -> None:
        """body: as it is kept."""
        self.is_large = len(body) > LARGE
        self._body: bytes | None = body

    def read(self) -> Any:
        """Return the input; of a large one, once."""
        body = self.left or b"{}"
        if self.is_large:
            self._body = None
        return read_input(body)

    @property
    def left(self) -> bytes | None:
        """Return it as it is kept; None for a large one that has been read."""
        return self._body


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A try whose attempt row is committed; nothing was sent before that."""

    task: Task
    attempt: Attempt
    input: AttemptInput
    parent: Task | None = None


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """A try that is over.

    latency_ms: of the exchange. stream: what is known of an answer that came as a stream.
    """

    job: Job
    begun: OpenAttempt
    outcome: SubmitOutcome
    answer: HttpResult | HttpFailure
    latency_ms: int
    stream: bytes = b""

    @property
    def evidence(self) -> bytes:
        """Return the bytes of the answer, or what stands for those of a stream; none: nothing."""
        if self.stream:
            return self.stream
        return self.answer.body if isinstance(self.answer, HttpResult) else b""


def read_input(body: bytes) -> Any:
    """Read a stored input. pydantic's parser, which takes a quarter of the time, knows no halves of
    surrogate pairs; older rows may have some.
    """
    try:
        return from_json(body)
    except ValueError:
        return json.loads(body)


def build_ended_attempt(item: EndedAttempt, tx: Tx) -> Attempt:
    """Return the row of the ledger, complete."""
    outcome = item.outcome
    return replace(
        item.begun.attempt,
        ended_at=tx.now,
        outcome=_find_name(outcome),
        certainty=get_certainty(outcome),
        http_status=item.answer.status if isinstance(item.answer, HttpResult) else None,
        code=getattr(outcome, "code", None),
        message=find_words(outcome),
        latency_ms=item.latency_ms,
        provider_task_id=getattr(outcome, "provider_task_id", None),
        provider_request_id=getattr(outcome, "request_id", None),
    )


_OUTCOMES: Mapping[type, str] = {
    Accepted: "accepted",
    Refused: "refused",
    Deferred: "deferred",
    NotSent: "not_sent",
    Unknown: "unknown",
}


def _find_name(outcome: SubmitOutcome) -> str:
    if isinstance(outcome, Unknown) and outcome.exists:
        return "exists"
    return _OUTCOMES[type(outcome)]


def find_words(outcome: SubmitOutcome) -> str | None:
    """Return the provider's words, or the reason why there are none."""
    match outcome:
        case NotSent(reason=reason) | Unknown(reason=reason):
            return reason
        case Refused(message=message) | Deferred(message=message) | Accepted(message=message):
            return message


def build_lost_event(attempt: int) -> Event:
    """Return the event of an attempt whose process vanished."""
    return Event(
        EventKind.SUBMIT_UNKNOWN,
        Source.SUBMIT,
        message="the process that sent it vanished before it could record the outcome",
        attempt=attempt,
    )


def build_sighting(item: EndedAttempt, accepted: Accepted) -> Event:
    """Return the event of an acceptance that came when the attempt counted as lost."""
    return Event(
        EventKind.SEEN_SUBMITTED,
        Source.SUBMIT,
        message="the answer to an attempt that was counted as lost",
        provider_status=accepted.word,
        provider_task_id=accepted.provider_task_id,
        attempt=item.begun.attempt.key,
        context=accepted.context,
    )


def build_deferral(item: EndedAttempt) -> Event:
    """Return the event of a call that was seen under way, and is to be made again."""
    return Event(
        EventKind.SUBMIT_DEFERRED,
        Source.SUBMIT,
        message=find_words(item.outcome),
        attempt=item.begun.attempt.key,
    )


def build_abandonment(item: EndedAttempt) -> Event:
    """Return the event of a task whose tries are spent."""
    reason = f"never reached the provider: {find_words(item.outcome)}"
    return Event(
        EventKind.SUBMIT_ABANDONED,
        Source.SUBMIT,
        message=reason,
        error=TaskError("never_submitted", getattr(item.outcome, "code", None), reason),
        attempt=item.begun.attempt.key,
    )


def convert_to_event(item: EndedAttempt) -> Event | None:
    """Return the outcome as an event; None when it is only a reason to try again."""
    attempt = item.begun.attempt.key
    match item.outcome:
        case Accepted() as accepted:
            return Event(
                EventKind.SUBMIT_ACCEPTED,
                Source.SUBMIT,
                provider_status=accepted.word,
                provider_task_id=accepted.provider_task_id,
                attempt=attempt,
                context=accepted.context,
                costs=accepted.costs,
            )
        case Refused() as refused:
            return _build_refused_event(refused, attempt)
        case Unknown() as unknown:
            return Event(
                EventKind.SUBMIT_UNKNOWN, Source.SUBMIT, message=unknown.reason, attempt=attempt
            )
        case Deferred(once=True) as deferred if item.job.attempts > 0:
            return _build_refused_event(deferred, attempt)
        case Deferred() | NotSent():
            return None


def _build_refused_event(outcome: Refused | Deferred, attempt: int) -> Event:
    return Event(
        EventKind.SUBMIT_REFUSED,
        Source.SUBMIT,
        message=outcome.message,
        error=TaskError("refused", outcome.code, outcome.message),
        attempt=attempt,
    )
