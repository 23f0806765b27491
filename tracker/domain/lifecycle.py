"""Every rule about how a task may move: one table and one pure function. Nothing else decides.

The diagram in docs/reference/lifecycle.md is drawn from TRANSITIONS.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from tracker.domain.cost import restate_costs
from tracker.domain.effects import Effect, derive_effects
from tracker.domain.enum_members import find_members_directly
from tracker.domain.errors import Misuse, Unavailable
from tracker.domain.events import SEEN, Event, EventKind, Source
from tracker.domain.records import record, replace_fields
from tracker.domain.task import (
    KNOWN_TO_PROVIDER,
    VERDICTS,
    Awaits,
    FollowUp,
    Task,
    TaskState,
    compute_shape,
    is_more_complete,
)
from tracker.domain.task_moves import move_task

S, K = TaskState, EventKind


@find_members_directly
class Verdict(StrEnum):
    """The result of applying an event, or of processing the receipt that carried it."""

    ADVANCED = "advanced"
    """It made a transition."""
    DUPLICATE = "duplicate"
    """It says what we already knew."""
    STALE = "stale"
    """It says what was true earlier."""
    CONFLICT = "conflict"
    """It contradicts a verdict: for a human."""
    UNKNOWN_STATUS = "unknown_status"
    """Its status word means nothing to us."""
    UNCONFIRMED = "unconfirmed"
    """It brings a verdict, and the provider is asked before that counts."""
    # The rest are reached before any task is asked; `reception` gives them.
    FORGED = "forged"
    MALFORMED = "malformed"
    MISMATCH = "mismatch"
    """Its ids name different tasks."""
    UNKNOWN_TASK = "unknown_task"


QUARANTINED = frozenset({Verdict.FORGED, Verdict.MALFORMED, Verdict.MISMATCH, Verdict.UNKNOWN_TASK})
"""Receipts with these verdicts were applied to nothing and wait for a human."""

_VERDICT: Mapping[EventKind, TaskState] = {
    K.SEEN_SUCCEEDED: S.SUCCEEDED,
    K.SEEN_FAILED: S.FAILED,
    K.SEEN_CANCELLED: S.CANCELLED,
}
# A callback may overtake the answer to our own submit, and observations may skip states, so
# that every state before `running` takes all of them.
_SEEN: Mapping[EventKind, TaskState] = {
    K.SEEN_SUBMITTED: S.SUBMITTED,
    K.SEEN_RUNNING: S.RUNNING,
    **_VERDICT,
}
# Only of a task that is at its provider because its own call is under way: what became of that
# call is all there is to know. Of any other these come too late.
_UNANSWERED: Mapping[EventKind, TaskState] = {
    K.SUBMIT_UNKNOWN: S.UNCERTAIN,
    K.SUBMIT_REFUSED: S.FAILED,
    K.SUBMIT_ABANDONED: S.FAILED,
    K.SUBMIT_DEFERRED: S.QUEUED,
}

TRANSITIONS: Mapping[TaskState, Mapping[EventKind, TaskState]] = MappingProxyType(
    {
        S.QUEUED: {
            K.SUBMIT_SENT: S.SUBMITTED,
            K.ANSWER_BEGUN: S.RUNNING,
            K.SUBMIT_ACCEPTED: S.SUBMITTED,
            K.SUBMIT_REFUSED: S.FAILED,
            K.SUBMIT_UNKNOWN: S.UNCERTAIN,
            K.SUBMIT_ABANDONED: S.FAILED,
            K.CANCEL_REQUESTED: S.CANCELLED,
            K.DEADLINE_PASSED: S.QUEUED,
            K.REREAD: S.QUEUED,
            **_SEEN,
        },
        S.UNCERTAIN: {
            K.SUBMIT_ACCEPTED: S.SUBMITTED,
            # Never a blind second submit: only a confirmed "never heard of it" leads back, of the
            # provider or of a person.
            K.ABSENT: S.QUEUED,
            K.RESOLVED_EXISTS: S.SUBMITTED,
            K.RESOLVED_NEVER_MADE: S.QUEUED,
            K.RESOLVED_GIVEN_UP: S.EXPIRED,
            # It is cancelled at the provider once it is found there, and here where it never was.
            K.CANCEL_ASKED: S.UNCERTAIN,
            K.CANCEL_REQUESTED: S.CANCELLED,
            K.DEADLINE_PASSED: S.UNCERTAIN,
            K.REREAD: S.UNCERTAIN,
            K.GIVEN_UP: S.EXPIRED,
            **_SEEN,
        },
        S.SUBMITTED: {
            # The answer may come after a callback: it still brings the id to poll with.
            K.SUBMIT_ACCEPTED: S.SUBMITTED,
            K.ANSWER_BEGUN: S.RUNNING,
            **_UNANSWERED,
            K.SEEN_RUNNING: S.RUNNING,
            K.CANCEL_ASKED: S.SUBMITTED,
            K.CANCEL_REFUSED: S.SUBMITTED,
            K.ABSENT: S.EXPIRED,
            K.DEADLINE_PASSED: S.SUBMITTED,
            K.REREAD: S.SUBMITTED,
            K.GIVEN_UP: S.EXPIRED,
            **_VERDICT,
        },
        S.RUNNING: {
            K.SUBMIT_ACCEPTED: S.RUNNING,
            **_UNANSWERED,
            K.SEEN_RUNNING: S.RUNNING,  # only when progress grew
            K.NEWS: S.RUNNING,
            K.CANCEL_ASKED: S.RUNNING,
            K.CANCEL_REFUSED: S.RUNNING,
            K.ABSENT: S.EXPIRED,
            K.DEADLINE_PASSED: S.RUNNING,
            K.REREAD: S.RUNNING,
            K.GIVEN_UP: S.EXPIRED,
            **_VERDICT,
        },
        # A verdict stays; what a success left out may be completed.
        S.SUCCEEDED: {
            K.RESULT_COMPLETED: S.SUCCEEDED,
            K.COSTS_CHANGED: S.SUCCEEDED,
            K.ASSET_KEPT: S.SUCCEEDED,
            K.ASSET_LOST: S.SUCCEEDED,
            K.REREAD: S.SUCCEEDED,
        },
        # Only where the failure is doubtful: it is taken back, or it turns out to be certain.
        S.FAILED: {
            K.SEEN_SUCCEEDED: S.SUCCEEDED,
            K.SEEN_FAILED: S.FAILED,
            K.COSTS_CHANGED: S.FAILED,
            K.ASSET_KEPT: S.FAILED,  # its answer may hold files that say why
            K.ASSET_LOST: S.FAILED,
            K.REREAD: S.FAILED,
        },
        S.CANCELLED: {K.COSTS_CHANGED: S.CANCELLED, K.REREAD: S.CANCELLED},
        # Our own ignorance yields to the provider's verdict.
        S.EXPIRED: {K.REREAD: S.EXPIRED, **_VERDICT},
    }
)

# Every callback looks at these, and in Python 3.11 a member of an enum takes long to get at.
_FAILED, _SUCCEEDED, _RUNNING = S.FAILED, S.SUCCEEDED, S.RUNNING
_CREATED, _SEEN_RUNNING = K.CREATED, K.SEEN_RUNNING
_SEEN_SUCCEEDED, _RESULT_COMPLETED = K.SEEN_SUCCEEDED, K.RESULT_COMPLETED
_ADVANCED = Verdict.ADVANCED
_ANSWER = Awaits.ANSWER
_OF_CALL = frozenset({*_UNANSWERED, K.SUBMIT_SENT, K.ANSWER_BEGUN})

_RANK: Mapping[TaskState, int] = {
    S.QUEUED: 0,
    S.UNCERTAIN: 0,
    S.SUBMITTED: 1,
    S.RUNNING: 2,
    S.EXPIRED: 3,
    S.SUCCEEDED: 3,
    S.FAILED: 3,
    S.CANCELLED: 3,
}


@record
class Transition:
    """One accepted event, as history keeps it.

    version: the task's version after it.
    from_state: None for the first one.
    actor: who did it, where a person or a program with a key did.
    """

    version: int
    from_state: TaskState | None
    to_state: TaskState
    kind: EventKind
    source: Source
    provider_status: str | None
    message: str | None
    provider_at: datetime | None
    at: datetime
    receipt: int | None
    attempt: int | None
    actor: str | None = None


@record
class Step:
    """The result of applying one event.

    task:       the task after it; the very same object when nothing moved.
    transition: None unless the verdict is ADVANCED.
    """

    task: Task
    verdict: Verdict
    transition: Transition | None = None
    effects: tuple[Effect, ...] = ()


def create_task(task: Task) -> Step:
    """Return the first step of a new task: `queued`, version 1."""
    if task.state is not S.QUEUED or task.version != 1:
        raise Misuse(f"a new task is queued at version 1, not {task.state} at {task.version}")
    again = None if task.resubmit_of is None else f"submits {task.resubmit_of} again"
    event = Event(K.CREATED, Source.CLIENT, message=again)
    first = _make_transition(task, event, from_state=None, now=task.created_at)
    return Step(task, Verdict.ADVANCED, first, (Effect.SUBMIT,))


def adopt_task(task: Task, source: Source = Source.CALLBACK) -> Step:
    """Return the first step of a task that is found at the provider: `submitted`, version 1."""
    if task.state is not S.SUBMITTED or task.version != 1:
        raise Misuse(f"an adopted task is submitted at version 1, not {task.state}")
    event = Event(K.CREATED, source)
    first = _make_transition(task, event, from_state=None, now=task.created_at)
    return Step(task, Verdict.ADVANCED, first, (Effect.NOTIFY,))


def begin_part(task: Task, attempt: int) -> Step:
    """Return the first step of a task that another task's create made as well: `submitted`."""
    event = Event(K.CREATED, Source.SUBMIT, provider_task_id=task.provider_task_id, attempt=attempt)
    first = _make_transition(task, event, from_state=None, now=task.created_at)
    return Step(task, Verdict.ADVANCED, first, (Effect.RECONCILE, Effect.NOTIFY))


