"""One try to hand tasks to their provider: write the intent down, send, record what it proves.

The attempt row is committed before the socket opens. Whoever finds it open after the lease ended
knows that the request may have left, and never sends it again blindly.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.clock import new_id
from tracker.domain import lifecycle, retry
from tracker.domain.errors import Unavailable
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.outcome import (
    Accepted,
    Deferred,
    NotSent,
    Part,
    Refused,
    SubmitOutcome,
    Unknown,
    certainty_of,
)
from tracker.domain.signals import CrashPoint
from tracker.domain.task import AT_PROVIDER, Task, TaskError, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Sending
from tracker.services.context import ACCOUNT_GONE, ACCOUNT_GONE_PAUSE, Context
from tracker.services.recorder import Recorder
from tracker.services.submit.submission import as_accepted
from tracker.store import attempts, jobs, labels, tasks
from tracker.store.attempts import Attempt
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job

log = logging.getLogger(__name__)

_RECORD_TRIES = 20
_RECORD_PAUSE_S = 1.0
"""How long an outcome is held in hand while the database is away."""
_ONCE_PAUSE = timedelta(seconds=3)
"""Pause before the one more try that a clock skew deserves (Kling 1003, 1004)."""


@dataclass(frozen=True, slots=True)
class _Begun:
    task: Task
    attempt: Attempt
    body: bytes
    parent: Task | None = None


@dataclass(frozen=True, slots=True)
class _Ended:
    job: Job
    begun: _Begun
    outcome: SubmitOutcome
    http_status: int | None
    latency_ms: int


class Attempting:
    """Carries out jobs of kind `submit`."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def run(self, job: Job) -> None:
        """One job, one try. Raises Unavailable; anything else raised is a bug."""
        context = self._context
        # Measured before the lease is prolonged, so that it ends for us no later than for others.
        ours_until = context.clock.monotonic() + context.policy.lease.total_seconds()
        begun: _Begun | None = await context.store.write(self._begin, job, is_patient=True)
        if begun is None:
            return
        if begun.task.parent_id is not None:
            parent = await context.store.find(tasks.by_id, begun.task.parent_id)
            begun = replace(begun, parent=parent)
        context.at(CrashPoint.SUBMIT_BEGUN)
        started = context.clock.monotonic()
        sending = self._sending(begun)
        answer = await self._send(sending, ours_until=ours_until)
        latency_ms = round((context.clock.monotonic() - started) * 1000)
        context.at(CrashPoint.SUBMIT_SENT)
        outcome = self._read(sending, answer)
        status = answer.status if isinstance(answer, HttpResult) else None
        await self._record(_Ended(job, begun, outcome, status, latency_ms))
        context.at(CrashPoint.SUBMIT_RECORDED)

    async def _record(self, ended: _Ended) -> None:
        """Write the outcome down. A database that is away for a moment must not make us forget it.

        Raises Unavailable when it stays away; then the open attempt says that nobody knows.
        """
        for tries_left in reversed(range(_RECORD_TRIES)):
            try:
                await self._context.store.write(self._end, ended, is_patient=True)
            except Unavailable as error:
                if not tries_left:
                    raise
                await self._context.clock.sleep(min(error.retry_after_s, _RECORD_PAUSE_S))
            else:
                return

    def _sending(self, begun: _Begun) -> Sending:
        context, task = self._context, begun.task
        return Sending(
            account=context.account(task),
            task=task,
            body=json.loads(begun.body),
            parent=begun.parent,
            callback_url=context.callback_url(task),
            now=context.clock.now(),
        )

    async def _send(self, sending: Sending, *, ours_until: float) -> HttpResult | HttpFailure:
        """Send it, unless the lease ran out before the first byte could leave.

        A process that was frozen here finds that another has taken over, and must not add a
        second request to the one that the other may have made.
        """
        context = self._context
        try:
            submits = context.providers[sending.task.provider].submits
            call = sending.account.route(submits.build_submit(sending))
        except Exception:
            # Tried again like whatever never left us, and given up like it: it blocks nobody.
            log.exception("the request could not be built")
            return HttpFailure(Certainty.NOT_SENT, "the request could not be built; see the log")
        return await context.egress.call_provider(
            replace(
                call,
                timeout_s=context.policy.submit_timeout_s,
                secrets=context.callback_tokens([sending.task]),
            ),
            may_send=lambda: context.clock.monotonic() < ours_until,
        )

    def _read(self, sending: Sending, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        try:
            submits = self._context.providers[sending.task.provider].submits
            return submits.parse_submit(sending, answer)
        except Exception:
            # It may have been accepted: only "unknown" neither loses it nor bills it twice.
            log.exception("the answer to a submit broke the adapter")
            return Unknown("the answer could not be read; see the log")

    def _begin(self, tx: Tx, held: Sequence[Job]) -> list[_Begun | None]:
        """Open attempts for the jobs that may be sent now; settle those that may not."""
        found = tasks.lock_by_key(tx.db, {job.task_key for job in held})
        rooms = self._rooms(tx, found.values())
        ours = jobs.held_of(tx.db, held)
        still = [job for job in held if job in ours]
        unended = attempts.open_of(tx.db, [job.task_key for job in still])
        recorder = Recorder(self._context, tx, found.values())
        sending: dict[Job, Task] = {}
        for job in still:
            task = found[job.task_key]
            account = (task.provider, task.account)
            if job.task_key in unended:
                # Whoever began this attempt vanished with the request perhaps on its way.
                jobs.finish(tx.db, job)
                attempt = unended[job.task_key]
                attempts.end_lost(tx.db, [attempt], now=tx.now)
                recorder.record(task.key, _lost(attempt))  # ignored when it has gone on
            elif task.state is not TaskState.QUEUED:
                jobs.finish(tx.db, job)  # a callback was faster, or the task was cancelled
            elif not self._context.has_account(task):
                log.warning("task %s waits: %s", task.id, ACCOUNT_GONE)
                run_at = tx.now + ACCOUNT_GONE_PAUSE
                jobs.reschedule(tx.db, job, run_at=run_at, spent=False, error=ACCOUNT_GONE)
            elif account in rooms and not rooms[account].takes(task.slots):
                # Another process was faster. It keeps its place, and a freed slot wakes it.
                jobs.reschedule(tx.db, job, run_at=job.run_at, spent=False, error=jobs.WAITING)
            else:
                if account in rooms:
                    rooms[account] = rooms[account].without(task.slots)
                sending[job] = task
        begun = self._open(tx, sending)
        recorder.flush()
        return [begun.get(job.task_key) for job in held]

    def _open(self, tx: Tx, sending: Mapping[Job, Task]) -> dict[int, _Begun]:
        if not sending:
            return {}
        going = list(sending.values())
        keys = [task.key for task in going]
        tasks.hold_slots(tx.db, keys)
        jobs.renew(tx.db, list(sending), until=tx.lease_now + self._context.policy.lease)
        opened = attempts.open_many(tx.db, going, now=tx.now)
        bodies = tasks.input_of(tx.db, keys)
        return {task.key: _Begun(task, opened[task.key], bodies[task.key]) for task in going}

    def _rooms(self, tx: Tx, wanted: Iterable[Task]) -> dict[tuple[str, str], jobs.Room]:
        """Free slots of each capped account, counted under its lock."""
        caps = {
            (task.provider, task.account): cap
            for task in wanted
            if self._context.has_account(task)
            and (cap := self._context.account(task).max_in_flight) is not None
        }
        if not caps:
            return {}
        for provider, account in sorted(caps):
            tx.lock_account(provider, account)
        held = tasks.slots_held(tx.db, caps)
        return {name: jobs.Room(cap - held.get(name, 0), cap) for name, cap in caps.items()}

    def _end(self, tx: Tx, ended: Sequence[_Ended]) -> list[None]:
        """Record outcomes. The open attempt row is the fence: whoever lost it, lost the say.

        Only that the provider has the task stays true, whoever learns it: that is recorded as if
        a callback had said it, and keeps a second submit from being made.
        """
        found = tasks.lock_by_key(tx.db, {item.begun.task.key for item in ended})
        recorder = Recorder(self._context, tx, found.values())
        for item in ended:
            if attempts.end(tx.db, _ended_attempt(item, tx)):
                self._conclude(tx, recorder, item)
            elif isinstance(item.outcome, Accepted):
                recorder.record(item.begun.task.key, _sighting(item, item.outcome))
                # Thrown away, what nothing else can tell would be lost: a result, further tasks.
                self._take_in(tx, recorder, item, item.outcome)
        recorder.flush()
        return [None] * len(ended)

    def _conclude(self, tx: Tx, recorder: Recorder, item: _Ended) -> None:
        event = self._event(item)
        if event is None:
            retry_at = self._retry_at(tx, item)
            if retry_at is not None:
                self._try_later(tx, recorder, item, retry_at)
                return
            event = _abandoned(item)
        recorder.record(item.begun.task.key, event)
        if isinstance(item.outcome, Accepted):
            self._take_in(tx, recorder, item, item.outcome)
        jobs.finish(tx.db, item.job)

    def _take_in(self, tx: Tx, recorder: Recorder, item: _Ended, accepted: Accepted) -> None:
        """Record what an answer says beyond acceptance: a result, and further tasks."""
        attempt = item.begun.attempt.key
        if accepted.said is not None:
            said = replace(accepted.said.as_event(Source.SUBMIT), attempt=attempt)
            recorder.record(item.begun.task.key, said)
        if accepted.look_now and recorder.task(item.begun.task.key).state in AT_PROVIDER:
            recorder.poll_soon(item.begun.task.key)
        if not accepted.parts:
            return
        known = tasks.owners(
            tx.db,
            item.begun.task.provider,
            item.begun.task.account,
            {part.provider_task_id for part in accepted.parts},
        )
        new = [part for part in accepted.parts if part.provider_task_id not in known]
        inserted = self._insert_parts(tx, [self._part(tx, item.begun.task, part) for part in new])
        tasks.insert_inputs(tx.db, [(task, item.begun.body) for task in inserted])
        labels.insert_many(tx.db, inserted)
        for task in inserted:
            recorder.start(lifecycle.part(task, attempt))

    def _insert_parts(self, tx: Tx, made: Sequence[Task]) -> list[Task]:
        """Insert tasks that the provider has made. One whose name is taken gets its id as name."""
        inserted = tasks.insert_many(tx.db, made)
        unnamed = [
            replace(task, external_task_id=str(task.id))
            for task, row in zip(made, inserted, strict=True)
            if row is None
        ]
        rows = [*inserted, *(tasks.insert_many(tx.db, unnamed) if unnamed else ())]
        return [row for row in rows if row is not None]

    def _part(self, tx: Tx, first: Task, part: Part) -> Task:
        return replace(
            as_accepted(first),
            key=0,
            id=new_id(),
            external_task_id=f"{first.external_task_id}::{part.mark}",
            provider_task_id=part.provider_task_id,
            parent_id=first.id,
            state=TaskState.SUBMITTED,
            created_at=tx.now,
            updated_at=tx.now,
            submitted_at=tx.now,
            give_up_at=tx.now + self._context.policy.give_up,
        )

    def _try_later(self, tx: Tx, recorder: Recorder, item: _Ended, retry_at: datetime) -> None:
        spent = not isinstance(item.outcome, Deferred) or item.outcome.spends_attempt
        if recorder.task(item.begun.task.key).state is TaskState.QUEUED:
            tasks.free_slots(tx.db, [item.begun.task.key])
            tx.woken.add(JobKind.SUBMIT)  # somebody may be waiting for the slot
        jobs.reschedule(tx.db, item.job, run_at=retry_at, spent=spent, error=_words(item.outcome))

    def _event(self, item: _Ended) -> Event | None:
        """Return the outcome as an event; None when it is only a reason to try again."""
        attempt = item.begun.attempt.key
        match item.outcome:
            case Accepted() as accepted:
                return Event(
                    EventKind.SUBMIT_ACCEPTED,
                    Source.SUBMIT,
                    provider_status=accepted.word,
                    provider_task_id=accepted.provider_task_id,
                    attempt=attempt,
                    context=accepted.context,
                    costs=accepted.costs,
                )
            case Refused() as refused:
                return Event(
                    EventKind.SUBMIT_REFUSED,
                    Source.SUBMIT,
                    message=refused.message,
                    error=TaskError("refused", refused.code, refused.message),
                    attempt=attempt,
                )
            case Unknown() as unknown:
                return Event(
                    EventKind.SUBMIT_UNKNOWN, Source.SUBMIT, message=unknown.reason, attempt=attempt
                )
            case Deferred(once=True) as deferred if item.job.attempts > 0:
                return Event(
                    EventKind.SUBMIT_REFUSED,
                    Source.SUBMIT,
                    message=deferred.message,
                    error=TaskError("refused", deferred.code, deferred.message),
                    attempt=attempt,
                )
            case Deferred() | NotSent():
                return None

    def _retry_at(self, tx: Tx, item: _Ended) -> datetime | None:
        """When to try again; None once the tries are spent."""
        attempt, jitter = item.job.attempts + 1, self._context.jitter()
        match item.outcome:
            case Deferred(once=True):
                return tx.now + _ONCE_PAUSE
            case Deferred(spends_attempt=False) as busy:
                waited = item.begun.attempt.number
                return retry.BUSY.next_at(
                    waited, now=tx.now, jitter=jitter, retry_after_s=busy.retry_after_s
                )
            case Deferred() as deferred:
                return retry.SUBMIT.next_at(
                    attempt, now=tx.now, jitter=jitter, retry_after_s=deferred.retry_after_s
                )
            case _:
                return retry.SUBMIT.next_at(attempt, now=tx.now, jitter=jitter)


def _ended_attempt(item: _Ended, tx: Tx) -> Attempt:
    outcome = item.outcome
    return replace(
        item.begun.attempt,
        ended_at=tx.now,
        outcome=_name_of(outcome),
        certainty=certainty_of(outcome),
        http_status=item.http_status,
        code=getattr(outcome, "code", None),
        message=_words(outcome),
        latency_ms=item.latency_ms,
        provider_task_id=getattr(outcome, "provider_task_id", None),
        provider_request_id=getattr(outcome, "request_id", None),
    )


_OUTCOMES: Mapping[type, str] = {
    Accepted: "accepted",
    Refused: "refused",
    Deferred: "deferred",
    NotSent: "not_sent",
    Unknown: "unknown",
}


def _name_of(outcome: SubmitOutcome) -> str:
    if isinstance(outcome, Unknown) and outcome.exists:
        return "exists"
    return _OUTCOMES[type(outcome)]


def _words(outcome: SubmitOutcome) -> str | None:
    match outcome:
        case NotSent(reason=reason) | Unknown(reason=reason):
            return reason
        case Refused(message=message) | Deferred(message=message) | Accepted(message=message):
            return message


def _lost(attempt: int) -> Event:
    return Event(
        EventKind.SUBMIT_UNKNOWN,
        Source.SUBMIT,
        message="the process that sent it vanished before it could record the outcome",
        attempt=attempt,
    )


def _sighting(item: _Ended, accepted: Accepted) -> Event:
    return Event(
        EventKind.SEEN_SUBMITTED,
        Source.SUBMIT,
        message="the answer to an attempt that was counted as lost",
        provider_status=accepted.word,
        provider_task_id=accepted.provider_task_id,
        attempt=item.begun.attempt.key,
        context=accepted.context,
    )


def _abandoned(item: _Ended) -> Event:
    reason = f"never reached the provider: {_words(item.outcome)}"
    return Event(
        EventKind.SUBMIT_ABANDONED,
        Source.SUBMIT,
        message=reason,
        error=TaskError("never_submitted", getattr(item.outcome, "code", None), reason),
        attempt=item.begun.attempt.key,
    )
