"""Lyrics that are made alone: a text with its title."""

from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.providers.kit.pieces import build_text_url
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word

_LONGEST = 20_000
"""Characters of a text that are kept."""
LYRICS_LAST_S = 600.0
"""Seconds that a create of lyrics may be held for them: neither server sets a limit of its own
(https://github.com/SunoAI-API/Suno-API, https://github.com/gcui-art/suno-api, read 2026-11)."""


def observe_lyrics(
    data: Any, state: TaskState, word: str, reason: str | None, **more: Any
) -> Observation:
    """Return what is told of lyrics. more: further fields of Observation."""
    error = TaskError("provider", None, reason or "the provider gave no reason")
    return Observation(
        state,
        word,
        message=reason,
        artifacts=tuple(piece for piece in [build_text_piece(data, "lyrics")] if piece is not None),
        error=error if state is TaskState.FAILED else None,
        **more,
    )


def read_lyrics(parsed: Any) -> Observation | None:
    """Read lyrics that have a status of their own; None when there is no status, and no text."""
    word = find_first_text(parsed, ("status",), limit=100)
    has_text = find_first_text(parsed, ("text",)) is not None
    if word is None and not has_text:
        return None
    told = GATEWAY_WORDS.get(normalise_word(word or "complete"))
    has_ended = told in (TaskState.SUCCEEDED, TaskState.FAILED)
    state = told if told is not None and has_ended else TaskState.RUNNING
    if state is TaskState.SUCCEEDED and not has_text:
        state = TaskState.RUNNING
    reason = find_first_text(parsed, ("error_message", "errorMessage", "error"))
    return observe_lyrics(parsed, state, word or "complete", reason)


def build_text_piece(data: Any, key: str) -> Artifact | None:
    """Return a text with its title; None where there is none."""
    text = find_first_text(data, ("text",), limit=_LONGEST)
    title = find_first_text(data, ("title",), limit=500)
    if not text:
        return None
    return Artifact("text", build_text_url(text), key=key, extra={"title": title} if title else {})
