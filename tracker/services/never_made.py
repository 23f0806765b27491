"""Tell of a task whose submit had an unknown outcome that it was made by no request of ours."""

from tracker.domain.events import Event, EventKind, Source
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store import transitions
from tracker.store.driver.transaction import Tx

_BEFORE = frozenset({TaskState.QUEUED, TaskState.UNCERTAIN})


def was_never_made(tx: Tx, task: Task, end: Event) -> bool:
    """Return whether a person has said so of each request that may have arrived.

    A provider's own denials are not enough: it may know a task later, and then two would have one
    external id. task: before its end.
    """
    if task.state is TaskState.UNCERTAIN and end.source is not Source.OPERATOR:
        return False
    return all(_is_no_trace(step) for _, step in transitions.of_task(tx.db, task.key))


def _is_no_trace(step: Transition) -> bool:
    if step.from_state is TaskState.UNCERTAIN and step.to_state is TaskState.QUEUED:
        return step.kind is EventKind.RESOLVED_NEVER_MADE
    return step.to_state in _BEFORE or step.kind is EventKind.SUBMIT_SENT
