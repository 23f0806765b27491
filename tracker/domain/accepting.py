"""A task as its caller is first told of it; which may be submitted again, and as which new one."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from tracker.domain.cost import Cost, select_own_estimates
from tracker.domain.errors import Conflict
from tracker.domain.task import Task, TaskState

RESUBMITTABLE = frozenset({TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED})
"""The states of tasks that came to nothing."""


def restore_accepted(task: Task) -> Task:
    """Return a task as it was when it was accepted, whatever became of it."""
    return replace(
        task,
        state=TaskState.QUEUED,
        version=1,
        updated_at=task.created_at,
        provider_task_id=None,
        provider_status=None,
        message=None,
        progress=None,
        artifacts=(),
        error=None,
        costs=select_own_estimates(task.costs),
        awaits=None,
        detail=None,
        overdue=False,
        absences=0,
        follow_up=None,
        never_created=False,
        stage=None,
        context=None,
        cancel_asked_at=None,
        cancel_sent_at=None,
        submitted_at=None,
        finished_at=None,
        give_up_at=None,
    )


def refuse_resubmission(task: Task) -> Conflict:
    """Return the refusal to submit again what is open or has succeeded."""
    return Conflict(f"it is {task.state}; failed, cancelled and expired ones are resubmitted")


def make_resubmission(  # noqa: PLR0913 - all that a new task has of its own
    before: Task,
    *,
    id_: UUID,
    now: datetime,
    patience: timedelta,
    costs: tuple[Cost, ...],
    is_name_held: bool,
) -> Task:
    """Return a new task of an earlier one's request.

    patience: until its deadline, where the earlier one had none.
    is_name_held: whether a task that exists at the provider, or may, has its external id.
    """
    # A name of the caller's goes to the new task where the provider never heard it.
    is_callers = before.external_task_id != str(before.id)
    has_free_name = before.never_created and is_callers and not is_name_held
    if before.deadline_at is not None:
        patience = before.deadline_at - before.created_at
    return replace(
        restore_accepted(before),
        key=0,
        id=id_,
        external_task_id=before.external_task_id if has_free_name else str(id_),
        costs=costs,
        created_at=now,
        updated_at=now,
        deadline_at=now + patience,
        resubmit_of=before.id,
        traceparent=None,
    )