def apply(task: Task, event: Event, *, now: datetime) -> Step:
    """Apply one event: one step. Pure: equal arguments give an equal step.

    now: aware UTC; becomes `updated_at`.
    Raises Misuse for EventKind.CREATED, which is not something that happens to an existing task;
    Unavailable for a task in a state of a later release, which only that may change.
    """
    if event.kind is _CREATED:
        raise Misuse("CREATED is the first transition, which `create_task` makes")
    kind = _find_kind_of_news(task, event)
    if kind is not event.kind:
        event = replace_fields(event, kind=kind)
    known = TRANSITIONS.get(task.state)
    if known is None:
        # Whoever sends it must send it again: to a process of that release, or to a later one.
        raise Unavailable(f"the task is {task.state.value!r}, a state of a later release")
    target = known.get(kind)
    if target is None or (target is task.state and not _is_news(task, event)):
        return Step(task, _judge_ignored(task, event))
    if task.state is _FAILED and target is _SUCCEEDED and not _is_doubtful(task):
        return Step(task, _judge_ignored(task, event))
    if kind in _OF_CALL and _is_too_late(task, kind):
        return Step(task, _judge_ignored(task, event))
    after = move_task(task, event, target, now=now)
    return Step(
        after,
        _ADVANCED,
        _make_transition(after, event, from_state=task.state, now=now),
        derive_effects(task, after, event.kind),
    )


