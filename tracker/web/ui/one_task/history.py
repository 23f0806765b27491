"""The history of a task, all kinds mixed, and its marks on the axis. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.delivery import DeliveryState
from tracker.domain.events import EventKind, Source
from tracker.domain.ignored import find_unknown_word
from tracker.domain.lifecycle import Transition, Verdict
from tracker.store.attempts import Attempt
from tracker.store.deliveries import Delivery
from tracker.store.receipts import Receipt
from tracker.store.task_story import TaskHistory
from tracker.web.ui.frame.formats import format_place, shorten
from tracker.web.ui.one_task.axis import AxisMark

Say = Callable[..., str]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of the history.

    kind:     `step`, `attempt`, `receipt` or `delivery`.
    state:    of a step, the state that it led to.
    what:     what happened, in a few words; note: what was said of it.
    by:       what brought it; actor: the person who did.
    word, provider_at: the provider's own word and time.
    evidence: (text, anchor) of what proves it; empty for none.
    """

    at: datetime
    kind: str
    anchor: str
    what: str
    by: str
    actor: str = ""
    state: str = ""
    version: int | None = None
    note: str = ""
    word: str = ""
    provider_at: datetime | None = None
    evidence: tuple[str, str] = ("", "")


def build_history(story: TaskHistory, say: Say) -> list[HistoryRow]:
    """Return everything that happened to a task, oldest first."""
    numbers = {attempt.key: attempt.number for attempt in story.attempts}
    said = {attempt.key: attempt.message for attempt in story.attempts}
    entries = [_describe_step(step, numbers, said, say) for _, step in story.steps]
    entries += [_describe_attempt(one, say) for one in story.attempts]
    entries += [_describe_receipt(one, say) for one in list_quiet_receipts(story)]
    entries += [_describe_delivery(one, say) for one in story.deliveries]
    # What is of one time stands in the order in which it came about: an attempt before its step.
    order = {"attempt": 0, "receipt": 1, "step": 2, "delivery": 3}
    return sorted(entries, key=lambda one: (one.at, order[one.kind], one.version or 0))


def list_quiet_receipts(story: TaskHistory) -> list[Receipt]:
    """Return receipts that no step rests on."""
    used = {step.receipt for _, step in story.steps}
    return [receipt for receipt in story.receipts if receipt.key not in used]


def iterate_marks(story: TaskHistory, say: Say) -> Iterator[AxisMark]:
    """Yield what stands on the axis."""
    before = None
    for _, step in story.steps:
        label = say(f"state.{step.to_state}") if step.to_state != before else ""
        before = step.to_state
        yield AxisMark(step.at, "state", f"v{step.version}", step.to_state, label)
    for attempt in story.attempts:
        kind = "good" if attempt.outcome in ("accepted", "exists") else "bad"
        kind = "open" if attempt.outcome is None else kind
        label = _format_attempt(attempt, say)
        yield AxisMark(attempt.started_at, "attempt", f"a{attempt.number}", kind, label)
    for receipt in story.receipts:
        kind = "good" if receipt.verdict is Verdict.ADVANCED else "open"
        label = f"r{receipt.key}" if receipt.verdict is not Verdict.DUPLICATE else ""
        yield AxisMark(receipt.received_at, "in", f"r{receipt.key}", kind, label)
    for delivery in story.deliveries:
        at = delivery.last_attempt_at
        if at is not None:
            kind = "good" if delivery.state is DeliveryState.DELIVERED else "bad"
            yield AxisMark(at, "out", f"d{delivery.id}", kind, str(delivery.last_status or ""))


def find_evidence(step: Transition, numbers: dict[int, int]) -> tuple[str, str]:
    """Return (text, anchor) of the record that a step rests on. numbers: of attempts, by key."""
    if step.receipt is not None:
        return f"r{step.receipt}", f"r{step.receipt}"
    if step.attempt in numbers:
        number = numbers[step.attempt]
        return f"a{number}", f"a{number}"
    return "", ""


def _describe_step(
    step: Transition, numbers: dict[int, int], said: Mapping[int, str | None], say: Say
) -> HistoryRow:
    """Return the row of a step. said: by attempts, by key: the row of one tells its words."""
    told = step.attempt is not None and step.message == said.get(step.attempt)
    is_told = told or step.kind is EventKind.DEADLINE_PASSED  # which says no more than its name
    return HistoryRow(
        at=step.at,
        kind="step",
        anchor=f"v{step.version}",
        what=say(f"event.{step.kind}"),
        by=say(f"source.{step.source}"),
        actor=step.actor or "",
        state=step.to_state,
        version=step.version,
        note="" if is_told else step.message or "",
        word=step.provider_status or "",
        provider_at=step.provider_at,
        evidence=find_evidence(step, numbers),
    )


def _describe_attempt(attempt: Attempt, say: Say) -> HistoryRow:
    return HistoryRow(
        at=attempt.started_at,
        kind="attempt",
        anchor=f"a{attempt.number}",
        what=say("task.attempt", number=str(attempt.number), outcome=_format_attempt(attempt, say)),
        by=say("source.submit"),
        note=attempt.message or "",
        word=attempt.code or "",
        evidence=(f"a{attempt.number}", f"a{attempt.number}"),
    )


def _format_attempt(attempt: Attempt, say: Say) -> str:
    if attempt.outcome is None:
        return say("outcome.open")
    parts = [say(f"outcome.{attempt.outcome}")]
    if attempt.http_status is not None:
        parts.append(str(attempt.http_status))
    return " ".join(parts)


_RECEIPTS = {
    Source.SUBMIT: "task.create-answer",
    Source.POLL: "task.poll-answer",
    Source.CALLBACK: "task.callback",
}


def _describe_receipt(receipt: Receipt, say: Say) -> HistoryRow:
    what = say(_RECEIPTS[receipt.source], verdict=say(f"verdict.{receipt.verdict}"))
    is_unknown = receipt.verdict is Verdict.UNKNOWN_STATUS
    if receipt.duplicate_of is not None:
        what += f" (= r{receipt.duplicate_of})"
    return HistoryRow(
        at=receipt.received_at,
        kind="receipt",
        anchor=f"r{receipt.key}",
        what=what,
        by=say(f"source.{receipt.source}"),
        note=receipt.reason or "",
        word=find_unknown_word(receipt.reason or "") if is_unknown else "",
        evidence=(f"r{receipt.key}", f"r{receipt.key}"),
    )


def _describe_delivery(delivery: Delivery, say: Say) -> HistoryRow:
    at = delivery.ended_at or delivery.last_attempt_at or delivery.created_at
    text = say(f"delivery.{delivery.state}")
    status = f" {delivery.last_status}" if delivery.last_status is not None else ""
    to = shorten(format_place(delivery.url), 100)
    error = delivery.last_error or ""
    return HistoryRow(
        at=at,
        kind="delivery",
        anchor=f"d{delivery.id}",
        what=say("task.delivery", event=delivery.event, to=to, outcome=f"{text}{status}"),
        by=say("task.us"),
        note="" if error == f"HTTP {delivery.last_status}" else error,
        evidence=(delivery.event, f"d{delivery.id}"),
    )


def count_polls(receipts: Sequence[Receipt]) -> int:
    """Return how many answers to polls said something."""
    return sum(receipt.source is Source.POLL for receipt in receipts)
