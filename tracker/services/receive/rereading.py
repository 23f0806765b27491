"""Read the receipts of a task again, and compare the task with what they say today.

Callbacks are read by `parse_callback`, answers to queries by `parse_poll`. Of an answer neither its
status nor what the query was about is kept, so that one counts only where it still says the word
that its step recorded. Answers to creates are not read again: what they led to stands.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from tracker.domain.errors import CallbackRejected
from tracker.domain.events import EventKind, Source
from tracker.domain.exchange import HttpResult
from tracker.domain.lifecycle import Transition, Verdict
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.refolding import ReadReceipt, Refolded, RereadKind, refold
from tracker.domain.task import Task
from tracker.providers.kit.denials import doubt_denial
from tracker.providers.ports.adapter import Asking
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.services.context import Context
from tracker.store.receipts import Receipt
from tracker.store.refolds import KeptReceipt, StoredTask

log = logging.getLogger(__name__)

_IDLE = frozenset(
    {
        *(Verdict.ADVANCED, Verdict.DUPLICATE, Verdict.STALE, Verdict.CONFLICT),
        *(Verdict.UNKNOWN_STATUS, Verdict.MALFORMED),
    }
)
"""Receipts that moved nothing and may say something today. The others nobody vouches for."""


class Unreadable(Exception):
    """Nobody can read a receipt today."""


class ReceiptRereader:
    """Reads receipts as the adapters of this release do. Asks neither database nor provider."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    def compare(self, stored: StoredTask, *, actor: str) -> Refolded:
        """Compare a task with what its receipts are read as today. actor: who corrects it."""
        task = stored.task
        steps = {step.receipt: step for step in reversed(stored.history) if _may_differ(step)}
        bodies = {one.key: one.body for one in stored.receipts}
        read: list[ReadReceipt] = []
        for one in stored.receipts:
            if one.source is Source.SUBMIT:
                continue
            step = steps.get(one.key)
            if step is None and not _may_speak(one, task):
                continue
            body = one.body if one.duplicate_of is None else bodies.get(one.duplicate_of)
            if body is None or len(body) < one.size_bytes:
                return Refolded(RereadKind.GONE, task)
            try:
                said = self._read_observations(task, one, body, step)
            except Unreadable:
                if step is None or step.kind is EventKind.SEEN_CANCELLED:
                    continue  # it moved nothing, or may be the answer to a request to cancel
                return Refolded(RereadKind.UNREADABLE, task)
            read.append(ReadReceipt(one.key, one.source, one.received_at, said))
        return refold(task, stored.history, read, actor=actor)

    def compare_all(
        self, found: Sequence[StoredTask], *, actor: str
    ) -> list[tuple[Task, Refolded]]:
        """Compare many tasks; one that cannot be compared is UNREADABLE, and the log says why."""
        results = []
        for stored in found:
            try:
                compared = self.compare(stored, actor=actor)
            except Exception:
                log.exception("task %(task)s cannot be folded again", {"task": stored.task.id})
                compared = Refolded(RereadKind.UNREADABLE, stored.task)
            results.append((stored.task, compared))
        return results

    def _read_observations(
        self, task: Task, one: KeptReceipt, body: bytes, step: Transition | None
    ) -> tuple[Observation, ...]:
        """Return what a receipt says of a task today. Raises Unreadable."""
        if one.source is Source.CALLBACK:
            said = self._read_callback(task, one.headers or {}, body)
        else:
            said = self._read_answer(task, one.received_at, body)
            if step is not None and said[0].word != step.provider_status:
                raise Unreadable
        if step is not None and not said:
            raise Unreadable
        return said

    def _read_callback(
        self, task: Task, headers: Mapping[str, str], body: bytes
    ) -> tuple[Observation, ...]:
        calls_back = self._context.providers[task.provider].calls_back
        if calls_back is None:
            raise Unreadable
        try:
            told = calls_back.parse_callback(Inbound("POST", "", "", headers, body))
        except CallbackRejected:
            raise Unreadable from None
        return tuple(
            doubt_denial(said)
            for said in told
            if isinstance(said, Observation) and (len(told) == 1 or is_about(said, task))
        )

    def read_answer(self, task: Task, kept: Receipt) -> tuple[Observation, ...]:
        """Return what the answer to a query about a task says today. Raises Unreadable."""
        return self._read_answer(task, kept.received_at, kept.body or b"")

    def _read_answer(self, task: Task, at: datetime, body: bytes) -> tuple[Observation, ...]:
        polls = self._context.providers[task.provider].polls
        if polls is None or not self._context.has_account(task):
            raise Unreadable
        asking = Asking(self._context.get_account(task), (task,), at)
        (outcome,) = polls.parse_poll(asking, HttpResult(200, {}, body))
        if not isinstance(outcome, Observed):
            raise Unreadable
        return (doubt_denial(outcome.observation),)


def is_about(said: Observation | Hint, task: Task) -> bool:
    """Tell whether one of several statements names a task."""
    return said.external_task_id == task.external_task_id or (
        said.provider_task_id is not None and said.provider_task_id == task.provider_task_id
    )


def _may_differ(step: Transition) -> bool:
    return step.receipt is not None and step.kind is not EventKind.REREAD


def _may_speak(one: KeptReceipt, task: Task) -> bool:
    """Tell whether a receipt that moved nothing may say something of a task."""
    is_own = one.task_key == task.key and one.duplicate_of is None
    return is_own and one.verdict in _IDLE
