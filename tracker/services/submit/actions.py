"""What callers do with tasks that exist: have the provider asked now, cancel, submit again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.domain.errors import BeingSent, Conflict, NotFound
from tracker.domain.events import Event, Kind, Source
from tracker.domain.task import UNKNOWN_OPERATION, VERDICTS, Task, TaskState, is_askable
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.services.recorder import Recorder, lane_of
from tracker.services.submit.submission import Acceptance, AcceptedTask
from tracker.store import attempts, jobs, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import NewJob

NO_SUCH_TASK = "there is no such task"
_AGAIN = frozenset({TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED})
"""What may be submitted again."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    tenant: str
    id: UUID


class Actions:
    """Acts on one task at a time; several calls may share a transaction."""

    def __init__(self, context: Context, acceptance: Acceptance) -> None:
        """acceptance: takes in what is submitted again."""
        self._context = context
        self._acceptance = acceptance

    async def cancel(self, tenant: str, id_: UUID) -> Task:
        """Cancel a task that has not been sent; one that is cancelled already stays so.

        When this returns it will not be sent. Raises NotFound; BeingSent while a request is on its
        way; Conflict once the provider may have it, or when it is over; Unavailable.
        """
        cancelled: Task = await self._context.store.write(self._cancel, _Wanted(tenant, id_))
        return cancelled

    async def refresh(self, tenant: str, id_: UUID) -> Task:
        """Have the provider asked about a task now. A verdict with its result needs no asking.

        Returns it as it is before the answer. Raises NotFound, Conflict, Unavailable.
        """
        task: Task = await self._context.store.write(self._refresh, _Wanted(tenant, id_))
        return task

    async def resubmit(
        self, tenant: str, id_: UUID, *, idempotency_key: str | None
    ) -> AcceptedTask:
        """Submit the input of a task that came to nothing again, as a new task linked to it.

        Raises NotFound, Conflict, and what `Acceptance.accept` raises.
        """
        task = await self._context.store.find(tasks.by_id, id_)
        if task is None or task.tenant != tenant:
            raise NotFound(NO_SUCH_TASK)
        if task.state not in _AGAIN:
            raise Conflict(
                f"it is {task.state}; failed, cancelled and expired ones are resubmitted"
            )
        if task.operation == UNKNOWN_OPERATION:
            raise Conflict("others submitted it: its input is not known here")
        if not self._context.has_account(task):
            raise _no_account(task)
        return await self._acceptance.accept_again(task, idempotency_key=idempotency_key)

    def _cancel(self, tx: Tx, wanted: Sequence[_Wanted]) -> list[Task | Exception]:
        """The open attempt is the fence: it is committed before a socket opens, under the same
        lock of the task. Where there is none, no request has left, and none will: the job goes.
        """
        found = tasks.lock_by_id(tx.db, {one.id for one in wanted})
        sending = attempts.open_of(tx.db, [task.key for task in found.values()])
        recorder = Recorder(self._context, tx, found.values())
        results = [self._cancel_one(recorder, _of(found, one), sending) for one in wanted]
        recorder.flush()
        return results

    def _cancel_one(
        self, recorder: Recorder, task: Task | None, sending: dict[int, int]
    ) -> Task | Exception:
        if task is None:
            return NotFound(NO_SUCH_TASK)
        task = recorder.task(task.key)
        match task.state:
            case TaskState.CANCELLED:
                return task
            case TaskState.QUEUED if task.key in sending:
                return BeingSent("it is being sent at this moment; ask again once that is settled")
            case TaskState.QUEUED:
                event = Event(Kind.CANCEL_REQUESTED, Source.CLIENT, message="cancelled before sent")
                return recorder.record(task.key, event).task
            case TaskState.UNCERTAIN:
                return Conflict(f"{task.provider} may have it: that is being found out")
            case TaskState.SUBMITTED | TaskState.RUNNING:
                return Conflict(f"{task.provider} has it and offers no way to cancel a task")
            case _:
                return Conflict(f"it is {task.state}: there is nothing to cancel")

    def _refresh(self, tx: Tx, wanted: Sequence[_Wanted]) -> list[Task | Exception]:
        found = tasks.lock_by_id(tx.db, {one.id for one in wanted})
        results = [self._askable(_of(found, one)) for one in wanted]
        asked = {task.key: task for task in results if isinstance(task, Task)}
        due = [
            NewJob(
                task.tenant, JobKind.RECONCILE, key, lane_of(task.provider, task.account), tx.now
            )
            for key, task in asked.items()
            if is_askable(task)
        ]
        jobs.enqueue(tx.db, due, now=tx.now)
        if due:
            tx.woken.add(JobKind.RECONCILE)
        return results

    def _askable(self, task: Task | None) -> Task | Exception:
        if task is None:
            return NotFound(NO_SUCH_TASK)
        if task.state in VERDICTS and task.follow_up is None:
            return task
        if task.state is TaskState.QUEUED:
            return Conflict(f"it has not been sent: {task.provider} does not know it")
        if task.operation == UNKNOWN_OPERATION:
            return Conflict("others submitted it: by which operation to ask for it is not known")
        return task if self._context.has_account(task) else _no_account(task)


def _of(found: dict[UUID, Task], wanted: _Wanted) -> Task | None:
    task = found.get(wanted.id)
    return task if task is not None and task.tenant == wanted.tenant else None


def _no_account(task: Task) -> Conflict:
    return Conflict(f"there is no account {task.account!r} at {task.provider} any more")
