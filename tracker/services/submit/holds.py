"""Hold back what a provider's "not now" names: an account, or one operation of it."""

from collections.abc import Hashable
from datetime import datetime

from tracker.domain.outcome import DeferralScope
from tracker.domain.task import Task


class SubmitHolds:
    """Knows until when submits must wait. One per process; each process learns for itself."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._until: dict[Hashable, datetime] = {}

    def hold(self, task: Task, scope: DeferralScope, until: datetime) -> None:
        """Let what the scope names wait like this task; TASK names nothing else."""
        if scope is DeferralScope.TASK:
            return
        name = _account(task) if scope is DeferralScope.ACCOUNT else _operation(task)
        self._until[name] = max(until, self._until.get(name, until))

    def until(self, task: Task, now: datetime) -> datetime | None:
        """Return when the task may go; None where nothing holds it back."""
        latest = None
        for name in (_account(task), _operation(task)):
            found = self._until.get(name)
            if found is None:
                continue
            if found <= now:
                del self._until[name]
            elif latest is None or found > latest:
                latest = found
        return latest


def _account(task: Task) -> Hashable:
    return task.provider, task.account


def _operation(task: Task) -> Hashable:
    return task.provider, task.account, task.operation
