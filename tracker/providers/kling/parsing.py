"""A task object, wherever and however a gateway put it (reference: Kling §8 lists what is seen)."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json

from tracker.domain.observation import Observation
from tracker.domain.task import VERDICTS, Artifact, TaskError, TaskState

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
"""Status words, in lower case. A word that is not here neither finishes nor fails a task."""

_STATUS = ("task_status", "status", "state")
_ID = ("task_id", "id", "taskId", "taskNo", "JobId")
_MESSAGE = ("task_status_msg", "message", "fail_reason", "error_info", "ErrorMessage", "msg")
_EXTERNAL = ("external_task_id", "external_id")
_UPDATED = ("updated_at", "update_time", "finish_time", "start_time", "submit_time")
_KEPT = (
    *("task_result", "final_unit_deduction", "final_balance_deduction"),
    *("watermark_info", "task_info", "billing", "outputs"),
)
"""What an answer in Kling's own dialect needs of a verdict."""
_URLS = ("url", "video_url", "result_url", "ResultVideoUrl")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_DEPTH = 4
"""How deep a task object may lie in envelopes: `data.data.data` has been seen."""
_MS_FROM = 10**11
"""Numbers from here on are milliseconds, below they are seconds."""


def read_json(body: bytes) -> Any:
    """The JSON of a body. Raises ValueError for what is none, and for NaN and infinities.

    Half of a surrogate pair is read as well: it is in a message, and the verdict beside it counts.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if "hex escape" not in str(error):
            raise
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def find_task(parsed: Any) -> Mapping[str, Any] | None:
    """The innermost task object of an answer or callback; None when there is none."""
    found = None
    for candidate in _layers(parsed):
        if _text(candidate, _STATUS) is not None:
            found = candidate
    return found


def find_id(parsed: Any) -> str | None:
    """The task id of a create's answer."""
    for candidate in _layers(parsed):
        found = _text(candidate, _ID, limit=512)
        if found:
            return found
    return None


def observe(task: Mapping[str, Any]) -> Observation:
    """What a task object says. It must have a status."""
    word = _text(task, _STATUS, limit=200) or ""
    state = WORDS.get(word.strip().lower())
    info = task.get("task_info")
    external = _text(task, _EXTERNAL, limit=512) or (
        _text(info, _EXTERNAL, limit=512) if isinstance(info, Mapping) else None
    )
    message = _message(task)
    return Observation(
        state=state,
        word=word,
        provider_task_id=_text(task, _ID, limit=512) or None,
        external_task_id=external or None,
        message=message or None,
        progress=_progress(task.get("progress")),
        at=_time(next((task[name] for name in _UPDATED if task.get(name)), None)),
        artifacts=tuple(_artifacts(task)) if state is S.SUCCEEDED else (),
        error=_failure(task, message) if state is S.FAILED else None,
        detail={k: cleaned(task[k]) for k in _KEPT if k in task} if state in VERDICTS else None,
    )


def cleaned(value: Any) -> Any:
    """The same JSON without what a database cannot store: NUL and lone surrogates."""
    match value:
        case str():
            return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case Mapping():
            return {cleaned(key): cleaned(item) for key, item in value.items()}
        case list():
            return [cleaned(item) for item in value]
        case float() if not isfinite(value):
            return None
        case _:
            return value


def text_of(value: Any, *, limit: int) -> str | None:
    """A string, or a whole number as its digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    try:
        return str(cleaned(str(value)))[:limit]
    except ValueError:  # an integer of thousands of digits
        return None


def _layers(parsed: Any) -> Iterator[Mapping[str, Any]]:
    """An answer and what its envelopes hold, outermost first."""
    for _ in range(MAX_DEPTH + 1):
        if isinstance(parsed, list) and len(parsed) == 1:
            parsed = parsed[0]
        if not isinstance(parsed, Mapping):
            return
        yield parsed
        parsed = parsed.get("data")


def _text(holder: Mapping[str, Any], names: tuple[str, ...], *, limit: int = 4000) -> str | None:
    for name in names:
        found = text_of(holder.get(name), limit=limit)
        if found is not None:
            return found
    return None


def _message(task: Mapping[str, Any]) -> str | None:
    found = _text(task, _MESSAGE)
    if found:
        return found
    error = task.get("error")
    return _text(error, ("message",)) if isinstance(error, Mapping) else text_of(error, limit=4000)


def _failure(task: Mapping[str, Any], message: str | None) -> TaskError:
    error = task.get("error")
    code = _text(error, ("code",), limit=200) if isinstance(error, Mapping) else None
    return TaskError("provider", code, message or "the provider gave no reason")


def _progress(value: Any) -> float | None:
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    try:
        percent = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return percent if 0 <= percent <= 100 and not isinstance(value, bool) else None


def _time(value: Any) -> datetime | None:
    """Milliseconds, seconds, their digits, or RFC 3339; None for the rest and for "not yet"."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or not text.isdigit():
            return _written_time(text)
        value = int(text) if len(text) < 20 else 0
    if not isinstance(value, (int, float)) or not 0 < value < 10**15:
        return None
    seconds = value / 1000 if value >= _MS_FROM else value
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _written_time(text: str) -> datetime | None:
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text)  # nanoseconds
    try:
        parsed = datetime.fromisoformat(shortened)
        parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.year > 1 else None  # Go's zero time says "not yet"


def _artifacts(task: Mapping[str, Any]) -> Iterator[Artifact]:
    result = task.get("task_result")
    found = False
    for name, items in result.items() if isinstance(result, Mapping) else ():
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Mapping):
                found = True
                yield _artifact(str(name).removesuffix("s").removeprefix("series_"), item)
    outputs = task.get("outputs")
    for item in outputs if isinstance(outputs, list) else ():
        if isinstance(item, Mapping):
            found = True
            yield _artifact(text_of(item.get("type"), limit=40) or "file", item)
    if not found and (url := _text(task, _URLS)):
        yield Artifact("video", url, duration_s=text_of(task.get("duration"), limit=40))


def _artifact(kind: str, item: Mapping[str, Any]) -> Artifact:
    duration = item.get("duration")
    extra = {k: cleaned(v) for k, v in item.items() if k not in ("url", "id", "duration", "type")}
    return Artifact(
        kind=str(cleaned(kind))[:40],
        url=text_of(item.get("url"), limit=8192),
        id=text_of(item.get("id"), limit=512),
        duration_s=str(duration) if isinstance(duration, float) else text_of(duration, limit=40),
        extra={str(cleaned(str(k))): v for k, v in extra.items()},
    )
