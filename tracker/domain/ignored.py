"""Why a statement moved nothing, in words, where its verdict alone does not say it. Pure."""

from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.task import TaskState
from tracker.domain.unknown_word import reason_of


def why_ignored(said: Observation, verdict: Verdict, state: TaskState) -> str | None:
    """Return what to write down; None where the verdict says it all.

    state: of the task, which the statement did not change.
    """
    if verdict is Verdict.UNKNOWN_STATUS:
        return reason_of(said.word)
    if verdict is Verdict.CONFLICT and said.state is not None:
        return f"it says {said.state}; the task had ended as {state}"
    return None
