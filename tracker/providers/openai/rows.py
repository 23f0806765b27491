"""Answers about one task in every form that gateways give them: envelopes, words, links, bills.

Sources: https://github.com/QuantumNous/new-api (dto/openai_video.go, controller/task_video.go,
model/task.go), https://github.com/MartialBE/one-hub and
https://github.com/openai/openai-python (3.57.0, types/video.py), read 2026-11.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.task import TaskState
from tracker.providers.kit import reasons
from tracker.providers.kit.gateway_tasks import parse_percent
from tracker.providers.kit.nested_answers import link_below
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word

_OF_TASK = ("task_id", "taskId", "id")
IDS = (*_OF_TASK, "request_id")
"""In this order: the `id` of a gateway's row is a number of its own table."""
_ENVELOPES = 2
_QUEUED = "queued"
UNKNOWN, EXPIRED = "unknown", "expired"
WORDS: Mapping[str, TaskState] = MappingProxyType(
    {
        **GATEWAY_WORDS,
        # Steps of Veo, which `/v1/video/query` shows as the status (a list of callers, 2026-11-30):
        # `completed` comes behind them all, and a failure of either step is the end.
        **dict.fromkeys(
            ("image_downloading", "video_generating", "video_generation_completed"),
            TaskState.RUNNING,
        ),
        **dict.fromkeys(("video_upsampling", "video_upsampling_completed"), TaskState.RUNNING),
        **dict.fromkeys(("video_generation_failed", "video_upsampling_failed"), TaskState.FAILED),
    }
)


def find_row(parsed: Any) -> Mapping[str, Any] | None:
    """Return the object that tells of a task, out of two envelopes at most; None for none."""
    named = None
    for _ in range(_ENVELOPES + 1):
        if isinstance(parsed, list) and len(parsed) == 1:
            parsed = parsed[0]
        if not isinstance(parsed, dict):
            # An envelope may have the id of the request beside that of the task.
            return named if parsed is None else None
        if isinstance(parsed.get("status"), str) or find_first_text(parsed, _OF_TASK):
            return parsed
        if find_first_text(parsed, IDS):
            named = named or parsed
        parsed = parsed.get("data")
    return named


def find_word(row: Mapping[str, Any]) -> str | None:
    """Return the status word; an empty one is that of a task that has just been made."""
    word = row.get("status")
    if not isinstance(word, str):
        return None
    return word.strip()[:200] or _QUEUED


def find_state(word: str, known: TaskState | None) -> TaskState | None:
    """Return the state that a word stands for; None for one that tells nothing.

    known: the task's own. `unknown` is the word of a gateway that has not asked yet.
    """
    if normalise_word(word) == UNKNOWN:
        return None if known is TaskState.RUNNING else TaskState.SUBMITTED
    return WORDS.get(normalise_word(word))


def read_progress(row: Mapping[str, Any]) -> float | None:
    """Return percent, of a number or of a text with or without its sign."""
    found = parse_percent(row.get("progress"))
    if found is not None:
        return found
    try:
        return min(max(float(find_first_number(row, ("progress",)) or ""), 0.0), 100.0)
    except ValueError:
        return None


def link_in(row: Mapping[str, Any]) -> str | None:
    """Return the link to the video; None where there is none.

    Older rows of new-api have it in the field of the reason for a failure.
    """
    return link_below(row) or read_web_url(row.get("fail_reason"))


def is_error_alone(row: Mapping[str, Any]) -> bool:
    """Tell whether a row holds an error and no link: gateways tell of a filtered video so.

    Source: https://github.com/QuantumNous/new-api/issues/6838, read 2026-11-29.
    """
    return bool(find_first_text(row, ("error.message", "error.code", "error"))) and not link_in(row)


def find_reason(row: Mapping[str, Any]) -> str | None:
    """Return why it failed, in words; older rows have them in the place of the link."""
    reason = find_first_text(
        row,
        (
            *("error.message", "error", "fail_reason", "error_message", "failure_reason"),
            *("detail.error", "message", "metadata.url"),
        ),
    )
    return None if read_web_url(reason) else reason or reasons.find_reason(row)
