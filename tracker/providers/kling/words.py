"""Status words, of Kling and of the gateways in front of it (reference: Kling §8.5)."""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.domain.task import TaskState

S = TaskState
WORDS: Mapping[str, TaskState] = MappingProxyType(
    {
        **dict.fromkeys(
            ("submitted", "pending", "queued", "staged", "initializing", "not_start"), S.SUBMITTED
        ),
        **dict.fromkeys(("processing", "running", "in_progress"), S.RUNNING),
        **dict.fromkeys(
            ("succeed", "succeeded", "success", "completed", "complete", "done"), S.SUCCEEDED
        ),
        **dict.fromkeys(("failed", "failure", "fail", "error"), S.FAILED),
        **dict.fromkeys(("cancelled", "canceled"), S.CANCELLED),
    }
)
"""In lower case. A word that is not here neither finishes nor fails a task."""


def state_of(word: str) -> TaskState | None:
    """What a word means; None when nobody knows."""
    return WORDS.get(word.strip().lower())
