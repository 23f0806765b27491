"""How gateways deform an answer: one small function per scenario word. Pure.

Source: pages of gateways that relay Kling, read 2026-11. Everything works on the
legacy shape; a word that a scenario does not hold changes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.words import KlingWord

__all__ = ["deform_envelope", "deform_error", "deform_task"]

Json = dict[str, Any]

_VOCABULARIES: Mapping[str, Mapping[str, str]] = {
    "openai": {"submitted": "queued", "processing": "in_progress", "succeed": "completed"},
    "new_api": {
        "submitted": "NOT_START",
        "processing": "IN_PROGRESS",
        "succeed": "SUCCESS",
        "failed": "FAILURE",
    },
    "piapi": {"submitted": "pending", "succeed": "completed"},
    "qiniu": {"submitted": "initializing", "processing": "running", "succeed": "complete"},
    "tencent": {"submitted": "QUEUED", "processing": "RUNNING", "succeed": "DONE"},
    "relay": {"submitted": "staged", "succeed": "success", "failed": "error"},
    "cancelling": {"succeed": "succeeded", "failed": "cancelled"},
}
"""Status words by the one they stand for; a word that is not listed stays."""
_CODES: Mapping[str, object] = {"200": 200, "1000": 1000, "success": "success"}
_ERROR_WORDS: Mapping[int, str] = {
    1000: "invalid_token",
    1001: "invalid_token",
    1002: "invalid_token",
    1203: "task_not_exist",
    1301: "sensitive_words_detected",
    1302: "too_many_requests",
    1303: "upstream_saturated",
}
_TIMES = ("created_at", "updated_at")
_ZERO = "0001-01-01T00:00:00Z"
"""Go's zero time, for "not yet"."""


def deform_task(view: Json, scenario: Scenario) -> Json:
    """Return a task object as a gateway would write it."""
    for name, deform in _OF_TASKS.items():
        if scenario.has(name):
            view = deform(view, scenario.read_word(name))
    return view


def deform_envelope(envelope: Json, scenario: Scenario) -> object:
    """Return a good answer as a gateway would wrap it."""
    if scenario.has(KlingWord.CODE_STRING):
        envelope["code"] = "success"
    if scenario.has(KlingWord.CODE):
        code = scenario.read_word(KlingWord.CODE)
        envelope = _remove_result(envelope, "code") | (
            {"code": _CODES[code]} if code in _CODES else {}
        )
    if scenario.has(KlingWord.MSG):
        envelope["msg"] = envelope.pop("message")
    if scenario.has(KlingWord.NO_REQUEST_ID):
        envelope.pop("request_id", None)
    if scenario.has(KlingWord.SHAPE) and isinstance(envelope.get("data"), dict):
        return _reshape_envelope(envelope, scenario.read_word(KlingWord.SHAPE))
    return envelope


def deform_error(body: Json, code: int, *, is_not_found: bool, scenario: Scenario) -> Json:
    """Return a bad answer as a gateway would word it."""
    if not scenario.has(KlingWord.WORD_ERRORS):
        return body
    word = "task_not_exist" if is_not_found else _ERROR_WORDS.get(code, "fail_to_fetch_task")
    return {"code": word, "message": body["message"], "data": None}


def _reshape_envelope(envelope: Json, shape: str) -> object:
    task: Json = envelope["data"]
    if shape == "bare":
        return task
    if shape == "listed":
        return envelope | {"data": [task]}
    # The outer record of a relay: words and times of its own around the provider's object.
    word = str(task.get("task_status", task.get("status", "")))
    outer = {
        "task_id": task.get("task_id"),
        "action": "generate",
        "status": _VOCABULARIES["new_api"].get(word, word),
        "fail_reason": task.get("task_status_msg", ""),
        "progress": "100%" if word in {"succeed", "failed"} else "30%",
    }
    inner = task if shape == "nested" else {"code": 0, "message": "SUCCEED", "data": task}
    return envelope | {"data": outer | {"data": inner}}


def _change_words(view: Json, vocabulary: str) -> Json:
    word = view["task_status"]
    return view | {"task_status": _VOCABULARIES[vocabulary].get(word, word)}


def _change_status_field(view: Json, name: str) -> Json:
    return _rename(view, {"task_status": name})


def _change_id_field(view: Json, name: str) -> Json:
    return _rename(view, {"task_id": name})


