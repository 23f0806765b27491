"""A task as one event leaves it, field by field. `lifecycle` decides whether it may."""

from datetime import datetime

from tracker.domain.cost import Cost, is_charged, is_refund_due, restate_costs
from tracker.domain.events import OF_ASSETS, Event, EventKind
from tracker.domain.records import build_copier, replace_fields
from tracker.domain.task import (
    KNOWN_TO_PROVIDER,
    TERMINAL,
    VERDICTS,
    Artifact,
    Awaits,
    FollowUp,
    Task,
    TaskError,
    TaskState,
    is_fully_named,
)

S, K = TaskState, EventKind

# Every callback looks at these, and in Python 3.11 a member of an enum takes long to get at.
_QUEUED, _FAILED, _SUCCEEDED, _RUNNING = S.QUEUED, S.FAILED, S.SUCCEEDED, S.RUNNING
NEVER_LEFT = frozenset({K.SUBMIT_REFUSED, K.SUBMIT_ABANDONED, K.CANCEL_REQUESTED})
"""The ends of tasks that their provider never had, unless an earlier request for one arrived."""
_SUBMIT_ACCEPTED, _DEADLINE_PASSED = K.SUBMIT_ACCEPTED, K.DEADLINE_PASSED
_SEEN_RUNNING, _REREAD, _NEWS = K.SEEN_RUNNING, K.REREAD, K.NEWS
_CANCEL_ASKED, _CANCEL_REFUSED = K.CANCEL_ASKED, K.CANCEL_REFUSED
_COSTS_CHANGED, _EXPIRED = K.COSTS_CHANGED, S.EXPIRED
_UNDER_WAY = frozenset({K.SUBMIT_SENT, K.ANSWER_BEGUN})
_NOTHING_MADE = NEVER_LEFT | {K.SUBMIT_DEFERRED}
_ANSWER = Awaits.ANSWER

_with_step = build_copier(
    Task,
    *("state", "version", "updated_at", "provider_task_id", "provider_status", "message"),
    *("progress", "artifacts", "error", "costs", "stage", "context", "cancel_asked_at"),
    *("blocked_at", "cancel_sent_at", "detail", "overdue", "submitted_at", "finished_at"),
    *("absences", "follow_up", "never_created"),
)


def move_task(task: Task, event: Event, target: TaskState, *, now: datetime) -> Task:
    """Return the task after an event that leads to `target`: one version later.

    now: aware UTC; becomes `updated_at`.
    """
    kind = event.kind
    if kind is _REREAD:
        return _apply_correction(task, event, now)
    back = target is _QUEUED and task.state is not _QUEUED
    is_end, never_left = target in TERMINAL, kind in NEVER_LEFT
    known = target in KNOWN_TO_PROVIDER or (target in VERDICTS and not never_left)
    artifacts, message = event.artifacts or task.artifacts, event.message
    if kind in OF_ASSETS:  # it tells of a file that we keep, and nothing of the result
        artifacts, message = task.artifacts, task.message
    elif kind is _DEADLINE_PASSED:  # what was last heard is still why it waits
        message = task.message
    costs = restate_costs(task.costs, event.costs) if event.costs else task.costs
    asked_at = now if kind is _CANCEL_ASKED else task.cancel_asked_at
    is_dropped = back or kind is _CANCEL_REFUSED
    after = _with_step(
        task,
        state=target,
        version=task.version + 1,
        updated_at=now,
        provider_task_id=None if back else _choose_provider_task_id(task, event),
        provider_status=event.provider_status or task.provider_status,
        message=message,  # of this step alone: an earlier one stands in the history
        progress=task.progress
        if event.progress is None
        else _choose_progress(task, event.progress),
        artifacts=artifacts,
        error=_choose_error(task, event, target) if is_end else None,
        costs=costs,
        stage=event.stage or task.stage,
        context=None if back else (task.context if event.context is None else event.context),
        cancel_asked_at=None if is_dropped else asked_at,
        blocked_at=_find_blocked_at(task, event, now) if target is _RUNNING else None,
        cancel_sent_at=None if is_dropped else task.cancel_sent_at,
        detail=task.detail if event.detail is None else event.detail,
        overdue=task.overdue or kind is _DEADLINE_PASSED,
        submitted_at=task.submitted_at or (now if known else None),
        finished_at=(task.finished_at if target is task.state else now) if is_end else None,
        absences=0,
        follow_up=_follow_up(task, event, target, artifacts, costs) if is_end else None,
        never_created=never_left and (event.is_alone or _is_never_sent_in_doubt(task)),
    )
    if task.awaits is _ANSWER or kind in _UNDER_WAY:
        return _apply_call(after, event)
    return after


