"""The new standard on the wire: bodies checked, tasks shown, lists paged. Pure.

Source: https://kling.ai/document-api (new-standard, solutions, callbacks), 2026-09. Not
published and therefore chosen here: product_type is the first part of the create's path.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.tasks import FAILED, SUCCEED
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.operations import MODELS, KlingDialect, KlingOperation
from tracker.emulator.providers.kling.refusals import KlingRefusal
from tracker.emulator.providers.kling.results import build_result, compute_deduction
from tracker.emulator.providers.kling.validation import check_callback_url, find_field

__all__ = [
    "build_created_view",
    "build_task_view",
    "check_body",
    "list_page",
    "read_named_ids",
    "test_view",
]

_BAD_VALUE = 1201
_MOST_IDS = 20
_MOST_TASKS = 500
_LONGEST_PROMPT = 3072
_WINDOW_MS = 30 * 24 * 3600 * 1000
_RESOLUTIONS = frozenset({"480p", "720p", "1080p", "4k"})
_OUTPUTS: Mapping[str, str] = {
    "videos": "video",
    "images": "image",
    "series_images": "image",
    "audios": "audio",
    "voices": "voice",
    "elements": "element",
}
_RENAMED: Mapping[str, str] = {
    "url_mp3": "mp3_url",
    "url_wav": "wav_url",
    "duration_mp3": "mp3_duration",
    "duration_wav": "wav_duration",
    "voice_id": "id",
    "element_id": "id",
    "voice_name": "name",
    "trial_url": "url",
}


def check_body(operation: KlingOperation, model: str, body: Mapping[str, object]) -> None:
    """Refuse a create the way the provider does: 1203 for a model, 1201 for a known field.

    Unknown fields at the top are ignored without a word, also `callback_url`.
    """
    if operation.path != "solutions" and model not in MODELS:
        raise KlingRefusal(1203, "model is not supported")
    for name in operation.required:
        if not body.get(name):
            raise KlingRefusal(_BAD_VALUE, f"{name} can not be null")
    if "prompt" in operation.required:
        _check_prompt(body["prompt"])
    if "contents" in operation.required:
        _check_contents(body["contents"])
    _check_settings(body.get("settings"))
    _check_options(body.get("options"))


def build_created_view(task: KlingTask) -> dict[str, Any]:
    """`data` of a create answer."""
    return {
        "id": task.task_id,
        "status": "submitted",
        "create_time": task.created_at,
        "update_time": task.created_at,
        "external_id": task.external_id or "",
    }


def build_task_view(task: KlingTask) -> dict[str, Any]:
    """Return a task as queries and callbacks show it; legacy tasks are shown too."""
    outputs: list[dict[str, Any]] = []
    billing: list[dict[str, Any]] = []
    if task.status == SUCCEED:
        for kind, pieces in build_result(task).items():
            outputs += [_build_output(_OUTPUTS[kind], piece) for piece in pieces]
        unit = {"charge_type": "unit", "package_type": outputs[0]["type"]}
        billing = [unit | {"amount": compute_deduction(task)}]
    elif task.status == FAILED:
        billing = [{"amount": "0"}]
    return {
        "id": task.task_id,
        "status": "succeeded" if task.status == SUCCEED else task.status,
        "message": task.message,
        "create_time": task.created_at,
        "update_time": task.updated_at,
        "external_id": task.external_id or "",
        "outputs": outputs,
        "billing": billing,
    }


def test_view(task_id: str, *, at: int) -> dict[str, Any]:
    """Return the body of the console's test callback.

    at: Unix milliseconds.
    """
    return {
        "id": task_id,
        "status": "submitted",
        "outputs": [],
        "message": "",
        "create_time": at,
        "update_time": at,
    }


def read_named_ids(params: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the parameter and the ids that a query names; raises KlingRefusal (1201)."""
    given = [name for name in ("task_ids", "external_task_ids") if params.get(name)]
    if len(given) != 1:
        raise KlingRefusal(_BAD_VALUE, "exactly one of task_ids and external_task_ids is required")
    ids = [part for part in params[given[0]].split(",") if part]
    if not 1 <= len(ids) <= _MOST_IDS:
        raise KlingRefusal(_BAD_VALUE, f"{given[0]} must hold 1 to {_MOST_IDS} ids")
    return given[0], ids


