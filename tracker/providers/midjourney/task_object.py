"""The task object of Midjourney proxies: its statuses, progress, result and reasons. Pure tables.

Sources: TaskStatus and Task of https://github.com/novicezk/midjourney-proxy and
https://github.com/trueai-org/midjourney-proxy; model/midjourney.go and controller/midjourney.go of
https://github.com/QuantumNous/new-api; read 2026-11. Discord's signed links:
https://discord.com/developers/docs/reference (signed attachment CDN URLs).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.pieces import guess_kind, read_web_url
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_text,
    unpack_json,
)
from tracker.providers.kit.reasons import find_reason
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word

STATUSES: Mapping[str, TaskState] = MappingProxyType(
    {
        "": TaskState.SUBMITTED,
        "NOT_START": TaskState.SUBMITTED,
        "SUBMITTED": TaskState.SUBMITTED,
        "IN_PROGRESS": TaskState.RUNNING,
        "MODAL": TaskState.RUNNING,
        "SUCCESS": TaskState.SUCCEEDED,
        "FAILURE": TaskState.FAILED,
        "CANCEL": TaskState.CANCELLED,
    }
)
MODAL = "MODAL"
DEAD_CORNER = "stopped"
"""Key of the task's context: the reason of a task that stands at 100 % and has not ended."""
TEXTS_LIVE = frozenset({"DESCRIBE", "SHORTEN"})
"""Actions whose result is a text; the picture of a DESCRIBE is its input."""
_EMPTY = "SUCCESS without a result"
_OBJECTS = ("buttons", "properties", "imageUrls", "videoUrls")
"""Fields that a gateway keeps as text in its table, and some show so."""
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "image_url": "imageUrl",
        "image_urls": "imageUrls",
        "video_url": "videoUrl",
        "video_urls": "videoUrls",
    }
)
"""Names of fields at relays that write them otherwise (callers read either, seen 2026-12-01)."""
_CANCELLED_REASON = "取消任务"
_DOUBTFUL = re.compile(r"超时|time.?out|timed out|渠道|channel|重启", re.IGNORECASE)
"""Reasons of proxies and gateways for what they no longer watch: the picture may be made."""
_PERCENT = re.compile(r"\d{1,3}")
_DISCORD = ("cdn.discordapp.com", "media.discordapp.net")
_DISCORD_LIFE = timedelta(hours=24)
_BUTTON_FIELDS = ("customId", "emoji", "label", "style", "type")
_MOST_BUTTONS = 60
_NUMBERED = re.compile(r"::([1-4])\Z")
_MOST_PICTURES = 20
_KEPT_TEXTS = ("action", "promptEn", "description", "seed", "botType", "mode", "jobId")


def read_task(parsed: Any, task: Task | None = None) -> Observation | None:
    """Say what a task object tells; None when it is none.

    task: the one that was asked about; None where nobody knows yet.
    """
    if not isinstance(parsed, dict) or "status" not in parsed:
        return None
    known_as = {mine: parsed.get(mine) or parsed.get(name) for name, mine in _SPELLINGS.items()}
    parsed = parsed | known_as
    parsed |= {name: unpack_json(parsed.get(name)) for name in _OBJECTS}
    word = parsed["status"] if parsed["status"] is not None else ""
    task_id = find_id(parsed)
    if not isinstance(word, str) or task_id is None:
        return None
    word, reason = word.strip()[:200], find_first_text(parsed, ("failReason", "fail_reason"))
    known = word.upper()
    state = STATUSES.get(known) or GATEWAY_WORDS.get(normalise_word(word))
    if state is TaskState.FAILED and reason == _CANCELLED_REASON:
        state = TaskState.CANCELLED
    said = Observation(
        state=state,
        word=word,
        provider_task_id=task_id,
        message=reason,
        progress=_read_progress(parsed),
        at=find_first_instant(parsed, ("finishTime", "startTime", "submitTime")),
        artifacts=tuple(_read_artifacts(parsed, task, state)),
        error=_make_failure(reason or find_reason(parsed)) if state is TaskState.FAILED else None,
        detail=_read_detail(parsed) if known == MODAL or state in _WITH_DETAIL else None,
        stage=MODAL if known == MODAL else None,
        is_blocked=known == MODAL,
    )
    said = await_result(said, task, _EMPTY)
    return _end_stuck(said, task) if _is_dead_corner(said) else said


_WITH_DETAIL = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED})


def find_id(parsed: Mapping[str, Any]) -> str | None:
    """Return the id of a task object as text; gateways write it as a number."""
    return find_first_text(parsed, ("id", "task_id", "taskId"), limit=500)


def find_mark(parsed: Mapping[str, Any]) -> str | None:
    """Return our mark of a task object, without what a proxy adds where one call made several."""
    mark = find_first_text(parsed, ("state",), limit=500)
    return None if mark is None else _NUMBERED.sub("", mark)


def find_number(parsed: Mapping[str, Any]) -> int:
    """Return the number behind our mark, of a task that was made with others; 1 for none."""
    found = _NUMBERED.search(find_first_text(parsed, ("state",), limit=500) or "")
    return 1 if found is None else int(found[1])


