"""Read what an answer or a callback says of a task, wherever and however a gateway put it.

Parsing never raises and never guesses a verdict.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from tracker.domain.observation import Observation
from tracker.domain.task import VERDICTS, TaskError, TaskState
from tracker.providers.kit.blocked import add_block, block_in
from tracker.providers.kit.gateways import is_own_failure
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_text,
    read_number,
    replace_infinite,
)
from tracker.providers.kit.reasons import REASONS, is_empty_word
from tracker.providers.kling.costs import read_costs
from tracker.providers.kling.elsewhere import read_packed
from tracker.providers.kling.reasons import CODES_OF_FAILURES, find_other_reason
from tracker.providers.kling.results import find_artifacts
from tracker.providers.kling.words import find_state

S = TaskState
Value = TypeVar("Value")
MAX_DEPTH = 5
"""How deep a task object may lie in envelopes: `data.data.data` has been seen."""
_ENVELOPES = ("data", "response", "Response")
_WRAPPERS = ("result", "payload", "body", "task", "object", "event", "detail", "output")
"""Envelopes where they hold a task, and nothing around them says how one stands."""
_KLINGS = ("task_status", "taskStatus", "TaskStatus")
_STATUS = ("status", "state", "Status")
_TASK_ID = ("task_id", "taskId", "taskNo", "JobId", "TaskId")
_ID = (*_TASK_ID[:1], "id", *_TASK_ID[1:])
_MESSAGE = (
    *("task_status_msg", "taskStatusMsg"),
    *("fail_reason", "error_info", "ErrorMessage", "error.message", "error"),
    *("message", "msg"),
)
"""Where a task says how it stands, and of a failure why."""
_SAID = _MESSAGE[:2] + _MESSAGE[-2:]
_REQUEST_ID = ("request_id",)
_EXTERNAL = (
    *("external_task_id", "external_id"),
    *("task_info.external_task_id", "task_info.external_id"),
    *("externalTaskId", "taskInfo.externalTaskId"),
)
_ENDED = (
    *("updated_at", "update_time", "finish_time", "meta.ended_at", "completed_at"),
    *("updatedAt", "updateTime"),
)
_BEGAN = ("start_time", "meta.started_at", "submit_time", "created_at", "meta.created_at")
_KEPT = (
    *("task_result", "final_unit_deduction", "final_balance_deduction"),
    *("watermark_info", "task_info", "billing", "outputs"),
)
"""The fields kept of a verdict in Kling's own dialects."""


def iterate_layers(parsed: Any) -> Iterator[Mapping[str, Any]]:
    """Yield an answer and what its envelopes hold, outermost first."""
    for _ in range(MAX_DEPTH + 1):
        while isinstance(parsed, list) and len(parsed) == 1:
            parsed = parsed[0]
        if not isinstance(parsed, dict):
            return
        yield parsed
        parsed = _unwrap(parsed)


_NESTS = (dict, list)


def _unwrap(layer: Mapping[str, Any]) -> Any:
    """Return what a layer is the envelope of, JSON within a text too; None for nothing."""
    for name in _ENVELOPES:
        if isinstance(inner := read_packed(layer.get(name)), _NESTS):
            return inner
    if any(find_first_text(layer, names) for names in (_KLINGS, _STATUS)):
        return None
    held = (read_packed(layer.get(name)) for name in _WRAPPERS)
    return next(
        (one for one in held if find_first_text(one, (*_KLINGS, *_STATUS, *_TASK_ID))), None
    )


def find_id(parsed: Any) -> str | None:
    """Return the task id of a create's answer: the outermost, which queries understand."""
    return _find_id(list(iterate_layers(parsed)))


def find_named_id(parsed: Any) -> str | None:
    """Return what an answer names a task's id, beside a code and not within an envelope."""
    return _read_text(list(iterate_layers(parsed)), _TASK_ID)


def _find_id(found: Sequence[Mapping[str, Any]]) -> str | None:
    """Prefer a name that only tasks have to `id`, which requests have too: the innermost."""
    return (
        _read_text(found, _TASK_ID)
        or _read_text(found[::-1], ("id",))
        or _read_text(_list_by_request_id(found), _REQUEST_ID)
    )


def observe(parsed: Any) -> Observation | None:
    """Read one task's observation from an answer; None when it holds none."""
    is_bare = isinstance(parsed, dict) and parsed.keys().isdisjoint(_ENVELOPES)
    plain = find_first_text(parsed, _KLINGS, limit=200) if is_bare else None
    found = [parsed] if plain is not None else list(iterate_layers(parsed))
    if plain is not None:  # the bare object of the vendor's own callbacks: nothing to weigh
        return add_block(_observe(found, found[0], plain), parsed)
    stated = _find_stated(found)
    return None if stated is None else add_block(_observe(found, *stated), parsed)


