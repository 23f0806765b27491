"""Find the truth about a silent task by asking its provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.events import Event, Kind, Source
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Observed, PollOutcome, Unanswered
from tracker.domain.polling import confirmations
from tracker.domain.signals import Point
from tracker.domain.task import AT_PROVIDER, Task
from tracker.services.context import Context
from tracker.services.leases import finish
from tracker.services.transition import Recorder, next_look
from tracker.store import jobs, receipts, tasks
from tracker.store.jobs import Job
from tracker.store.receipts import Receipt
from tracker.store.transaction import Tx

_TOLD_NOTHING = frozenset({Verdict.DUPLICATE, Verdict.STALE})
"""Poll answers with these verdicts are not kept: most say "still working"."""


@dataclass(frozen=True, slots=True)
class _Looked:
    job: Job
    answer: HttpResult | HttpFailure
    outcome: PollOutcome


class Reconciliation:
    """Carries out jobs of kind `reconcile`."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def run(self, job: Job) -> None:
        """One job, one look. Raises Unavailable; anything else raised is a bug."""
        context = self._context
        found = await context.store.read(lambda db: tasks.get_by_key(db, job.task_key))
        if found is None or found.state not in AT_PROVIDER:
            await context.store.write(finish, job)
            return
        provider = context.providers[found.provider]
        call = provider.build_poll(context.account(found), found, now=context.clock.now())
        context.at(Point.POLL_BUILT)
        answer = await context.egress.call_provider(call)
        context.at(Point.POLL_ANSWERED)
        outcome = provider.parse_poll(answer)
        await context.store.write(self._settle, _Looked(job, answer, outcome))
        context.at(Point.POLL_RECORDED)

    def _settle(self, tx: Tx, looked: Sequence[_Looked]) -> list[None]:
        found = tasks.lock_by_key(tx.db, {item.job.task_key for item in looked})
        recorder = Recorder(self._context, tx, found.values())
        for item in looked:
            if jobs.is_held(tx.db, item.job) and item.job.task_key in found:
                self._settle_one(tx, recorder, item)
        recorder.flush()
        return [None] * len(looked)

    def _settle_one(self, tx: Tx, recorder: Recorder, item: _Looked) -> None:
        task = recorder.task(item.job.task_key)
        if task.state not in AT_PROVIDER:
            jobs.finish(tx.db, item.job)
            return
        match item.outcome:
            case Observed(observation=said):
                self._observe(tx, recorder, item, said)
                look_at = next_look(self._context, recorder.task(task.key), tx.now)
            case Absent():
                look_at = self._deny(tx, recorder, task)
            case Unanswered() as silent:
                asked_s = silent.retry_after_s or (30.0 if silent.slow_down else 0.0)
                look_at = next_look(self._context, task, tx.now, asked_s=asked_s)
        if recorder.task(task.key).state in AT_PROVIDER:
            reason = item.outcome.reason if isinstance(item.outcome, Unanswered) else None
            jobs.reschedule(tx.db, item.job, run_at=look_at, spent=True, error=reason)
        else:
            jobs.finish(tx.db, item.job)

    def _observe(self, tx: Tx, recorder: Recorder, item: _Looked, said: Observation) -> None:
        task = recorder.task(item.job.task_key)
        verdict, reason, step = Verdict.MISMATCH, None, None
        if said.external_task_id and said.external_task_id != task.external_task_id:
            reason = f"asked for this task, told of {said.external_task_id[:128]!r}"
        else:
            step = recorder.record(task.key, said.as_event(Source.POLL))
            verdict = step.verdict
        if task.absences and (step is None or step.transition is None):
            tasks.set_absences(tx.db, {task.key: 0})
        if verdict in _TOLD_NOTHING:
            return
        kept = receipts.insert_many(
            tx.db, [_receipt(task, item, tx, verdict, reason)], repeats=False
        )[0]
        if step is not None and step.transition is not None and kept is not None:
            recorder.cite(step, receipt=kept.key)

    def _deny(self, tx: Tx, recorder: Recorder, task: Task) -> datetime:
        """The provider never heard of it: believed only when said again after a pause."""
        denials = task.absences + 1
        if denials >= confirmations(task.state):
            message = f"the provider does not know it (said {denials} times)"
            recorder.record(task.key, Event(Kind.ABSENT, Source.POLL, message=message))
        else:
            tasks.set_absences(tx.db, {task.key: denials})
        return tx.now + self._context.policy.polls.confirm * float(2 ** (denials - 1))


def _receipt(task: Task, item: _Looked, tx: Tx, verdict: Verdict, reason: str | None) -> Receipt:
    body = item.answer.body if isinstance(item.answer, HttpResult) else b""
    # What is said twice at one version is one piece of evidence; request ids in the answer differ,
    # so that for what moved nothing the words are the mark and not the bytes.
    said = item.outcome.observation if isinstance(item.outcome, Observed) else None
    mark = body if verdict is Verdict.ADVANCED else f"{said and said.word}\n{reason}".encode()
    return Receipt(
        tenant=task.tenant,
        provider=task.provider,
        task_key=task.key,
        source=Source.POLL,
        verdict=verdict,
        reason=reason,
        received_at=tx.now,
        fingerprint=receipts.fingerprint(task.provider, f"{task.id}/{task.version}", mark),
        size_bytes=len(body),
        body=body,
    )
