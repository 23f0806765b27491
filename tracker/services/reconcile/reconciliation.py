"""Find the truth about a silent task by asking its provider."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.domain.errors import Unavailable
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.expectation import NOTHING_KNOWN
from tracker.domain.ignored import explain_ignored
from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation, Part
from tracker.domain.outcome import (
    Absent,
    Alike,
    CancelAsked,
    Cancelled,
    CancelOutcome,
    CancelUnknown,
    Follow,
    Gone,
    NotSeen,
    Observed,
    PollOutcome,
    TooLate,
    Unanswered,
)
from tracker.domain.retry import RETRY_AFTER_CAP_S
from tracker.domain.signals import CrashPoint
from tracker.domain.task import (
    AT_PROVIDER,
    OPEN,
    Awaits,
    Task,
    TaskState,
    is_askable,
)
from tracker.providers.ports.callbacks import Inbound
from tracker.services.asking import (
    CANNOT_ASK,
    LookOutcome,
    ask,
    is_asked_alone,
    is_cancel_due,
)
from tracker.services.context import ACCOUNT_GONE, ACCOUNT_GONE_PAUSE, Context
from tracker.services.created_parts import CreatedParts, take_in_parts
from tracker.services.leases import finish
from tracker.services.reconcile.absences import Absences
from tracker.services.reconcile.evidence import build_receipt
from tracker.services.reconcile.grouping import group_tasks
from tracker.services.reconcile.likeness import choose
from tracker.services.reconcile.look_pace import LookPace
from tracker.services.recorder import Recorder, compute_next_look
from tracker.store import attempts, jobs, receipts, task_inputs, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job
from tracker.telemetry.metrics import POLLS, get_name

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 16
"""Calls to one account at once, of those that are made for one run."""
BRAKE_S = 30.0
"""How long an account is left alone that answered "too many" without saying for how long."""
_ALONE_FOR = timedelta(minutes=10)
"""How long an account that refused to be asked for several tasks at once is asked one by one."""
_NOBODY_TO_ASK: PollOutcome = Unanswered(ACCOUNT_GONE, ACCOUNT_GONE_PAUSE.total_seconds())
_TOLD_NOTHING = frozenset({Verdict.DUPLICATE, Verdict.STALE})
"""Poll answers with these verdicts are not kept: most say "still working"."""


@dataclass(frozen=True, slots=True)
class _LookResult:
    """One look at one task. task: as it was when it was asked about."""

    job: Job
    task: Task
    answer: HttpResult | HttpFailure
    outcome: LookOutcome


@dataclass(slots=True)
class _Brake:
    """The back-off of an account whose provider answered that it is polled too often."""

    until: datetime
    asked_s: float


class Reconciliation:
    """Carries out jobs of kind `reconcile`."""

    def __init__(self, context: Context) -> None:
        """One per process: it remembers which accounts asked us to slow down, and which do not
        let us ask for several tasks at once.
        """
        self._context = context
        self._absences = Absences(context)
        self._pace = LookPace(context)
        self._brakes: dict[str, _Brake] = {}
        self._alone_until: dict[str, datetime] = {}

    async def run(self, held: Sequence[Job]) -> None:
        """Look at each job of one lane once, in as few calls as the adapter can do with.

        Raises Unavailable; anything else raised is a bug.
        """
        context = self._context
        keys = [job.task_key for job in held]
        found = await context.store.read(lambda db: tasks.get_by_keys(db, keys))
        open_ = {key: task for key, task in found.items() if is_askable(task)}
        idle = [job for job in held if job.task_key not in open_]
        if idle:
            await context.store.write(finish, tuple(idle))
        without_account = [key for key, task in open_.items() if not context.has_account(task)]
        if without_account:
            log.warning(
                "tasks wait: %(tasks)d of %(lane)s: %(reason)s",
                {"tasks": len(without_account), "lane": held[0].lane, "reason": ACCOUNT_GONE},
            )
            unasked = [
                _LookResult(job, open_[job.task_key], CANNOT_ASK, _NOBODY_TO_ASK)
                for job in held
                if job.task_key in without_account
            ]
            await asyncio.gather(
                *(context.store.write(self._settle, one, is_patient=True) for one in unasked)
            )
            open_ = {key: task for key, task in open_.items() if key not in without_account}
        await self._pace.measure(held[0].lane)
        looking = {job.task_key: job for job in held if job.task_key in open_}
        gate = asyncio.Semaphore(CALLS_AT_ONCE)
        await asyncio.gather(
            *(
                self._look(group, [looking[task.key] for task in group], gate)
                for group in self._group_tasks(held[0].lane, list(open_.values()))
            )
        )

    def _group_tasks(self, lane: str, wanted: Sequence[Task]) -> Iterable[Sequence[Task]]:
        """Group tasks by the call that polls them. All are of one lane, and so of one account."""
        if not wanted:
            return []
        context = self._context
        polls = context.providers[wanted[0].provider].polls
        alone_until = self._alone_until.get(lane)
        is_refused = alone_until is not None and alone_until > context.clock.now()
        if polls is None or polls.together < 2 or is_refused:
            return [(task,) for task in wanted]
        alone = [task for task in wanted if is_asked_alone(context, task)]
        shared = [task for task in wanted if task not in alone] if alone else wanted
        return [
            *group_tasks(polls, context.get_account(wanted[0]), shared),
            *((one,) for one in alone),
        ]

    async def _look(
        self, group: Sequence[Task], held: Sequence[Job], gate: asyncio.Semaphore
    ) -> None:
        """Make one call, and record what it says of each task of the group."""
        context, lane = self._context, held[0].lane
        async with gate:
            now = context.clock.now()
            brake = self._brakes.get(lane)
            if brake is not None and brake.until > now:
                await context.store.write(self._postpone, _Braked(tuple(held), brake))
                return
            context.at(CrashPoint.POLL_BUILT)
            asked = await ask(context, group)
        context.at(CrashPoint.POLL_ANSWERED)
        self._apply_slowdown(lane, asked.outcomes)
        looked = [
            _LookResult(job, task, asked.answer, outcome)
            for job, task, outcome in zip(held, group, asked.outcomes, strict=True)
        ]
        # What is asked for by itself already is not asked for so again.
        for item in looked:
            POLLS.add((item.task.provider, item.task.account, get_name(item.outcome)))
        settled = [item for item in looked if len(looked) == 1 or not _must_be_alone(item)]
        await asyncio.gather(*(self._record(item) for item in settled))
        context.at(CrashPoint.POLL_RECORDED)
        if len(settled) < len(looked):
            await self._look_alone(group, looked, gate)

    async def _record(self, item: _LookResult) -> None:
        """Write down what was learnt; an answer that cannot be written down told us nothing.

        Otherwise the look would be made again and again, and raise each time. Raises Unavailable.
        """
        write = self._context.store.write
        try:
            await write(self._settle, item, is_patient=True)
        except Unavailable:
            raise
        except Exception:
            if isinstance(item.outcome, Unanswered):
                raise  # nothing of the answer is in it
            log.exception("the answer to a poll could not be recorded")
            nothing = Unanswered("the answer could not be recorded; see the log")
            await write(self._settle, replace(item, outcome=nothing), is_patient=True)

    async def _look_alone(
        self, group: Sequence[Task], looked: Sequence[_LookResult], gate: asyncio.Semaphore
    ) -> None:
        """Ask for each by itself that the answer for all did not speak of."""
        if all(_must_be_alone(item) for item in looked):
            self._alone_until[looked[0].job.lane] = self._context.clock.now() + _ALONE_FOR
        await asyncio.gather(
            *(
                self._look([task], [item.job], gate)
                for task, item in zip(group, looked, strict=True)
                if _must_be_alone(item)
            )
        )

    def _apply_slowdown(self, lane: str, outcomes: Iterable[LookOutcome]) -> None:
        """Apply a provider's wish to slow down to the whole account, not only to one task."""
        for outcome in outcomes:
            if isinstance(outcome, Unanswered) and outcome.slow_down:
                asked_s = min(outcome.retry_after_s or BRAKE_S, RETRY_AFTER_CAP_S)
                until = self._context.clock.now() + timedelta(seconds=asked_s)
                self._brakes[lane] = _Brake(until, asked_s)

    def _postpone(self, tx: Tx, braked: Sequence["_Braked"]) -> list[None]:
        """Put looks off without spending them: nobody was asked."""
        for item in braked:
            for job in item.held:
                spread = timedelta(seconds=item.brake.asked_s) * self._context.jitter()
                jobs.reschedule(
                    tx.db,
                    job,
                    run_at=item.brake.until + spread,
                    spent=False,
                    error="the provider asked us to slow down",
                )
        return [None] * len(braked)

    def _settle(self, tx: Tx, looked: Sequence[_LookResult]) -> list[None]:
        found = tasks.lock_by_key(tx.db, {item.job.task_key for item in looked})
        recorder = Recorder(self._context, tx, found.values())
        held = jobs.lock_held(tx.db, [item.job for item in looked])
        taken = set[str]()
        for item in looked:
            if item.job in held:
                self._settle_one(tx, recorder, item, taken)
        recorder.flush()
        return [None] * len(looked)

    def _settle_one(self, tx: Tx, recorder: Recorder, item: _LookResult, taken: set[str]) -> None:
        task = recorder.get_task(item.job.task_key)
        if not is_askable(task):
            jobs.finish(tx.db, [item.job])
            return
        if isinstance(item.outcome, Alike):
            item = replace(item, outcome=choose(tx, task, item.outcome, taken))
        match item.outcome:
            case Observed(observation=said):
                self._observe(tx, recorder, item, said)
                look_at = self._look_after(recorder.get_task(task.key), said, tx.now)
            case Absent() as absent:
                look_at = self._absences.settle(tx, recorder, task, absent)
            case Unanswered() as silent:
                asked_s = silent.retry_after_s or (BRAKE_S if silent.slow_down else 0.0)
                look_at = compute_next_look(self._context, task, tx.now, asked_s=asked_s)
            case NotSeen() | Follow() | Alike():
                look_at = compute_next_look(self._context, task, tx.now)
            case cancel:
                look_at = self._settle_cancel(tx, recorder, item, cancel)
        if task.awaits is Awaits.DETAIL:
            self._accept_unconfirmed_callback(tx, recorder, task)
        task = recorder.get_task(task.key)
        if is_cancel_due(self._context, task) and not is_cancel_due(self._context, item.task):
            look_at = tx.now  # a caller asked for it meanwhile, and found the job taken
        if _is_to_go_on(task, look_at):
            reason = getattr(item.outcome, "reason", None)
            jobs.reschedule(tx.db, item.job, run_at=look_at, spent=True, error=reason)
        else:
            jobs.finish(tx.db, [item.job])

    def _observe(self, tx: Tx, recorder: Recorder, item: _LookResult, said: Observation) -> None:
        task = recorder.get_task(item.job.task_key)
        verdict, reason, step = Verdict.MISMATCH, None, None
        if said.external_task_id and said.external_task_id != task.external_task_id:
            reason = f"asked for this task, told of {said.external_task_id[:128]!r}"
        else:
            if said.state is None and task.state is TaskState.UNCERTAIN:
                # Whatever the word means, the task exists: it must not be sent again.
                said = replace(said, state=TaskState.SUBMITTED)
            step = recorder.record(task.key, said.convert_to_event(Source.POLL))
            verdict = step.verdict
            reason = explain_ignored(said, verdict, task.state)
            if said.parts:
                self._take_in_parts(tx, recorder, task, said.parts)
        if task.absences and (step is None or step.transition is None):
            tasks.set_absences(tx.db, {task.key: 0}, now=tx.now)
        if verdict in _TOLD_NOTHING:
            return
        evidence = replace(
            build_receipt(task, (item.answer, item.outcome), verdict, reason, tx.now),
            reader=self._context.providers[task.provider].revision,
        )
        (key,) = receipts.insert_first(tx.db, [evidence])()
        if step is not None and step.transition is not None and key is not None:
            recorder.cite_evidence(step, receipt=key)

    def _take_in_parts(self, tx: Tx, recorder: Recorder, task: Task, parts: Sequence[Part]) -> None:
        """Take in what a create made whose answer was lost, or did not tell of it."""
        last = attempts.find_last(tx.db, task.key)
        if last is not None:
            body = task_inputs.get_by_keys(tx.db, [task.key]).get(task.key, b"{}")
            made = CreatedParts(parts, body, last.key)
            take_in_parts(self._context, tx, recorder, task, made)

    def _accept_unconfirmed_callback(self, tx: Tx, recorder: Recorder, task: Task) -> None:
        """Let a callback's verdict count as it is when its detail does not come soon."""
        if recorder.get_task(task.key).state not in AT_PROVIDER:
            return
        kept = receipts.find_last_unconfirmed(tx.db, task.key)
        if kept is None or tx.now < kept.received_at + self._context.policy.polls.confirm:
            return
        calls_back = self._context.providers[task.provider].calls_back
        if calls_back is None:
            return
        inbound = Inbound("POST", "", "", kept.headers or {}, kept.body or b"")
        for said in calls_back.parse_callback(inbound):
            if isinstance(said, Observation):
                recorder.record(task.key, said.convert_to_event(Source.CALLBACK, receipt=kept.key))

    def _look_after(self, task: Task, said: Observation, now: datetime) -> datetime:
        """Return when to look again after an answer."""
        if task.state is TaskState.EXPIRED and said.state in OPEN:
            # It is known again and works: looked at like any other, until its verdict.
            return compute_next_look(self._context, replace(task, follow_up=None), now)
        return compute_next_look(self._context, task, now)

    def _settle_cancel(
        self, tx: Tx, recorder: Recorder, item: _LookResult, outcome: CancelOutcome
    ) -> datetime:
        """Record what became of a request to cancel; return when to look at the task."""
        task, plan = recorder.get_task(item.job.task_key), self._context.policy.polls
        match outcome:
            case Cancelled(word=word):
                self._observe(tx, recorder, item, Observation(TaskState.CANCELLED, word))
            case CancelAsked():
                tasks.set_cancel_sent(tx.db, task.key, now=tx.now)
            case TooLate(message=message):
                recorder.record(
                    task.key, Event(EventKind.CANCEL_REFUSED, Source.POLL, message=message)
                )
            case Gone():
                tasks.set_cancel_sent(tx.db, task.key, now=tx.now)
            case CancelUnknown(retry_after_s=asked_s):
                return plan.compute_next_look(
                    now=tx.now,
                    since=task.cancel_asked_at or tx.now,
                    usual=NOTHING_KNOWN,
                    callbacks=False,
                    jitter=self._context.jitter(),
                    asked_s=asked_s or 0.0,
                )
        return tx.now + plan.first


def _is_to_go_on(task: Task, look_at: datetime) -> bool:
    """Return whether a task is to be looked at again."""
    if task.state in AT_PROVIDER:
        return True
    in_time = task.give_up_at is None or look_at < task.give_up_at
    return task.follow_up is not None and in_time


@dataclass(frozen=True, slots=True)
class _Braked:
    held: tuple[Job, ...]
    brake: _Brake


def _must_be_alone(item: _LookResult) -> bool:
    return isinstance(item.outcome, Unanswered) and item.outcome.alone
