"""Failures of an answer that names no task: those of the task, or of the question.

Relays and callers' stand-ins leave the id out of a failure as of any other answer, e.g.
`{"data": {"status": "FAILED", "error": "bad input"}}` (seen 2026-11-30).
"""

from dataclasses import replace
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.nested_answers import GOOD_CODES
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.status_words import normalise_word

_OF_ANSWERS = frozenset({"error", "fail"})
"""Words that stand for an answer as often as for a task."""
_UNNAMED = "a failure that names no task"


def may_fail_unnamed(word: str, parsed: Any) -> bool:
    """Tell whether a failure without an id may be the task's: no bad code stands beside it."""
    code = find_first_text(parsed, ("code",), limit=100)
    return normalise_word(word) not in _OF_ANSWERS and (code is None or code.lower() in GOOD_CODES)


def doubt_unnamed(said: Observation, task: Task | None) -> Observation:
    """Return a failure without an id as running for one look, then as a doubtful failure.

    A later success replaces it. said: returned as it is where it is no failure.
    """
    if said.state is not TaskState.FAILED or said.error is None:
        return said
    if task is None or task.stage != _UNNAMED:
        return replace(said, state=TaskState.RUNNING, stage=_UNNAMED, error=None)
    return replace(said, error=replace(said.error, doubtful=True))
