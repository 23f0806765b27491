"""Actions on existing tasks: poll now, cancel, submit again, resolve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tracker.domain.errors import NO_SUCH_TASK, BeingSent, Conflict, NotFound
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.task import (
    UNKNOWN_OPERATION,
    VERDICTS,
    Awaits,
    Task,
    TaskError,
    TaskState,
    is_askable,
    is_unanswered,
)
from tracker.domain.work import JobKind, build_lane
from tracker.providers.ports.adapter import Asking, Finds
from tracker.services.context import Context
from tracker.services.own_tasks import find_own_task
from tracker.services.recorder import Recorder
from tracker.services.submit.request import AcceptedTask
from tracker.services.submit.resubmission import explain_no_resubmission, refuse_without_account
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import attempts, jobs, task_lookups, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import NewJob

ENDED = "it has ended: no answer would change it"
NOT_UNCERTAIN = "it is {}: only an uncertain task is resolved"
_RESOLUTIONS = {
    "exists": (EventKind.RESOLVED_EXISTS, "a person found it at the provider"),
    "never_made": (
        EventKind.RESOLVED_NEVER_MADE,
        "a person knows that it was never made; sent again",
    ),
    "give_up": (EventKind.RESOLVED_GIVEN_UP, "a person gave up finding out whether it was made"),
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's finding about a submit whose outcome is unknown.

    verb:  `exists` (then with the provider's id), `never_made` (it is sent again) or `give_up`.
    actor: who says so, for the history.
    """

    verb: Literal["exists", "never_made", "give_up"]
    actor: str
    provider_task_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    tenant: str
    id: UUID
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class _Resolving:
    tenant: str
    id: UUID
    resolution: Resolution


