"""Draw the conclusions from a provider that shows no such task."""

from datetime import datetime, timedelta

from tracker.domain.denial import BelievedDenial, Denial, UnprovenDenial, find_doubt_end, judge
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.outcome import Absence, Absent
from tracker.domain.task import AT_PROVIDER, Task, TaskError, TaskState
from tracker.providers.ports.adapter import Finds
from tracker.services.context import Context
from tracker.services.recorder import Recorder, compute_next_look
from tracker.store import attempts, tasks
from tracker.store.driver.transaction import Tx


class Absences:
    """Settles absences. Holds no state of its own."""

    def __init__(self, context: Context) -> None:
        """Take what all services share."""
        self._context = context

    def settle(self, tx: Tx, recorder: Recorder, task: Task, absent: Absent) -> datetime:
        """Record that the provider shows no such task, as far as that proves anything.

        Returns when to look again.
        """
        if absent.kind in (Absence.NOT_YET, Absence.OTHER_KEY):
            return compute_next_look(self._context, task, tx.now)
        if absent.kind is Absence.PURGED:
            return self._settle_purge(tx, recorder, task, absent)
        if task.state is TaskState.UNCERTAIN and not self._may_deny(task, absent):
            return compute_next_look(self._context, task, tx.now)
        return self._deny(tx, recorder, task)

    def _settle_purge(self, tx: Tx, recorder: Recorder, task: Task, absent: Absent) -> datetime:
        """Record that the provider had the task and has dropped it: nothing more will be learnt.

        It proves that the task was made, also where that was unknown, so that it is never sent
        again. Whatever is stored of its result stays.
        """
        if task.state in AT_PROVIDER:
            message = f"the provider has deleted it: {absent.message}"
            error = TaskError("outcome_unknown", "outcome_unknown", message)
            event = Event(EventKind.GIVEN_UP, Source.POLL, message=message, error=error)
            recorder.record(task.key, event)
        return max(task.give_up_at or tx.now, tx.now)

    def _may_deny(self, task: Task, absent: Absent) -> bool:
        """Tell whether an absence can prove that a submit of unknown outcome made nothing."""
        if absent.weak or not self._context.has_account(task):
            return False
        submits = self._context.providers[task.provider].submits
        return submits.get_lookup_kind(self._context.get_account(task)) is Finds.BY_ID

    def _deny(self, tx: Tx, recorder: Recorder, task: Task) -> datetime:
        """Record that the provider says it has no such task; return when to ask again."""
        context = self._context
        if task.state not in AT_PROVIDER:
            return compute_next_look(context, task, tx.now)  # what has ended is only looked for
        if task.state is TaskState.UNCERTAIN:
            doubt = self._compute_doubt(tx, task)
            if doubt is not None:
                return doubt
        denial = Denial(
            task.state,
            task.absences,
            task.denied_at,
            task.submitted_at,
            context.expectations.find_expectation(task),
        )
        match judge(denial, pause=context.policy.polls.confirm, now=tx.now):
            case UnprovenDenial(until=until, counts=counts):
                if counts:
                    tasks.set_absences(tx.db, {task.key: task.absences + 1}, now=tx.now)
                return until
            case BelievedDenial(times=times):
                message = f"the provider does not know it (said {times} times)"
                is_unwanted = task.state is TaskState.UNCERTAIN and task.cancel_asked_at is not None
                kind = EventKind.CANCEL_REQUESTED if is_unwanted else EventKind.ABSENT
                recorder.record(task.key, Event(kind, Source.POLL, message=message))
                return compute_next_look(context, recorder.get_task(task.key), tx.now)

    def _compute_doubt(self, tx: Tx, task: Task) -> datetime | None:
        """Return when to ask again because of how the latest submit ended, if so."""
        last = attempts.find_last(tx.db, task.key)
        if last is None or last.outcome is None:
            return None
        policy = self._context.policy
        return find_doubt_end(
            last.outcome,
            started_at=last.started_at,
            may_last=policy.lease + timedelta(seconds=policy.submit_timeout_s),
            now=tx.now,
            next_look=compute_next_look(self._context, task, tx.now),
        )
