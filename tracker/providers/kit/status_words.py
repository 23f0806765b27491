"""Status words however they are written, and those that every gateway may put in their place.

Gateways and resellers pass an upstream's words on in another case or with other separators
(github.com/QuantumNous/new-api: its docs print `processing`, its code says `IN_PROGRESS`; 2026-11).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.task import Artifact, ArtifactState, TaskState
from tracker.providers.kit.reading import find_first_text


def normalise_word(word: str) -> str:
    """Return a word as it is compared: lower-case, `_` between its parts, `cancelled` with two l.

    >>> plain(" In-Progress"), plain("CANCELED")
    ('in_progress', 'cancelled')
    """
    joined = word.strip().lower().replace("-", "_").replace(" ", "_")
    return joined.replace("canceled", "cancelled")


_WORDS: Mapping[TaskState, Sequence[str]] = {
    TaskState.SUBMITTED: ("queued", "pending", "submitted", "not_start", "created"),
    TaskState.RUNNING: ("in_progress", "processing", "running", "generating"),
    TaskState.SUCCEEDED: (
        *("completed", "succeeded", "success", "done"),
        # Of callers' lists, and of a gateway that shows each upstream's tasks in one form: 2026-11.
        *("succeed", "complete", "finished", "finish"),
    ),
    TaskState.FAILED: (
        *("failed", "failure", "fail", "error"),
        # Terminal are SUCCESS, FAILURE, TIMEOUT, CANCELLED (maxapi, "Callbacks", 2026-02).
        *("timeout", "timed_out", "timedout", "time_out"),
        # openrouter.ai/docs/client-sdks/python/components/videogenerationresponsestatus.md, read
        # 2026-11-28, and github.com/ArcReel/ArcReel/pull/1889, 2026-08-14.
        "expired",
        *("rejected", "refused"),  # of relays that moderate themselves (seen 2026-08)
    ),
    TaskState.CANCELLED: ("cancelled",),
}
GATEWAY_WORDS: Mapping[str, TaskState] = MappingProxyType(
    {word: state for state, words in _WORDS.items() for word in words}
)
"""Words of gateways of new-api's kind and of their relatives, as they are compared."""


def end_at_gateways(word: str, pieces: Sequence[Artifact]) -> TaskState | None:
    """Return the end that a word of gateways means, a success only beside a piece of its result.

    None for any other word. pieces: of the result, as they stand beside the word.
    """
    state = GATEWAY_WORDS.get(normalise_word(word))
    if state is TaskState.SUCCEEDED:
        is_there = any(one.url and one.state is ArtifactState.READY for one in pieces)
        return state if is_there else None
    return state if state in (TaskState.FAILED, TaskState.CANCELLED) else None


class WordTable:
    """A provider's status words, and where an answer has one.

    words:    in the provider's own spelling.
    words_in: names of fields, `a.b` for one within another; the first filled counts.
    """

    words: ClassVar[Mapping[str, TaskState]]
    words_in: ClassVar[Sequence[str]] = ("status", "state")
    _plain_words: ClassVar[Mapping[str, TaskState]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Lay the words out as they are compared."""
        super().__init_subclass__(**kwargs)
        own: Mapping[str, TaskState] = getattr(cls, "words", {})
        cls._plain_words = {normalise_word(word): state for word, state in own.items()}

    def find_state(self, word: str) -> TaskState | None:
        """Return the state that a word stands for, however it is written; None for no known one."""
        found = self.words.get(word)
        return self._plain_words.get(normalise_word(word)) if found is None else found

    def read_state(self, parsed: Any) -> TaskState | None:
        """Return the state that a task object's word stands for; None where it has none."""
        return self.find_state(find_first_text(parsed, self.words_in, limit=200) or "")
