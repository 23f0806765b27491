"""Parts that pages about tasks share: a row, a state, a bill in a few words."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tracker.domain.cost import Cost, Phase
from tracker.domain.task import OPEN, Artifact, ArtifactState, Task, update_overdue
from tracker.locale import Language, translate
from tracker.web.ui.frame.formats import format_amount, format_number, format_unit, shorten
from tracker.web.ui.frame.words import build_translator

Say = Callable[..., str]
_KINDS = frozenset({"video", "image", "audio", "text", "file"})
_LONGEST_SUMMARY = 80
"""Characters of what came of a task, in a list."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task in a list.

    took:     since its submission, until its end or now; is_open says which.
    cost:     the bill in a few words; empty where none is told.
    summary:  what came of it: the error, or the pieces of its result.
    """

    task: Task
    is_open: bool
    took: timedelta
    cost: str
    summary: str


def build_row(task: Task, now: datetime, language: Language) -> TaskRow:
    """Return a task as a row."""
    say = build_translator(language)
    task = update_overdue(task, now)
    is_open = task.state in OPEN
    end = now if task.finished_at is None else task.finished_at
    return TaskRow(
        task=task,
        is_open=is_open,
        took=max(end - task.created_at, timedelta(0)),
        cost=bill_text(task.costs, say),
        summary=_summarise_task(task, say, language),
    )


def build_rows(tasks: Iterable[Task], now: datetime, language: Language) -> list[TaskRow]:
    """Return tasks as rows, in their order."""
    return [build_row(task, now, language) for task in tasks]


def format_stage(stage: str | None, language: Language) -> str:
    """Return a stage for people: one of ours ends with a dot for each time that it was seen."""
    plain = (stage or "").rstrip(".")
    return translate(plain, language) + (stage or "")[len(plain) :]


def _summarise_task(task: Task, say: Say, language: Language) -> str:
    """Return what came of a task in one line; empty where there is nothing to say."""
    if task.error is not None:
        code, message = task.error.code or "", task.error.message
        told = translate(message, language)
        text = told if code in message else f"{code} {told}"
    else:
        text = format_pieces(task.artifacts, say) or format_stage(task.stage, language)
    return shorten(text, _LONGEST_SUMMARY)


def format_kind(kind: str, say: Say) -> str:
    """Return the kind of a piece in the reader's words; a provider's own word as it is."""
    return say(f"tasks.kind.{kind}") if kind in _KINDS else kind


def format_pieces(pieces: Sequence[Artifact], say: Say) -> str:
    """Return the pieces of a result in a few words: `video 5.041 s`, `3 × image, 1 failed`."""
    ready = [piece for piece in pieces if piece.state is ArtifactState.READY]
    kinds = Counter(piece.kind for piece in ready)
    named = [(format_kind(kind, say), n) for kind, n in kinds.items()]
    parts = [kind if n == 1 else f"{format_number(n)} × {kind}" for kind, n in named]
    if len(ready) == 1 and ready[0].duration_s:
        parts = [f"{parts[0]} {say('unit.s', value=ready[0].duration_s)}"]
    for state, key in (
        (ArtifactState.PREVIEW, "tasks.pieces.preview"),
        (ArtifactState.FAILED, "tasks.pieces.failed"),
    ):
        if count := sum(piece.state is state for piece in pieces):
            parts.append(say(key, n=count))
    return say("frame.list").join(parts)


_EXPECTED = (Phase.RESERVE, Phase.ESTIMATE)
"""Phases that count where nothing is charged yet, in this order."""


def bill_text(costs: Sequence[Cost], say: Say) -> str:
    """Return a bill in a few words: what is charged less what came back, else what is expected.

    `2 video`, `0.35 USD`; what is expected begins with `≈`.
    """
    charged: dict[str, Decimal] = {}
    for cost in costs:
        if (
            cost.phase in (Phase.SETTLE, Phase.REFUND)
            and (amount := _read_amount(cost)) is not None
        ):
            sign = -1 if cost.phase is Phase.REFUND else 1
            name = format_unit(cost, say)
            charged[name] = charged.get(name, Decimal(0)) + sign * amount
    if charged:
        return say("frame.list").join(
            f"{format_amount(amount)} {name}".strip() for name, amount in charged.items()
        )
    for phase in _EXPECTED:
        expected = [
            f"{format_amount(cost.amount)} {format_unit(cost, say)}"
            for cost in costs
            if cost.phase is phase
        ]
        if expected:
            return f"≈ {say('frame.list').join(expected)}"
    return ""


def _read_amount(cost: Cost) -> Decimal | None:
    try:
        return Decimal(cost.amount)
    except ArithmeticError:
        return None