def _is_dead_corner(said: Observation) -> bool:
    """Tell whether a gateway will never change it: it asks no more about what stands at 100 %."""
    is_open = said.state in (TaskState.SUBMITTED, TaskState.RUNNING, None)
    return is_open and said.progress == 100 and bool(said.message)


def _end_stuck(said: Observation, task: Task | None) -> Observation:
    """Take a task that stands at 100 % with a reason for failed at the second equal answer."""
    reason = said.message or ""
    before = {} if task is None else dict(task.context or {})
    if before.get(DEAD_CORNER) == reason:
        error = TaskError("provider", None, reason, doubtful=True)
        return replace(said, state=TaskState.FAILED, error=error)
    if task is None:  # a callback: the next poll counts
        return said
    return replace(
        said,
        state=TaskState.RUNNING,
        stage=f"100%: {reason}"[:200],
        context={**before, DEAD_CORNER: reason},
    )


def _make_failure(reason: str | None) -> TaskError:
    text = reason or "the provider gave no reason"
    return TaskError("provider", None, text, doubtful=bool(_DOUBTFUL.search(text)))


def _read_progress(parsed: Mapping[str, Any]) -> float | None:
    found = _PERCENT.match(find_first_text(parsed, ("progress",), limit=40) or "")
    return None if found is None else min(float(found[0]), 100.0)


def _read_artifacts(
    parsed: Mapping[str, Any], task: Task | None, state: TaskState | None
) -> Sequence[Artifact]:
    """Return the pieces of the result; while it runs, and where it failed, the preview."""
    action = find_first_text(parsed, ("action",), limit=100) or ""
    is_text = action in TEXTS_LIVE or (task is not None and task.operation.upper() in TEXTS_LIVE)
    if state in (TaskState.RUNNING, TaskState.FAILED):  # a picture may be there all the same
        url = read_web_url(parsed.get("imageUrl"))
        is_preview = url is not None and not is_text
        piece = Artifact("image", url, key="image", state=ArtifactState.PREVIEW)
        return [piece] if is_preview else []
    if state is not TaskState.SUCCEEDED:
        return []
    if is_text:
        return _read_texts(parsed)
    at = find_first_instant(parsed, ("finishTime",))
    videos = _read_urls(parsed, "videoUrl", "videoUrls")
    kind, urls = (
        ("video", videos) if videos else ("image", _read_urls(parsed, "imageUrl", "imageUrls"))
    )
    if not videos and ("VIDEO" in action or (task is not None and task.operation == "video")):
        # Its picture is a frame, or the first one: who waits for a video is not served by it.
        kind, urls = "video", [url for url in urls if guess_kind(url) == "video"]
    return [
        Artifact(kind, url, key=f"{kind}/{n}" if n else kind, expires_at=_find_expiry(url, at))
        for n, url in enumerate(urls[:_MOST_PICTURES])
    ]


def _read_texts(parsed: Mapping[str, Any]) -> Sequence[Artifact]:
    text = find_final_prompt(parsed)
    if not text:
        return []
    written = f"data:text/plain;charset=utf-8,{quote(text, safe='', errors='replace')}"
    return [Artifact("text", written, key="text")]


def find_final_prompt(parsed: Mapping[str, Any]) -> str | None:
    """Return the text that a DESCRIBE or a SHORTEN made, or the prompt as it was sent."""
    return find_first_text(parsed, ("properties.finalPrompt", "properties.finalZhPrompt"))


def _read_urls(parsed: Mapping[str, Any], one: str, many: str) -> Sequence[str]:
    """Return the URL of a field, and behind it those of a list, each once."""
    listed = parsed.get(many)
    entries = listed if isinstance(listed, list) else []
    given = [parsed.get(one), *(e.get("url") if isinstance(e, dict) else e for e in entries)]
    return list(dict.fromkeys(url for value in given if (url := read_web_url(value)) is not None))


def _find_expiry(url: str, made_at: datetime | None) -> datetime | None:
    """Return when a link of Discord's dies: by its own word, else a day after the end."""
    try:
        parts = urlsplit(url)
        if parts.hostname not in _DISCORD:
            return None
        seconds = int(parse_qs(parts.query).get("ex", [""])[0], 16)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None if made_at is None else made_at + _DISCORD_LIFE


def _read_detail(parsed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the front shows besides; never the callback URL, which is a secret of ours."""
    kept: dict[str, Any] = {
        name: text for name in _KEPT_TEXTS if (text := find_first_text(parsed, (name,)))
    }
    if prompt := find_final_prompt(parsed):
        kept["finalPrompt"] = prompt
    if kept.get("action") == "DESCRIBE" and (url := read_web_url(parsed.get("imageUrl"))):
        kept["imageUrl"] = url
    buttons = parsed.get("buttons")
    kept["buttons"] = [
        {name: _read_plain(one.get(name)) for name in _BUTTON_FIELDS}
        for one in (buttons if isinstance(buttons, list) else [])[:_MOST_BUTTONS]
        if isinstance(one, dict)
    ]
    return kept


def _read_plain(value: Any) -> str | int | None:
    """Return a button's text or small number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value[:500] if isinstance(value, str) else (value if abs(value) < 2**31 else None)
