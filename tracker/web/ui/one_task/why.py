"""One sentence: why a task is where it is, and for open ones what comes next. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.domain.lifecycle import Transition, Verdict
from tracker.domain.task import OPEN, Awaits, Task, TaskState
from tracker.domain.work import JobKind
from tracker.store.jobs import WAITING
from tracker.store.task_story import TaskHistory
from tracker.web.ui.frame.formats import is_late
from tracker.web.ui.one_task.history import find_evidence

Say = Callable[..., str]
_MOVED_NOTHING = frozenset(
    {Verdict.UNKNOWN_STATUS, Verdict.CONFLICT, Verdict.MISMATCH, Verdict.MALFORMED}
)


@dataclass(frozen=True, slots=True)
class OddEvidence:
    """Something that came in since, and moved nothing. receipt: its row key."""

    text: str
    said: str
    receipt: int


@dataclass(frozen=True, slots=True)
class Reason:
    """The sentence in parts.

    text:     what happened. said: the words that came with it, quoted after it; empty for none.
    evidence: (text, anchor) of what proves both. at: when it happened.
    next_key, next_at: the word and the time of what comes next; None or empty where nothing does,
              or nobody knows when. next_said: why nothing comes by itself; empty where it does.
    odd:      what came in since and moved nothing; None for nothing. Once the task has ended, what
              contradicts its end alone.
    """

    text: str
    said: str
    evidence: tuple[str, str]
    at: datetime
    next_key: str | None = None
    next_at: datetime | None = None
    next_said: str = ""
    odd: OddEvidence | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Facts about a task's account that its sentence needs.

    is_called_back: whether callbacks are expected.
    unfindable:     why nothing finds out what became of a lost submit; None where something may.
    slots:          that it has at once; None for no limit.
    """

    is_called_back: bool
    unfindable: str | None = None
    slots: int | None = None


def explain_state(
    story: TaskHistory,
    say: Say,
    account: AccountFacts,
    *,
    now: datetime,
) -> Reason:
    """Return why a task is where it is. account: of its account."""
    task, (_, last) = story.kept.task, story.steps[-1]
    moving = [step for _, step in story.steps if step.from_state != step.to_state]
    step = moving[-1] if moving else last
    numbers = {attempt.key: attempt.number for attempt in story.attempts}
    text, said = _describe_end(task, step, story, say)
    reason = Reason(text, said, find_evidence(step, numbers), step.at)
    if task.state is TaskState.QUEUED and story.attempts:  # it is told of, and led to no step
        latest = story.attempts[-1]
        name = f"a{latest.number}"
        reason = replace(reason, evidence=(name, name), at=latest.started_at)
    odd = _find_odd(story, step, say, _MOVED_NOTHING if task.state in OPEN else {Verdict.CONFLICT})
    if task.state not in OPEN:
        return replace(reason, odd=odd)
    if task.state is TaskState.UNCERTAIN and account.unfindable is not None:
        key, at, why = "why.next-resolve", None, account.unfindable
    elif task.awaits is Awaits.ANSWER:
        return replace(reason, odd=odd)
    elif account.slots is not None and _is_waiting_for_slot(task, story, account.slots, now):
        held = say("why.slots", held=str(story.slots_held), allowed=str(account.slots))
        key, at, why = "why.next-slot", None, held
    else:
        key, at, why = (
            *_explain_next(task, story, is_called_back=account.is_called_back, now=now),
            "",
        )
    return replace(reason, next_key=key, next_at=at, next_said=why, odd=odd)


def _is_waiting_for_slot(task: Task, story: TaskHistory, slots: int, now: datetime) -> bool:
    """Return whether a queued task is due and its account has no slot for it."""
    at = story.due.get(JobKind.SUBMIT)
    is_due = task.state is TaskState.QUEUED and at is not None and at <= now
    is_full = story.slots_held + min(task.slots, slots) > slots
    return is_due and is_full and JobKind.SUBMIT not in story.taken


def _find_odd(
    story: TaskHistory, step: Transition, say: Say, verdicts: Collection[Verdict]
) -> OddEvidence | None:
    """Return the newest thing of certain verdicts that came in after a step and moved nothing."""
    for receipt in reversed(story.receipts):
        if receipt.received_at < step.at:
            return None
        if receipt.verdict in verdicts:
            text = say("why.odd", verdict=say(f"verdict.{receipt.verdict}"))
            return OddEvidence(text, receipt.reason or "", receipt.key)
    return None


def _describe_end(task: Task, step: Transition, story: TaskHistory, say: Say) -> tuple[str, str]:
    """Return what happened and what was said of it. step: led to the state of the task."""
    if task.error is not None:
        is_own = task.error.code == task.error.type  # words for programs; the sentence says it
        code = "" if is_own else task.error.code or ""
        message = task.error.message
        said = message if not code or code in message else f"{code} {message}"
        return say(f"why.error.{task.error.type}"), said
    if task.state is TaskState.QUEUED and story.attempts:
        attempt = story.attempts[-1]
        return say(f"why.queued.{attempt.outcome or 'open'}"), attempt.message or ""
    if task.state is TaskState.QUEUED:
        put_off = "" if story.put_off == WAITING else story.put_off  # told by what comes next
        return say("why.queued"), step.message or put_off
    if task.awaits is Awaits.ANSWER:
        return say("why.under-way"), ""
    if task.blocked_at is not None:
        return say("why.blocked"), task.message or ""
    if task.cancel_asked_at is not None and task.state in OPEN:
        return say("why.cancel-asked"), ""
    return say(f"why.{task.state}"), step.message or ""


def _explain_next(
    task: Task, story: TaskHistory, *, is_called_back: bool, now: datetime
) -> tuple[str, datetime | None]:
    kind = JobKind.SUBMIT if task.state is TaskState.QUEUED else JobKind.RECONCILE
    at = story.due.get(kind)
    if at is not None and is_late(at, now) and kind not in story.taken:
        return "why.late", at
    if kind is JobKind.SUBMIT:
        is_under_way = bool(story.attempts) and story.attempts[-1].outcome is None
        return ("" if is_under_way else "why.next-try"), at
    return ("why.next-look-callbacks" if is_called_back else "why.next-look"), at
