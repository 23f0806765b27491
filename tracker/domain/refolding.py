"""Fold a task again from its history and from what its receipts are read as today. Pure.

Steps that cite a receipt are taken from the receipt, all others as they stand. What their events
carried is not kept, so that they carry what the task has now: a difference can only come from a
receipt.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.domain.cost import CostOrigin, select_own_estimates
from tracker.domain.events import SEEN, Event, EventKind, Source
from tracker.domain.lifecycle import Transition, Verdict, apply
from tracker.domain.observation import Observation
from tracker.domain.records import record, replace_fields
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.domain.task_moves import move_task

_REREAD = EventKind.REREAD
_ADVANCED = Verdict.ADVANCED
_FIELDS = ("artifacts", "costs", "detail", "message", "error")
"""The fields that a correction may change."""
_TELLING = SEEN | {EventKind.RESULT_COMPLETED, EventKind.NEWS, EventKind.COSTS_CHANGED}
_SUBMIT_ACCEPTED = EventKind.SUBMIT_ACCEPTED


class RereadKind(StrEnum):
    """How a task compares with what its receipts are read as today."""

    SAME = "same"
    RICHER = "richer"
    """Its state stays, with another result, bill, detail, message or error."""
    FREED = "freed"
    """It would move: a word that means something now, say."""
    CONTRADICTS = "contradicts"
    """It would have another verdict."""
    UNREADABLE = "unreadable"
    """A receipt that moved it says nothing any more, or not that."""
    GONE = "gone"
    """The body of a receipt is not kept, or not all of it."""


@record
class ReadReceipt:
    """A receipt as it is read today.

    said:   its statements about the task, in their order.
    source: CALLBACK or POLL.
    """

    key: int
    source: Source
    received_at: datetime
    said: tuple[Observation, ...]


@record
class Refolded:
    """The comparison of a task with what its receipts are read as today.

    folded:     the task as the fold leaves it.
    correction: the event that makes up the difference, where the sort is RICHER.
    fields:     the names of the fields that it changes.
    freeing:    the receipts that move it, in their order, where the sort is FREED.
    """

    sort: RereadKind
    folded: Task
    correction: Event | None = None
    fields: tuple[str, ...] = ()
    freeing: tuple[int, ...] = ()

    @property
    def receipt(self) -> int | None:
        """The receipt that the difference comes from; None where there is none."""
        if self.correction is not None:
            return self.correction.receipt
        return self.freeing[0] if self.freeing else None


class _Fold:
    """The state of one fold: the task so far, and the receipt behind each of its fields."""

    def __init__(self, task: Task, first: Transition) -> None:
        self.now = task
        self.task = replace_fields(
            task,
            state=first.to_state,
            version=1,
            provider_status=None,
            message=None,
            progress=None,
            artifacts=(),
            error=None,
            costs=select_own_estimates(task.costs),
            detail=None,
            overdue=False,
            follow_up=None,
            submitted_at=None,
            finished_at=None,
            stage=None,
            blocked_at=None,
            cancel_asked_at=None,
            cancel_sent_at=None,
        )
        self.origins: dict[str, int | None] = {}
        self.moves: list[tuple[Event, TaskState, TaskState]] = []
        """Each step of a receipt: its event, the states before and after it."""

    def read(self, receipt: ReadReceipt, step: Transition | None) -> None:
        """Apply what a receipt says. step: the first one that cites it; None where none does."""
        for said in receipt.said:
            if said.state is None and self.task.state is TaskState.UNCERTAIN:
                # Whatever the word means, the task exists.
                said = replace_fields(said, state=TaskState.SUBMITTED)  # noqa: PLW2901
            event = said.convert_to_event(receipt.source, receipt=receipt.key)
            self._take(event, step, receipt.received_at if step is None else step.at)

    def stand(self, step: Transition) -> None:
        """Apply a step without a receipt."""
        self._take(_make_event(self.now, step), step, step.at)

    def _take(self, event: Event, step: Transition | None, at: datetime) -> None:
        before = self.task
        made = apply(before, event, now=at)
        after = made.task
        if made.verdict is not _ADVANCED:
            # The rules saw more when it happened than is kept of it.
            if step is None or event.kind is not step.kind or before.state is not step.from_state:
                return
            after = move_task(before, event, step.to_state, now=at)
        self.task = after
        for name in _FIELDS:
            if getattr(after, name) is not getattr(before, name):
                self.origins[name] = event.receipt
        if event.receipt is not None:
            self.moves.append((event, before.state, after.state))


def refold(
    task: Task,
    history: Sequence[Transition],
    receipts: Iterable[ReadReceipt],
    *,
    actor: str | None,
) -> Refolded:
    """Compare a task with what its receipts are read as today.

    history:  all of it, oldest first.
    receipts: those that steps cite, and those that say something and moved nothing; by key.
    actor:    who corrects it.
    """
    fold = _Fold(task, history[0])
    for step, receipt in _iterate_in_order(history[1:], {one.key: one for one in receipts}):
        if receipt is not None:
            fold.read(receipt, step)
        elif step is not None:
            fold.stand(step)
    after = fold.task
    if after.state is not task.state:
        return _sort_moved(task, fold)
    fields = tuple(name for name in _FIELDS if _is_different(name, task, after))
    if not fields:
        return Refolded(RereadKind.SAME, after)
    return Refolded(RereadKind.RICHER, after, _make_correction(task, fold, fields, actor), fields)


def _iterate_in_order(
    history: Sequence[Transition], receipts: Mapping[int, ReadReceipt]
) -> Iterator[tuple[Transition | None, ReadReceipt | None]]:
    """Yield steps, and receipts at the first step that cites them or when they came."""
    cited = {step.receipt for step in history if step.kind is not _REREAD}
    idle = [one for key, one in sorted(receipts.items()) if key not in cited]
    index = 0
    used: set[int] = set()
    for step in history:
        if step.kind is _REREAD or step.receipt in used:
            continue
        behind = (step.at, step.receipt or 0)
        while index < len(idle) and (idle[index].received_at, idle[index].key) < behind:
            yield None, idle[index]
            index += 1
        receipt = None if step.receipt is None else receipts.get(step.receipt)
        if receipt is not None:
            used.add(receipt.key)
        yield step, receipt
    yield from ((None, one) for one in idle[index:])


def _make_event(task: Task, step: Transition) -> Event:
    """Return the event of a step without a receipt; task: as it is now."""
    is_telling = step.kind in _TELLING
    is_billed = is_telling or step.kind is _SUBMIT_ACCEPTED
    return Event(
        step.kind,
        step.source,
        provider_status=step.provider_status,
        message=step.message,
        provider_at=step.provider_at,
        provider_task_id=task.provider_task_id,
        progress=task.progress if is_telling else None,
        artifacts=task.artifacts if is_telling else (),
        error=task.error,
        costs=_list_told_costs(task) if is_billed else (),
        detail=task.detail if is_telling else None,
        attempt=step.attempt,
        stage=task.stage if is_telling else None,
        actor=step.actor,
        is_blocked=is_telling and task.blocked_at is not None,
    )


def _sort_moved(task: Task, fold: _Fold) -> Refolded:
    """Sort a task whose fold leads to another state."""
    after = fold.task
    if task.state in VERDICTS:
        sort = RereadKind.CONTRADICTS if after.state in VERDICTS else RereadKind.UNREADABLE
        return Refolded(sort, after)
    entering = (
        index
        for index, (_, was, now) in enumerate(fold.moves)
        if now is after.state and was is not now
    )
    entered = next(entering, None)
    if entered is None or not _is_movable(task, fold.moves[entered][0]):
        return Refolded(RereadKind.SAME, after)
    receipts = (event.receipt for event, _, _ in fold.moves[entered:])
    freeing = dict.fromkeys(key for key in receipts if key is not None)
    return Refolded(RereadKind.FREED, after, freeing=tuple(freeing))


def _is_movable(task: Task, event: Event) -> bool:
    after = apply(task, event, now=task.updated_at).task
    return after.state is not task.state


def _make_correction(task: Task, fold: _Fold, fields: tuple[str, ...], actor: str | None) -> Event:
    after = fold.task
    sources = [key for name in fields if (key := fold.origins.get(name)) is not None]
    return Event(
        _REREAD,
        Source.OPERATOR,
        message=after.message if "message" in fields else task.message,
        artifacts=after.artifacts if "artifacts" in fields else (),
        error=_correct_error(task, after) if "error" in fields else None,
        costs=_list_told_costs(after) if "costs" in fields else (),
        detail=after.detail if "detail" in fields else None,
        receipt=max(sources),
        actor=actor,
    )


def _correct_error(task: Task, after: Task) -> TaskError | None:
    """Return the error as it is read today; whether it may be taken back was settled then."""
    if task.error is None or after.error is None:
        return after.error
    return replace_fields(after.error, doubtful=task.error.doubtful)


def _list_told_costs(task: Task) -> tuple[Any, ...]:
    return tuple(one for one in task.costs if one.origin is CostOrigin.PROVIDER)


def _is_different(name: str, task: Task, after: Task) -> bool:
    """Return whether a field is read otherwise today; what is said no more stays as it is."""
    was, now = getattr(task, name), getattr(after, name)
    if was == now or not now:
        return False
    if name == "artifacts":
        return len(was) != len(now) or not all(map(_is_same_piece, was, now))
    if name == "error":
        return was is None or (was.code, was.message) != (now.code, now.message)
    return name != "detail" or _convert_to_plain(was) != _convert_to_plain(now)


def _is_same_piece(was: Artifact, now: Artifact) -> bool:
    """Return whether a piece is read as it was; some ends count from when it is read."""
    ends = was.expires_at if now.expires_at and was.expires_at else now.expires_at
    if replace_fields(was, extra={}) != replace_fields(now, extra={}, expires_at=ends):
        return False
    return was.extra == now.extra or _convert_to_plain(was.extra) == _convert_to_plain(now.extra)


def _convert_to_plain(value: Any) -> Any:
    """Return a document as it is read back from where it is kept."""
    return json.loads(json.dumps(value, default=str))