def list_page(
    tasks: Sequence[KlingTask], body: Mapping[str, object], *, now: int
) -> dict[str, Any]:
    """`data` of a list by cursor.

    tasks: newest first.
    now:   Unix milliseconds; without a start the last 30 days are listed.
    Raises KlingRefusal (1201).
    """
    start = _read_instant(body, "start_time", default=now - _WINDOW_MS)
    end = _read_instant(body, "end_time", default=now)
    limit = body.get("limit", 30)
    if not isinstance(limit, int) or not 1 <= limit <= _MOST_TASKS:
        raise KlingRefusal(_BAD_VALUE, f"limit must be an integer from 1 to {_MOST_TASKS}")
    wanted = [
        t for t in tasks if start <= t.created_at <= end and _is_passing(t, body.get("filters"))
    ]
    skipped = _read_cursor(body.get("cursor"))
    page, rest = wanted[skipped : skipped + limit], wanted[skipped + limit :]
    return {
        "result": [build_task_view(task) for task in page],
        "count": len(page),
        "next_cursor": _write_cursor(skipped + limit) if rest else "",
        "has_more": bool(rest),
    }


def _build_output(kind: str, piece: Mapping[str, Any]) -> dict[str, Any]:
    said = {_RENAMED.get(name, name): value for name, value in piece.items()}
    if kind in {"video", "image"}:
        said["watermark_url"] = ""
    if kind == "image":  # has neither here
        said.pop("index", None)
        said.pop("id", None)
    return {"type": kind} | said


def _check_prompt(prompt: object) -> None:
    if not isinstance(prompt, str) or len(prompt) > _LONGEST_PROMPT:
        raise KlingRefusal(
            _BAD_VALUE, f"prompt must be a text of at most {_LONGEST_PROMPT} characters"
        )


def _check_contents(contents: object) -> None:
    parts = contents if isinstance(contents, list) else []
    if not parts or not all(isinstance(p, dict) and isinstance(p.get("type"), str) for p in parts):
        raise KlingRefusal(_BAD_VALUE, "contents must be a list of objects with a type")


def _check_settings(settings: object) -> None:
    if settings is None:
        return
    if not isinstance(settings, dict):
        raise KlingRefusal(_BAD_VALUE, "settings must be an object")
    duration = settings.get("duration", 5)
    if type(duration) is not int or not 1 <= duration <= 300:
        raise KlingRefusal(_BAD_VALUE, "settings.duration must be an integer number of seconds")
    if settings.get("resolution", "720p") not in _RESOLUTIONS:
        raise KlingRefusal(_BAD_VALUE, "settings.resolution is invalid")


def _check_options(options: object) -> None:
    if options is None:
        return
    if not isinstance(options, dict):
        raise KlingRefusal(_BAD_VALUE, "options must be an object")
    for name in ("callback_url", "external_task_id"):
        if not isinstance(find_field(options, name) or "", str):
            raise KlingRefusal(_BAD_VALUE, f"options.{name} must be a string")
    check_callback_url(options.get("callback_url") or "")


def _is_passing(task: KlingTask, filters: object) -> bool:
    for each in filters if isinstance(filters, list) else ():
        values = each.get("values") if isinstance(each, dict) else None
        key = each.get("key") if isinstance(each, dict) else None
        said = {"status": build_task_view(task)["status"], "product_type": _build_product(task)}
        if key not in said or not isinstance(values, list):
            raise KlingRefusal(
                _BAD_VALUE, "filters must be a list of {key: status or product_type}"
            )
        if said[key] not in values:
            return False
    return True


def _build_product(task: KlingTask) -> str:
    is_new = task.details.dialect in {KlingDialect.STANDARD, KlingDialect.SOLUTION}
    return task.details.operation.path if is_new else task.details.operation.path.partition("/")[2]


def _read_instant(body: Mapping[str, object], name: str, *, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)  # the documentation's samples send both
    if type(value) is not int or not 0 <= value < 10**15:
        raise KlingRefusal(_BAD_VALUE, f"{name} must be Unix milliseconds")
    return value


def _write_cursor(skipped: int) -> str:
    return base64.urlsafe_b64encode(f"skip:{skipped}".encode()).decode()


def _read_cursor(cursor: object) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(str(cursor)).decode().partition(":")
    except (binascii.Error, ValueError):
        word, number = "", ""
    if word != "skip" or not (number.isascii() and number.isdigit()):
        raise KlingRefusal(_BAD_VALUE, "cursor is invalid")
    return int(number)
