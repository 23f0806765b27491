"""One try to hand tasks to their provider: write the intent down, send, record what it proves.

The attempt row is committed before the socket opens. Whoever finds it open after the lease ended
knows that the request may have left, and never sends it again blindly.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from tracker.domain import documents, retry
from tracker.domain.errors import Unavailable
from tracker.domain.events import Source
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult, MaySend
from tracker.domain.lifecycle import Step
from tracker.domain.outcome import Accepted, DeferralScope, Deferred, SubmitOutcome, Unknown
from tracker.domain.signals import CrashPoint
from tracker.domain.task import AT_PROVIDER, Awaits, Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Sending
from tracker.services.call_turns import CallPurpose
from tracker.services.context import ACCOUNT_GONE, ACCOUNT_GONE_PAUSE, Context
from tracker.services.created_parts import CreatedParts, take_in_parts
from tracker.services.recorder import Recorder
from tracker.services.submit.attempt_results import (
    LARGE,
    AttemptInput,
    EndedAttempt,
    OpenAttempt,
    build_abandonment,
    build_deferral,
    build_ended_attempt,
    build_lost_event,
    build_sighting,
    convert_to_event,
    find_words,
)
from tracker.services.submit.create_turn import CreateTurn
from tracker.services.submit.free_slots import count_free_slots
from tracker.services.submit.judging_answers import judge_answer
from tracker.services.submit.kept_answers import cite_answers
from tracker.services.submit.pauses import SubmitPauses
from tracker.services.submit.persistent_writes import write_persistently
from tracker.services.submit.streaming import StreamedAnswer
from tracker.services.submit.under_way import CallUnderWay
from tracker.services.submit.waiting_jobs import WaitingJobs
from tracker.store import attempts, held_slots, jobs, task_inputs, tasks
from tracker.store.driver.transaction import Tx, run_last
from tracker.store.jobs import Job
from tracker.telemetry.metrics import SUBMITS, get_name
from tracker.telemetry.tracing import work_on

log = logging.getLogger(__name__)

WITH_FILES_S = 600.0
"""Seconds that an answer may take that holds what the task makes: OpenAI's clients wait so long
(https://github.com/openai/openai-python, 3.57.0, read 2026-11)."""
_ONCE_PAUSE = timedelta(seconds=3)
"""Pause before the one more try that a clock skew deserves (Kling 1003, 1004)."""


class SubmitAttempts:
    """Carries out jobs of kind `submit`."""

    def __init__(self, context: Context) -> None:
        """One per process: it remembers what providers asked to wait."""
        self._context = context
        self._pauses = SubmitPauses(context)
        self.aside = WaitingJobs()

    async def run(self, job: Job) -> None:
        """Carry out one job: one try. Raises Unavailable; anything else raised is a bug."""
        context = self._context
        async with CreateTurn(context, job.lane) as turn:
            await self._pauses.look(job)
            # Before the lease is prolonged, so that it ends for us no later than for others.
            ours_until = context.clock.monotonic() + context.policy.lease.total_seconds()
            begun: OpenAttempt | None = await context.store.write(self._begin, job, is_patient=True)
            turn.is_used = begun is not None
        if begun is None:
            return
        if begun.task.parent_id is not None:
            parent = await context.store.find(tasks.load_by_id, begun.task.parent_id)
            begun = replace(begun, parent=parent)
        context.at(CrashPoint.SUBMIT_BEGUN)
        with work_on("submit", [begun.task]) as traced:
            outcome = await self._try(job, begun, ours_until=ours_until)
            traced.add({"tracker.outcome": outcome})

    async def _try(self, job: Job, begun: OpenAttempt, *, ours_until: float) -> str:
        """Send what was begun and write down what came of it; returns that in a word."""
        context = self._context
        await context.precedence.give_way()
        started = context.clock.monotonic()
        is_large = begun.input.is_large
        if is_large:
            sending = await asyncio.to_thread(self._build_sending, begun)
        else:
            sending = self._build_sending(begun)
        async with AsyncExitStack() as held:
            under_way = CallUnderWay(context, begun)
            streamed = self._open_stream(sending, begun, under_way)
            if streamed is not None:
                await held.enter_async_context(streamed)
            call, is_result = await self._call(sending, streamed, is_large=is_large)
            if is_result:
                await held.enter_async_context(under_way)
            if is_large:  # what is sent is held once; an answer is judged by its small fields
                sending = replace(sending, body=documents.shorten_texts(sending.body, LARGE))
            lasts = call is not None and call.lasts_s > 0 and not is_large

            def may_send() -> bool:
                is_ours = context.clock.monotonic() < ours_until
                if is_ours and is_result:
                    under_way.mark_sent()
                return is_ours

            with self.aside.set_aside(job) if lasts else nullcontext():
                answer = await self._send(sending, call, streamed, may_send)
            latency_ms = round((context.clock.monotonic() - started) * 1000)
            context.at(CrashPoint.SUBMIT_SENT)
            outcome = await self._judge(sending, answer, streamed)
        if lasts:
            await context.precedence.wait_for_lull()
        told = b"" if streamed is None else streamed.describe()
        await self._record(EndedAttempt(job, begun, outcome, answer, latency_ms, told))
        SUBMITS.add((begun.task.provider, begun.task.account, get_name(outcome)))
        context.at(CrashPoint.SUBMIT_RECORDED)
        return get_name(outcome)

    async def _record(self, ended: EndedAttempt) -> None:
        """Write the outcome down. A database that is away for a moment must not make us forget it.

        Raises Unavailable when it stays away; then the open attempt says that nobody knows.
        """
        context = self._context
        await write_persistently(
            context.clock, lambda: context.store.write(self._end, ended, is_patient=True)
        )

    def _build_sending(self, begun: OpenAttempt) -> Sending:
        context, task = self._context, begun.task
        return Sending(
            account=context.get_account(task),
            task=task,
            body=begun.input.read(),
            parent=begun.parent,
            callback_url=context.build_callback_url(task),
            now=context.clock.now(),
        )

    def _open_stream(
        self, sending: Sending, begun: OpenAttempt, under_way: CallUnderWay
    ) -> StreamedAnswer | None:
        """Return what takes an answer that is a stream; None where it is none."""
        streams = self._context.providers[sending.task.provider].streams
        if streams is None:
            return None
        lasts_s = streams.get_time_limit_s(sending.account, sending.task.operation)
        if lasts_s is None:
            return None
        reader = partial(streams.make_reader, sending)
        return StreamedAnswer(self._context, reader, begun, under_way, lasts_s)

    async def _call(
        self, sending: Sending, streamed: StreamedAnswer | None, *, is_large: bool
    ) -> tuple[HttpCall | None, bool]:
        """Build the call, with the time that it may take; None where the adapter cannot.

        Returns also whether its answer is the result, by what the adapter says.
        """
        context = self._context
        try:
            submits = context.providers[sending.task.provider].submits
            if is_large:
                call = await asyncio.to_thread(submits.build_submit, sending)
            else:
                call = submits.build_submit(sending)
        except Exception:
            # Tried again like whatever never left us, and given up like it: it blocks nobody.
            log.exception("the request could not be built")
            return None, False
        lasts_s = call.lasts_s
        is_result = streamed is not None or lasts_s > 0
        if streamed is not None:
            lasts_s = max(lasts_s, streamed.lasts_s)
        elif context.can_hold_files(sending.task):
            lasts_s = max(lasts_s, WITH_FILES_S)
        timed = replace(
            call,
            lasts_s=lasts_s,
            timeout_s=max(context.policy.submit_timeout_s, lasts_s),
            secrets=(*call.secrets, *context.iterate_callback_tokens([sending.task])),
        )
        return timed, is_result

    async def _send(
        self,
        sending: Sending,
        call: HttpCall | None,
        streamed: StreamedAnswer | None,
        may_send: MaySend,
    ) -> HttpResult | HttpFailure:
        """Send it, unless the lease ran out before the first byte could leave.

        A process that was frozen here finds that another has taken over, and must not add a
        second request to the one that the other may have made.
        """
        context = self._context
        if call is None:
            return HttpFailure(Certainty.NOT_SENT, "the request could not be built; see the log")
        return await context.calls.call(
            sending.task.provider,
            sending.account,
            call,
            may_send=may_send,
            files=context.make_sinks(sending.task),
            pieces=None if streamed is None else streamed.open,
            purpose=CallPurpose.CREATE,
            has_turn=True,
        )

    async def _judge(
        self, sending: Sending, answer: HttpResult | HttpFailure, streamed: StreamedAnswer | None
    ) -> SubmitOutcome:
        """Say what the exchange proves. Raises Unavailable where its text cannot be recorded."""
        if streamed is None or not streamed.has_begun:
            submits = self._context.providers[sending.task.provider].submits
            return judge_answer(submits, sending, answer)
        try:
            return await streamed.finish(answer)
        except Unavailable:
            raise
        except Exception:
            log.exception("the end of a stream broke the adapter")
            return Unknown("the end of its stream could not be read; see the log")

    @run_last
    def _begin(self, tx: Tx, held: Sequence[Job]) -> list[OpenAttempt | None]:
        """Open attempts for the jobs that may be sent now; settle those that may not."""
        found = tasks.lock_by_key(tx.db, {job.task_key for job in held})
        rooms = count_free_slots(self._context, tx, found.values())
        ours = jobs.lock_held(tx.db, held)
        still = [job for job in held if job in ours]
        unended = attempts.open_of(tx.db, [job.task_key for job in still])
        recorder = Recorder(self._context, tx, found.values())
        sending: dict[Job, Task] = {}
        for job in still:
            task = found[job.task_key]
            account = (task.provider, task.account)
            if job.task_key in unended:
                # Whoever began this attempt vanished with the request perhaps on its way.
                jobs.finish(tx.db, [job])
                attempt = unended[job.task_key]
                attempts.end_lost(tx.db, [attempt], now=tx.now)
                recorder.record(task.key, build_lost_event(attempt))  # ignored when it has gone on
            elif task.state is not TaskState.QUEUED:
                jobs.finish(tx.db, [job])  # a callback was faster, or the task was cancelled
            elif not self._context.has_account(task):
                log.warning(
                    "task %(task)s waits: %(reason)s", {"task": task.id, "reason": ACCOUNT_GONE}
                )
                run_at = tx.now + ACCOUNT_GONE_PAUSE
                jobs.reschedule(tx.db, job, run_at=run_at, spent=False, error=ACCOUNT_GONE)
            elif (held_back := self._pauses.find(task, tx.now)) is not None:
                run_at, why = held_back
                jobs.reschedule(tx.db, job, run_at=run_at, spent=False, error=why)
            elif account in rooms and not rooms[account].has_room(task.slots):
                # Another process was faster. It keeps its place, and a freed slot wakes it.
                jobs.reschedule(tx.db, job, run_at=job.run_at, spent=False, error=jobs.WAITING)
            else:
                if account in rooms:
                    rooms[account] = rooms[account].subtract_slots(task.slots)
                sending[job] = task
        begun = self._open(tx, sending)
        recorder.flush()
        return [begun.get(job.task_key) for job in held]

    def _open(self, tx: Tx, sending: Mapping[Job, Task]) -> dict[int, OpenAttempt]:
        if not sending:
            return {}
        keys = [task.key for task in sending.values()]
        held_slots.hold(tx.db, keys)
        jobs.extend_lease(tx.db, list(sending), until=tx.lease_now + self._context.policy.lease)
        opened = attempts.open_many(tx.db, list(sending.values()), now=tx.now)
        bodies = task_inputs.get_by_keys(tx.db, keys)
        return {
            task.key: OpenAttempt(task, opened[task.key], AttemptInput(bodies[task.key]))
            for task in sending.values()
        }

    def _end(self, tx: Tx, ended: Sequence[EndedAttempt]) -> list[None]:
        """Record outcomes. Only the worker whose attempt row is still open may record one.

        Of any other, only that the provider has the task is recorded, as if a callback had said it:
        that keeps a second submit from being made.
        """
        found = tasks.lock_by_key(tx.db, {item.begun.task.key for item in ended})
        recorder = Recorder(self._context, tx, found.values())
        proven: list[tuple[EndedAttempt, Step | None]] = []
        rows = [build_ended_attempt(item, tx) for item in ended]
        for item, is_first in zip(ended, attempts.end_many(tx.db, rows), strict=True):
            if is_first:
                proven.append((item, self._conclude(tx, recorder, item)))
            elif isinstance(item.outcome, Accepted):
                recorder.record(item.begun.task.key, build_sighting(item, item.outcome))
                # Thrown away, what nothing else can tell would be lost: a result, further tasks.
                proven.append((item, self._take_in(tx, recorder, item, item.outcome)))
        cite_answers(self._context, tx, recorder, proven)
        recorder.flush()
        return [None] * len(ended)

    def _conclude(self, tx: Tx, recorder: Recorder, item: EndedAttempt) -> Step | None:
        """Record an outcome. Returns the step that rests on the answer's bytes; None: none does."""
        event = convert_to_event(item)
        if event is None:
            if (retry_at := self._retry_at(tx, item)) is not None:
                self._try_later(tx, recorder, item, retry_at)
                return None
            event = build_abandonment(item)
        step: Step | None = recorder.record(item.begun.task.key, event)
        if isinstance(item.outcome, Accepted):
            step = self._take_in(tx, recorder, item, item.outcome)
        jobs.finish(tx.db, [item.job])
        return step

    def _take_in(
        self, tx: Tx, recorder: Recorder, item: EndedAttempt, accepted: Accepted
    ) -> Step | None:
        """Record what an answer says beyond acceptance: a result, and further tasks. See above."""
        attempt, step = item.begun.attempt.key, None
        if accepted.said is not None:
            event = replace(accepted.said.convert_to_event(Source.SUBMIT), attempt=attempt)
            step = recorder.record(item.begun.task.key, event)
        if accepted.look_now and recorder.get_task(item.begun.task.key).state in AT_PROVIDER:
            recorder.poll_soon(item.begun.task.key)
        task, body = item.begun.task, item.begun.input.left
        if body is None and accepted.parts:
            body = task_inputs.get_by_keys(tx.db, [task.key]).get(task.key)
        made = CreatedParts(accepted.parts, body or b"{}", attempt, accepted.provider_task_id)
        take_in_parts(self._context, tx, recorder, task, made)
        return step

    def _try_later(
        self, tx: Tx, recorder: Recorder, item: EndedAttempt, retry_at: datetime
    ) -> None:
        spent = True
        if isinstance(item.outcome, Deferred):
            spent = item.outcome.once or item.outcome.spends_attempt
            self._pauses.pause(item.begun.task, item.outcome.scope, retry_at)
        if recorder.get_task(item.begun.task.key).awaits is Awaits.ANSWER:
            recorder.record(item.begun.task.key, build_deferral(item))
        if recorder.get_task(item.begun.task.key).state is TaskState.QUEUED:
            held_slots.free(tx.db, [item.begun.task.key])
            tx.woken.add(JobKind.SUBMIT)  # somebody may be waiting for the slot
        jobs.reschedule(
            tx.db, item.job, run_at=retry_at, spent=spent, error=find_words(item.outcome)
        )

    def _retry_at(self, tx: Tx, item: EndedAttempt) -> datetime | None:
        """Return when to try again; None once the tries are spent, or the time to wait is over."""
        attempt, jitter = item.job.attempts + 1, self._context.jitter()
        match item.outcome:
            case Deferred(once=True):
                return tx.now + _ONCE_PAUSE
            case Deferred(spends_attempt=False) as busy:
                first_at = attempts.find_first_since_queued(tx.db, item.job)
                since = first_at or item.begun.attempt.started_at
                until = since + self._context.policy.give_up
                is_alone = busy.scope is DeferralScope.TASK
                backoff = retry.build_busy_backoff(tx.now - since) if is_alone else retry.BUSY
                retry_at = backoff.compute_next_try(
                    item.begun.attempt.number,
                    now=tx.now,
                    jitter=jitter,
                    retry_after_s=busy.retry_after_s,
                )
                return min(retry_at or until, until) if tx.now < until else None
            case Deferred(retry_after_s=asked_s):
                return retry.SUBMIT.compute_next_try(
                    attempt, now=tx.now, jitter=jitter, retry_after_s=asked_s
                )
            case _:
                return retry.SUBMIT.compute_next_try(attempt, now=tx.now, jitter=jitter)