def fold(history: Iterable[Transition]) -> TaskState:
    """Return the state that a history leads to.

    Raises Misuse when versions have a gap or a transition does not start where the last ended.
    """
    state: TaskState | None = None
    for version, step in enumerate(history, start=1):
        if step.version != version or step.from_state is not state:
            raise Misuse(
                f"history breaks at version {step.version}: {step.from_state} after {state}"
            )
        state = step.to_state
    if state is None:
        raise Misuse("an empty history")
    return state


def _find_kind_of_news(task: Task, event: Event) -> EventKind:
    """Return what a statement that leaves the state as it is brings, if it brings something."""
    kind, state = event.kind, task.state
    if kind is _SEEN_RUNNING:
        return K.NEWS if state is _RUNNING and _has_news(task, event) else kind
    if state not in VERDICTS or _VERDICT.get(kind) is not state:
        return kind
    if kind is _SEEN_SUCCEEDED and _may_complete(task, event):
        return _RESULT_COMPLETED
    return K.COSTS_CHANGED if restate_costs(task.costs, event.costs) != task.costs else kind


def _is_too_late(task: Task, kind: EventKind) -> bool:
    """Return whether something else has told of a task while its own call was under way."""
    if kind in _UNANSWERED:
        return task.state in KNOWN_TO_PROVIDER and task.awaits is not _ANSWER
    return task.awaits is not None and task.awaits is not _ANSWER


