"""Why a statement moved nothing, in words, where its verdict alone does not say it. Pure."""

from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.task import TaskState

_BEFORE, _AFTER = "the status word '", "' is unknown"
_LONGEST = 200


def explain_ignored(said: Observation, verdict: Verdict, state: TaskState) -> str | None:
    """Return what to write down; None where the verdict says it all.

    state: of the task, which the statement did not change.
    """
    if verdict is Verdict.UNKNOWN_STATUS:
        return f"{_BEFORE}{said.word[:_LONGEST]}{_AFTER}"
    if verdict is Verdict.CONFLICT and said.state is not None:
        return f"it says {said.state}; the task had ended as {state}"
    return None


def find_unknown_word(reason: str) -> str:
    """Return the word that a reason calls unknown; the whole reason where it is of another kind."""
    is_ours = reason.startswith(_BEFORE) and reason.endswith(_AFTER)
    return reason[len(_BEFORE) : -len(_AFTER)] if is_ours else reason