def _apply_call(after: Task, event: Event) -> Task:
    """Return a task with what is known of the call that makes it. after: but for that."""
    if event.kind in _UNDER_WAY:
        return replace_fields(after, awaits=_ANSWER)
    if event.kind in _NOTHING_MADE:  # it never was at the provider
        return replace_fields(after, awaits=None, submitted_at=None)
    is_known = event.kind is _SUBMIT_ACCEPTED or after.state not in KNOWN_TO_PROVIDER
    return replace_fields(after, awaits=None) if is_known else after


def _apply_correction(task: Task, event: Event, now: datetime) -> Task:
    """Return the task after its receipts were read again: where it stands is not touched."""
    artifacts = event.artifacts or task.artifacts
    has_error = task.state is _FAILED or task.state is _EXPIRED
    is_whole = task.follow_up is FollowUp.NO_RESULT and is_fully_named(artifacts)
    return replace_fields(
        task,
        version=task.version + 1,
        updated_at=now,
        message=event.message,
        artifacts=artifacts,
        error=event.error or task.error if has_error else task.error,
        costs=restate_costs(task.costs, event.costs),
        detail=task.detail if event.detail is None else event.detail,
        follow_up=None if is_whole else task.follow_up,
    )


def _choose_error(task: Task, event: Event, target: TaskState) -> TaskError | None:
    if target is not _FAILED and target is not _EXPIRED:
        return None
    is_kept = event.kind is _COSTS_CHANGED or event.kind in OF_ASSETS
    return task.error if is_kept else event.error


def _find_blocked_at(task: Task, event: Event, now: datetime) -> datetime | None:
    """Return since when a running task waits for its caller; the provider's word changes that."""
    if event.kind is not _NEWS and event.kind is not _SEEN_RUNNING:
        return task.blocked_at
    return (task.blocked_at or now) if event.is_blocked else None


def _follow_up(
    task: Task,
    event: Event,
    target: TaskState,
    artifacts: tuple[Artifact, ...],
    costs: tuple[Cost, ...],
) -> FollowUp | None:
    if event.kind is _COSTS_CHANGED or event.kind in OF_ASSETS:
        return task.follow_up
    if target is _SUCCEEDED and not is_fully_named(artifacts):
        return FollowUp.NO_RESULT
    if target is _FAILED and event.error is not None and event.error.doubtful:
        return FollowUp.DOUBTFUL
    if target is _EXPIRED:
        return FollowUp.DENIED if event.kind is K.ABSENT else None
    if target not in VERDICTS:
        return None
    if target is not _SUCCEEDED and is_refund_due(costs):
        return FollowUp.REFUND
    return FollowUp.COSTS if event.costs_may_fall and is_charged(costs) else None


def _is_never_sent_in_doubt(task: Task) -> bool:
    """Return whether all that has happened to a task is its deadline, and that it is being sent.

    One that came back from `uncertain` may be at the provider all the same: its name stays taken.
    """
    if task.awaits is _ANSWER:
        return task.version == 2 + task.overdue  # accepted, and sent
    return task.state is _QUEUED and task.version == 1 + task.overdue


def _choose_provider_task_id(task: Task, event: Event) -> str | None:
    # The submit's own answer names the id that queries understand; a callback may name another
    # (a gateway that hides its upstream), so it only fills an empty place.
    if event.kind is _SUBMIT_ACCEPTED:
        return event.provider_task_id or task.provider_task_id
    return task.provider_task_id or event.provider_task_id


def _choose_progress(task: Task, told: float) -> float:
    return told if task.progress is None else max(task.progress, told)