def _observe(
    found: Sequence[Mapping[str, Any]], layer: Mapping[str, Any], word: str
) -> Observation:
    """Build the observation from the deciding layer and those around it."""
    state = find_state(word)
    # What the deciding layer says comes first, then the layers from the inside out.
    order = found
    if len(found) > 1:
        order = [layer, *(other for other in reversed(found) if other is not layer)]
    message = _read_message(order, state)
    is_verdict = state in VERDICTS
    return Observation(
        state=state,
        word=word,
        provider_task_id=_find_id(found),
        external_task_id=_read_text(order, _EXTERNAL),
        message=message,
        progress=_find_first(_read_progress, order),
        at=_find_first(_read_end, order) or _find_first(_read_start, order),
        artifacts=find_artifacts(order) if state is S.SUCCEEDED else (),
        error=_make_failure(order, message) if state is S.FAILED else None,
        costs=next(filter(None, map(read_costs, order)), ()) if is_verdict else (),
        detail=_read_detail(order) if is_verdict else None,
    )


def _find_stated(found: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], str] | None:
    """Return the layer that decides how the task stands, and its word.

    Gateways wrap the vendor's answer in a record of their own. A verdict beats a word that is no
    verdict, Kling's own field beats a common name; but a record that claims success around an
    answer which is still open is not believed.
    """
    said = [(one, word) for one in found if (word := _read_word(one, found)) is not None]
    if not said:
        return None
    inner = said[-1]
    open_inside = find_state(inner[1]) in (S.SUBMITTED, S.RUNNING)
    verdicts = [
        one
        for one in said
        if (state := find_state(one[1])) in VERDICTS and not (open_inside and state is S.SUCCEEDED)
    ]
    verdicts.sort(key=lambda one: one[0].keys().isdisjoint(_KLINGS))
    known = [one for one in reversed(said) if find_state(one[1]) not in VERDICTS | {None}]
    return next(iter([*verdicts, *known]), inner)


def _read_word(layer: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a layer's status word. The name `status` counts only where a task is named."""
    word = find_first_text(layer, _KLINGS, limit=200)
    if word is not None:
        return word
    is_innermost = layer is found[-1]
    if is_innermost and _is_failure(layer, found):
        return "failed"
    word = find_first_text(layer, _STATUS, limit=200)
    if is_innermost and layer in _list_by_request_id([layer]) and _is_harmless(word or "", layer):
        return word
    names_task = find_first_text(layer, _ID if is_innermost else _TASK_ID)
    if names_task or (is_innermost and any(find_first_text(one, _ID) for one in found)):
        return word
    return None


def _is_harmless(word: str, layer: Mapping[str, Any]) -> bool:
    """Return true if the word may be believed of a task without a proper id: it is no verdict."""
    state = find_state(word)
    return state not in VERDICTS or (state is S.SUCCEEDED and bool(find_artifacts([layer])))


def _list_by_request_id(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return task objects that call their id `request_id`, as a few gateways do.

    Envelopes have a field of that name too: it counts only beside a status, and where nothing
    else is an id.
    """
    names = (*_KLINGS, *_STATUS)
    return [one for one in found if find_first_text(one, names) and not find_first_text(one, _ID)]


def _is_failure(layer: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> bool:
    """Tell of a task that failed without a word for it.

    AceDataCloud's has `success: false` and an error; of a blocked prompt relays tell why alone.
    """
    has_error = layer.get("success") is False and bool(layer.get("error"))
    return (
        (has_error or block_in(layer) is not None)
        and find_first_text(layer, _STATUS) is None
        and any(find_first_text(one, _ID) for one in found)
    )


def _read_text(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    if len(found) == 1:  # most are
        return find_first_text(found[0], names, limit=512)
    for one in found:
        if text := find_first_text(one, names, limit=512):
            return text
    return None


def _find_first(
    read: Callable[[Mapping[str, Any]], Value | None], found: Sequence[Mapping[str, Any]]
) -> Value | None:
    if len(found) == 1:
        return read(found[0])
    for one in found:
        value = read(one)
        if value is not None:
            return value
    return None


def _read_end(layer: Mapping[str, Any]) -> datetime | None:
    return find_first_instant(layer, _ENDED)


def _read_start(layer: Mapping[str, Any]) -> datetime | None:
    return find_first_instant(layer, _BEGAN)


def _read_message(order: Sequence[Mapping[str, Any]], state: TaskState | None) -> str | None:
    """Return a failure's reason; of anything else the task's own words, not its envelope's."""
    if state is not S.FAILED:
        return find_first_text(order[0], _SAID)
    for name in (*_MESSAGE[:-2], *REASONS, *_ENVELOPES_WORDS):
        # In an envelope some words say how the request went.
        for one in order[:1] if name in _ENVELOPES_WORDS else order:
            if (text := find_first_text(one, (name,))) and not is_empty_word(text):
                return text
    return None


_ENVELOPES_WORDS = ("message", "msg")
"""In an envelope these say how the request went, and nothing of the task."""


def _make_failure(order: Sequence[Mapping[str, Any]], message: str | None) -> TaskError:
    code = _read_text(order, CODES_OF_FAILURES)
    reason = message or find_other_reason(order)
    code = None if code == "0" else code
    return TaskError("provider", code, reason, doubtful=is_own_failure(message))


def _read_progress(layer: Mapping[str, Any]) -> float | None:
    said = layer.get("progress")
    text = None if said is None else read_number(said)
    if not text:
        return None
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        return None
    return percent if 0 <= percent <= 100 else None


def _read_detail(order: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for one in order:
        for name in _KEPT:
            if name in one:
                kept.setdefault(name, replace_infinite(one[name]))
    return kept
