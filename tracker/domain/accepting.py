"""A task as its caller is first told of it."""

from dataclasses import replace

from tracker.domain.cost import own_estimates
from tracker.domain.task import Task, TaskState


def as_accepted(task: Task) -> Task:
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
        costs=own_estimates(task.costs),
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
