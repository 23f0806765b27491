"""Hold submits back: what a provider's "not now" names, and what brings files without room."""

from collections.abc import Hashable
from datetime import datetime, timedelta

from tracker.domain.outcome import DeferralScope
from tracker.domain.task import Task
from tracker.domain.work import split_lane
from tracker.services.context import Context
from tracker.store.jobs import Job

HELD_BACK = "the provider asked to wait with tasks like this one"
"""The `last_error` of a submit that another's deferral holds back."""
NO_ROOM = "its answer will hold its files, and the store of assets takes none now"
NO_ROOM_PAUSE = timedelta(seconds=15)


class SubmitPauses:
    """Knows until when submits must wait. One per process; each process learns for itself."""

    def __init__(self, context: Context) -> None:
        """Nothing waits."""
        self._context = context
        self._until: dict[Hashable, datetime] = {}
        self._has_room = True

    async def look(self, job: Job) -> None:
        """Look whether files of answers can be kept, before a job that may bring some.

        Raises Unavailable.
        """
        provider = self._context.providers.get(split_lane(job.lane)[0])
        room = self._context.room
        if room is None or provider is None or provider.results.answers_with_files is None:
            return
        self._has_room = await room.can_take_files(once=True)

    def pause(self, task: Task, scope: DeferralScope, until: datetime) -> None:
        """Let what the scope names wait like this task; TASK names nothing else."""
        if scope is DeferralScope.TASK:
            return
        name = _name_account(task) if scope is DeferralScope.ACCOUNT else _name_operation(task)
        self._until[name] = max(until, self._until.get(name, until))

    def find(self, task: Task, now: datetime) -> tuple[datetime, str] | None:
        """Return when the task may go, and why not sooner; None where nothing holds it back."""
        if not self._has_room and self._context.can_hold_files(task):
            return now + NO_ROOM_PAUSE, NO_ROOM
        latest = None
        for name in (_name_account(task), _name_operation(task)):
            found = self._until.get(name)
            if found is None:
                continue
            if found <= now:
                del self._until[name]
            elif latest is None or found > latest:
                latest = found
        return None if latest is None else (latest, HELD_BACK)


def _name_account(task: Task) -> Hashable:
    return task.provider, task.account


def _name_operation(task: Task) -> Hashable:
    return task.provider, task.account, task.operation