def _has_news(task: Task, event: Event) -> bool:
    if event.stage is not None and event.stage != task.stage:
        return True
    if event.is_blocked is not (task.blocked_at is not None):
        return True
    return bool(event.artifacts) and compute_shape(event.artifacts) != compute_shape(task.artifacts)


def _is_corrected(task: Task, event: Event) -> bool:
    """Return whether an event says anything of a task otherwise than it is known."""
    may_have_failed = task.state in (S.FAILED, S.EXPIRED)
    return (
        (bool(event.artifacts) and event.artifacts != task.artifacts)
        or restate_costs(task.costs, event.costs) != task.costs
        or (event.detail is not None and event.detail != task.detail)
        or event.message != task.message
        or (may_have_failed and event.error is not None and event.error != task.error)
    )


def _is_doubtful(task: Task) -> bool:
    return task.error is not None and task.error.doubtful


def _is_news(task: Task, event: Event) -> bool:
    """Return whether an event that does not change the state changes the task all the same."""
    match event.kind:
        case K.SEEN_RUNNING:
            return event.progress is not None and event.progress > (task.progress or 0)
        case K.SUBMIT_ACCEPTED:
            # A callback that overtook the answer knew the id, and not what later calls need.
            return (
                task.awaits is _ANSWER
                or event.provider_task_id not in (None, task.provider_task_id)
                or (event.context is not None and event.context != task.context)
            )
        case K.SEEN_FAILED:
            return _is_doubtful(task) and event.error is not None and not event.error.doubtful
        case K.DEADLINE_PASSED:
            return not task.overdue
        case K.RESULT_COMPLETED:
            return _may_complete(task, event)
        case K.NEWS:
            return _has_news(task, event)
        case K.COSTS_CHANGED:
            return restate_costs(task.costs, event.costs) != task.costs
        case K.CANCEL_ASKED:
            return task.cancel_asked_at is None
        case K.CANCEL_REFUSED:
            return task.cancel_asked_at is not None
        case K.REREAD:
            return _is_corrected(task, event)
        case K.ASSET_KEPT | K.ASSET_LOST:
            return True
        case _:
            return False


def _may_complete(task: Task, event: Event) -> bool:
    return task.follow_up is FollowUp.NO_RESULT and is_more_complete(
        task.artifacts, event.artifacts
    )


def _judge_ignored(task: Task, event: Event) -> Verdict:
    if event.kind is K.SEEN_UNKNOWN_WORD:
        return Verdict.UNKNOWN_STATUS
    verdict = _VERDICT.get(event.kind)
    if verdict is not None:
        return Verdict.DUPLICATE if verdict is task.state else Verdict.CONFLICT
    if event.kind in SEEN and _RANK[_SEEN[event.kind]] == _RANK[task.state]:
        return Verdict.DUPLICATE
    return Verdict.STALE


def _make_transition(
    after: Task, event: Event, *, from_state: TaskState | None, now: datetime
) -> Transition:
    return Transition(
        after.version,
        from_state,
        after.state,
        event.kind,
        event.source,
        event.provider_status,
        event.message,
        event.provider_at,
        now,
        event.receipt,
        event.attempt,
        event.actor,
    )