def _change_id_form(view: Json, form: str) -> Json:
    return view | {"task_id": int(view["task_id"])} if form == "number" else view


def _change_times(view: Json, form: str) -> Json:
    if form == "absent":
        return _remove_result(view, *_TIMES)
    return view | {name: _format_instant(view[name], form) for name in _TIMES if name in view}


def _format_instant(ms: int, form: str) -> str:
    if form == "digits":
        return str(ms)
    if form == "zero":
        return _ZERO
    when = datetime.fromtimestamp(ms / 1000, UTC)
    if form == "plain":
        return f"{when:%Y-%m-%d %H:%M:%S}"
    return f"{when:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}000001+00:00"  # nanoseconds


def _change_seconds(view: Json, _none: str) -> Json:
    return view | {name: view[name] // 1000 for name in _TIMES if name in view}


def _raise_case(view: Json, _none: str) -> Json:
    return view | {"task_status": view["task_status"].upper()}


def _change_time_fields(view: Json, kind: str) -> Json:
    if kind == "create_time":
        return _rename(view, {"created_at": "create_time", "updated_at": "update_time"})
    is_over = view.get("task_status") in {"succeed", "failed"}
    late = "finish_time" if is_over else "start_time"
    return _rename(view, {"created_at": "submit_time", "updated_at": late})


def _change_result(view: Json, place: str) -> Json:
    pieces = _list_pieces(view)
    if not pieces:
        return view
    url = pieces[0].get("url") or pieces[0].get("url_mp3")
    if place == "images":  # one gateway's sample calls a video's result so
        return view | {"task_result": {"images": pieces}}
    places: Mapping[str, Json] = {
        "output": {"output": {"video": url}},
        "list": {"result": [url]},
        "metadata": {"metadata": {"url": url}},
        "outputs": {"outputs": [{"type": "video"} | piece for piece in pieces]},
    }
    return _remove_result(view, "task_result") | places.get(place, {place: url})


def _change_duration(view: Json, kind: str) -> Json:
    pieces = _list_pieces(view)
    for piece in pieces:
        if "duration" in piece:
            seconds = float(piece["duration"])
            piece["duration"] = round(seconds) if kind == "int" else seconds
    return view


def _change_reason(view: Json, place: str) -> Json:
    reason = view.get("task_status_msg")
    kept = _remove_result(view, "task_status_msg")
    if place == "error_message":
        return kept | (
            {"error": {"code": "generation_failed", "message": reason}} if reason else {}
        )
    return kept | ({place: reason} if reason or place != "error" else {})


def _change_progress(view: Json, kind: str) -> Json:
    percent = {"succeed": 100, "failed": 100, "processing": 40}.get(view["task_status"], 0)
    return view | {"progress": f"{percent}%" if kind == "percent" else percent}


def _change_info(view: Json, kind: str) -> Json:
    if kind == "missing":
        return _remove_result(view, "task_info")
    return view | {"task_info": None if kind == "null" else {}}


def _change_external(view: Json, name: str) -> Json:
    external_id = (view.get("task_info") or {}).get("external_task_id", "")
    return view | {name: external_id, "task_info": {}}


_OF_TASKS: Mapping[KlingWord, Callable[[Json, str], Json]] = {
    # In this order: what reads a field stands before what renames or drops it.
    KlingWord.DURATION: _change_duration,
    KlingWord.RESULT: _change_result,
    KlingWord.REASON: _change_reason,
    KlingWord.PROGRESS: _change_progress,
    KlingWord.SECONDS: _change_seconds,
    KlingWord.TIMES: _change_times,
    KlingWord.TIME_FIELDS: _change_time_fields,
    KlingWord.VOCABULARY: _change_words,
    KlingWord.UPPER_CASE: _raise_case,
    KlingWord.EXTERNAL: _change_external,
    KlingWord.INFO: _change_info,
    KlingWord.ID_FORM: _change_id_form,
    KlingWord.ID_FIELD: _change_id_field,
    KlingWord.STATUS_FIELD: _change_status_field,
}


def _list_pieces(view: Json) -> list[Json]:
    result = view.get("task_result") or {}
    return [piece for pieces in result.values() for piece in pieces]


def _rename(view: Json, names: Mapping[str, str]) -> Json:
    return {names.get(name, name): value for name, value in view.items()}


def _remove_result(view: Json, *names: str) -> Json:
    return {name: value for name, value in view.items() if name not in names}