class TaskActions:
    """Acts on one task at a time; several calls may share a transaction."""

    def __init__(self, context: Context, intake: SubmissionIntake) -> None:
        """intake: takes in what is submitted again."""
        self._context = context
        self._intake = intake

    async def cancel(self, tenant: str, id_: UUID, *, actor: str) -> Task:
        """Cancel a task that has not been sent, or have its provider asked to cancel it.

        A task that has not been sent is cancelled when this returns; of any other the provider's
        word, which a later step brings, is what ends it. actor: who wants it, for the history.
        Raises NotFound; BeingSent while a request is on its way; Conflict where the provider
        cannot cancel, or when the task is over; Unavailable. One of unknown outcome is cancelled
        once it is found, and where it turns out never to have been made.
        """
        wanted = _Wanted(tenant, id_, actor=actor)
        cancelled: Task = await self._context.store.write(self._cancel, wanted)
        return cancelled

    async def resolve(self, tenant: str, id_: UUID, resolution: Resolution) -> Task:
        """Settle a task whose submit's outcome nothing else can find out.

        Raises NotFound; Conflict when the task is not `uncertain`, or another task has the
        provider's id; Unavailable.
        """
        wanted = _Resolving(tenant, id_, resolution)
        resolved: Task = await self._context.store.write(self._resolve, wanted)
        return resolved

    def explain_manual_resolution(self, provider: str, account: str) -> str | None:
        """Return why nothing finds a lost submit of an account; None where something may."""
        known = self._context.accounts.get((provider, account))
        if known is None:
            return "its account is not in the settings"
        found = self._context.providers[provider]
        looks = found.looks
        has_no_url = self._context.public_url is None
        match found.submits.get_lookup_kind(known):
            case Finds.NEVER:
                return f"{provider} offers no way to look up a task whose answer was lost"
            case Finds.CANDIDATES:
                return f"{provider} lists when tasks were made, and not of what"
            case Finds.EXISTENCE:
                return f"{provider} says that it exists, and not under which id"
            case Finds.BY_SCAN if has_no_url and looks is not None and looks.is_url_needed(known):
                return (
                    f"{provider} lists tasks by their callback URL, and TRACKER_PUBLIC_URL is unset"
                )
            case _:
                return None

    async def refresh(self, tenant: str, id_: UUID) -> Task:
        """Have the provider asked about a task now. A verdict with its result needs no asking.

        Returns it as it is before the answer. Raises NotFound, Conflict, Unavailable.
        """
        task: Task = await self._context.store.write(self._refresh, _Wanted(tenant, id_))
        return task

    async def resubmit(
        self,
        tenant: str,
        id_: UUID,
        *,
        idempotency_key: str | None,
        submitter: int | None = None,
    ) -> AcceptedTask:
        """Submit the input of a task that came to nothing again, as a new task linked to it.

        Raises NotFound, Conflict, and what `SubmissionIntake.accept` raises.
        """
        task = await find_own_task(self._context.store, tenant, id_)
        refusal = explain_no_resubmission(self._context, task)
        if refusal is not None:
            raise refusal
        return await self._intake.accept_again(
            task, idempotency_key=idempotency_key, submitter=submitter
        )

    def cancel_all(
        self, tx: Tx, recorder: Recorder, found: Sequence[Task], *, actor: str
    ) -> list[Task | Exception]:
        """Cancel locked tasks, or have their providers asked to; see `cancel`."""
        sending = attempts.open_of(tx.db, [task.key for task in found])
        return [self._cancel_one(recorder, task, sending, actor) for task in found]

    def refresh_all(self, tx: Tx, found: Sequence[Task], *, is_dry: bool) -> list[Task | Exception]:
        """Have the provider asked about locked tasks; see `refresh`. is_dry: only say of which.

        What has ended is refused here: it would be counted as asked about.
        """
        told = [self._check_askable(task) for task in found]
        results = [
            Conflict(ENDED) if isinstance(one, Task) and not is_askable(one) else one
            for one in told
        ]
        if not is_dry:
            self._enqueue_looks(tx, results)
        return results

    def _cancel(self, tx: Tx, wanted: Sequence[_Wanted]) -> list[Task | Exception]:
        """Cancel tasks. An open attempt is committed before a socket opens, under the lock of the
        task: where there is none, no request has left, and none will, as the job is dropped.
        """
        found = tasks.lock_by_id(tx.db, {one.id for one in wanted})
        sending = attempts.open_of(tx.db, [task.key for task in found.values()])
        recorder = Recorder(self._context, tx, found.values())
        results = [
            self._cancel_one(recorder, _find_wanted(found, one), sending, one.actor)
            for one in wanted
        ]
        recorder.flush()
        return results

    def _cancel_one(
        self,
        recorder: Recorder,
        task: Task | None,
        sending: dict[int, int],
        actor: str | None,
    ) -> Task | Exception:
        if task is None:
            return NotFound(NO_SUCH_TASK)
        task = recorder.get_task(task.key)
        if is_unanswered(task) and task.key in sending:
            return BeingSent("it is being sent at this moment; ask again once that is settled")
        match task.state:
            case TaskState.CANCELLED:
                return task
            case TaskState.QUEUED:
                event = Event(
                    EventKind.CANCEL_REQUESTED,
                    Source.CLIENT,
                    message="cancelled before it was sent",
                    actor=actor,
                )
                return recorder.record(task.key, event).task
            case TaskState.UNCERTAIN if self._context.providers[task.provider].cancels is None:
                return Conflict(f"{task.provider} may have it: that is being found out")
            case TaskState.UNCERTAIN | TaskState.SUBMITTED | TaskState.RUNNING:
                return self._ask_to_cancel(recorder, task, actor)
            case _:
                return Conflict(f"it is {task.state}: there is nothing to cancel")

    def _ask_to_cancel(self, recorder: Recorder, task: Task, actor: str | None) -> Task | Exception:
        provider = self._context.providers[task.provider]
        cancels = provider.cancels
        if cancels is None:
            return Conflict(f"{task.provider} has it and offers no way to cancel a task")
        if not self._context.has_account(task):
            return refuse_without_account(task)
        if cancels.erases_ended and provider.polls is None:
            return Conflict(
                f"{task.provider} erases a task that has ended when it is cancelled, and cannot "
                "be asked whether this one has"
            )
        is_uncertain = task.state is TaskState.UNCERTAIN
        asking = Asking(self._context.get_account(task), (task,), self._context.clock.now())
        if not is_uncertain and (reason := cancels.explain_too_late(asking)) is not None:
            return Conflict(reason)
        if not is_uncertain and cancels.build_cancel(asking) is None:
            return Conflict(f"{task.provider} has not told under which id it has the task")
        if task.cancel_asked_at is None:
            once = " once it is found there" if is_uncertain else ""
            event = Event(
                EventKind.CANCEL_ASKED,
                Source.CLIENT,
                message=f"{task.provider} is asked to cancel it{once}",
                actor=actor,
            )
            task = recorder.record(task.key, event).task
        if task.cancel_sent_at is None:
            recorder.poll_soon(task.key)
        return task

    def _resolve(self, tx: Tx, wanted: Sequence[_Resolving]) -> list[Task | Exception]:
        found = tasks.lock_by_id(tx.db, {one.id for one in wanted})
        recorder = Recorder(self._context, tx, found.values())
        results: list[Task | Exception] = []
        for one in wanted:
            task = found.get(one.id)
            if task is None or task.tenant != one.tenant:
                results.append(NotFound(NO_SUCH_TASK))
                continue
            results.append(self._resolve_one(tx, recorder, task.key, one.resolution))
        recorder.flush()
        return results

    def _resolve_one(
        self, tx: Tx, recorder: Recorder, key: int, resolution: Resolution
    ) -> Task | Exception:
        task = recorder.get_task(key)
        if task.state is not TaskState.UNCERTAIN:
            return Conflict(NOT_UNCERTAIN.format(task.state))
        theirs = resolution.provider_task_id
        if theirs is not None:
            owners = task_lookups.find_owners(tx.db, task.provider, task.account, {theirs})
            # A task may go on under the id of the one that it continues.
            own = {task.key} | _list_parent_keys(tx, task)
            if owners.get(theirs, set()) - own:
                return Conflict(f"another task has the id {theirs[:128]!r} at {task.provider}")
        kind, message = _RESOLUTIONS[resolution.verb]
        if kind is EventKind.RESOLVED_NEVER_MADE and task.cancel_asked_at is not None:
            kind, message = EventKind.CANCEL_REQUESTED, "a person knows that it was never made"
        error = None
        if kind is EventKind.RESOLVED_GIVEN_UP:
            error = TaskError("outcome_unknown", "outcome_unknown", message)
        event = Event(
            kind,
            Source.OPERATOR,
            message=message,
            provider_task_id=theirs,
            error=error,
            actor=resolution.actor,
        )
        return recorder.record(key, event).task

    def _refresh(self, tx: Tx, wanted: Sequence[_Wanted]) -> list[Task | Exception]:
        found = tasks.lock_by_id(tx.db, {one.id for one in wanted})
        results = [self._check_askable(_find_wanted(found, one)) for one in wanted]
        self._enqueue_looks(tx, results)
        return results

    def _enqueue_looks(self, tx: Tx, results: Sequence[Task | Exception]) -> None:
        asked = {task.key: task for task in results if isinstance(task, Task)}
        due = [
            NewJob(
                task.tenant, JobKind.RECONCILE, key, build_lane(task.provider, task.account), tx.now
            )
            for key, task in asked.items()
            if is_askable(task)
        ]
        jobs.enqueue(tx.db, due, now=tx.now)
        if due:
            tx.woken.add(JobKind.RECONCILE)

    def _check_askable(self, task: Task | None) -> Task | Exception:
        if task is None:
            return NotFound(NO_SUCH_TASK)
        if task.state in VERDICTS and task.follow_up is None:
            return task
        if task.state is TaskState.QUEUED:
            return Conflict(f"it has not been sent: {task.provider} does not know it")
        if task.awaits is Awaits.ANSWER:
            return Conflict("it is being made: only the answer to its create tells of it")
        if task.operation == UNKNOWN_OPERATION:
            return Conflict("others submitted it: by which operation to ask for it is not known")
        return task if self._context.has_account(task) else refuse_without_account(task)


def _list_parent_keys(tx: Tx, task: Task) -> set[int]:
    """Return the key of the task that one continues, as a set; empty where it continues none."""
    if task.parent_id is None:
        return set()
    return {parent.key for parent in tasks.load_by_id(tx.db, [task.parent_id]).values()}


def _find_wanted(found: dict[UUID, Task], wanted: _Wanted) -> Task | None:
    task = found.get(wanted.id)
    return task if task is not None and task.tenant == wanted.tenant else None
