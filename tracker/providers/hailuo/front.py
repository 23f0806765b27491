"""MiniMax's API in front of our tasks (https://platform.minimax.io/docs, 2026-11).

Its clients look at `base_resp.status_code` before anything, and want ids as texts
(https://github.com/MiniMax-AI/MiniMax-MCP, https://github.com/comfyanonymous/ComfyUI).
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.decimal_names import encode_decimal_name
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.hailuo.inputs import CREATES
from tracker.providers.kit.front_answers import STATUSES, find_reason, link_of
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.ledger import compute_net
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Command, Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

_QUERY, _FILE = "v1/query/video_generation", "v1/files/retrieve"
_QUERY_2 = "v2/query/video_generation/"
_GOOD: Mapping[str, Any] = MappingProxyType({"status_code": 0, "status_msg": "success"})
_WORDS: Mapping[TaskState, tuple[str, str, str]] = MappingProxyType(
    {
        TaskState.QUEUED: ("Preparing", "processing", "queued"),
        TaskState.UNCERTAIN: ("Preparing", "processing", "queued"),
        TaskState.SUBMITTED: ("Queueing", "processing", "queued"),
        TaskState.RUNNING: ("Processing", "processing", "running"),
        TaskState.SUCCEEDED: ("Success", "success", "succeeded"),
        TaskState.FAILED: ("Fail", "failed", "failed"),
        TaskState.CANCELLED: ("Fail", "failed", "cancelled"),
        TaskState.EXPIRED: ("Fail", "failed", "expired"),
    }
)
"""Of the query of v1, of its callbacks, and of v2."""
_CODES: Mapping[Fault, int] = MappingProxyType(
    {
        Fault.NO_KEY: 1004,
        Fault.BAD_KEY: 2049,
        Fault.EXPIRED_KEY: 2049,
        Fault.EARLY_KEY: 2049,
        Fault.FORBIDDEN: 1004,
        Fault.NO_MONEY: 1008,
        Fault.RATE_LIMITED: 1002,
        Fault.BUSY: 1002,
        Fault.UNAVAILABLE: 1000,
        Fault.PROVIDER_UNKNOWN: 1000,
        Fault.INTERNAL: 1013,
    }
)
"""Of all other faults: 2013, wrong parameters."""
_INVALID, _FAILED = 2013, 1000
_KINDS: Mapping[int, str] = MappingProxyType(
    {
        401: "authorized_error",
        402: "insufficient_balance_error",
        422: "unprocessable_entity_error",
        429: "rate_limit_error",
    }
)
"""Of refusals of v2, by HTTP status."""


class HailuoFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/hailuo", "/minimax", "/proxy/minimax")

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        if path in CREATES:
            if call.method != "POST":
                return refuse_method(call)
            return WantsBody() if call.body is None else Create(path, call.body)
        named = _find_name(call)
        if not named:
            return refuse_path(call)
        return Get([named]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks in the shape of the generation that was asked."""
        del request_id
        task = shown.tasks[0]
        if isinstance(command, Create):
            good = {} if command.operation.startswith("v2/") else {"base_resp": dict(_GOOD)}
            return FrontAnswer({"task_id": str(task.id), **good})
        if _read_path(call) == _FILE:
            return _show_file(task)
        if _read_path(call) == _QUERY:
            return FrontAnswer(_show_task(task))
        return FrontAnswer({"task": _show_second_task(task, shown.get_input(task))})

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a code and a message, and unlike MiniMax's v1 with an HTTP status as well."""
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        code = _CODES.get(refusal.fault, _INVALID)
        if call is None or not call.path.startswith("v2/"):
            told = {"status_code": code, "status_msg": refusal.message}
            return FrontAnswer({"base_resp": told}, status)
        word = _KINDS.get(status) or ("server_error" if status >= 500 else "bad_request_error")
        message = f"{refusal.message} ({code})"
        error = {"type": word, "message": message, "http_code": str(status)}
        return FrontAnswer({"type": "error", "error": error, "request_id": request_id}, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the task when its status changes; the caller's URL is not tested before."""
        del base
        before = None if step.from_state is None else _WORDS[step.from_state]
        if before == _WORDS[task.state] or task.state not in TERMINAL | {TaskState.RUNNING}:
            return None
        if task.operation.startswith("v2/"):
            return json.dumps({"task": _show_second_task(task, input_)}).encode()
        return json.dumps({**_show_task(task), "status": _WORDS[task.state][1]}).encode()


def _read_path(call: FrontCall) -> str:
    """Return the path with its version: ComfyUI's proxy has none for the first."""
    return call.path if call.path.startswith(("v1/", "v2/")) else f"v1/{call.path}"


def _find_name(call: FrontCall) -> str | None:
    """Return the name of the task that a path or its query names; None for another path.

    Raises InvalidRequest where the query names none.
    """
    path = _read_path(call)
    if path.startswith(_QUERY_2):
        rest = path.removeprefix(_QUERY_2)
        return None if "/" in rest else find_name(rest)
    field = {_QUERY: "task_id", _FILE: "file_id"}.get(path)
    if field is None:
        return None
    name = find_name(call.get_parameter(field) or "")
    if not name:
        raise InvalidRequest(FieldError(field, "is required"))
    return name


def _show_task(task: Task) -> dict[str, Any]:
    is_done = task.state is TaskState.SUCCEEDED
    sizes = task.artifacts[0].extra if is_done and task.artifacts else {}
    reason = find_reason(task)
    failed = {"status_code": _find_number(task), "status_msg": reason}
    return {
        "task_id": str(task.id),
        "status": _WORDS[task.state][0],
        "file_id": encode_decimal_name(task.key) if is_done else "",
        "video_width": _count_whole(sizes.get("video_width")),
        "video_height": _count_whole(sizes.get("video_height")),
        "base_resp": dict(_GOOD) if reason is None else failed,
    }


def _show_file(task: Task) -> FrontAnswer:
    """Show the file of a success; a client reads it after the task alone."""
    url = link_of(task, "video") if task.state is TaskState.SUCCEEDED else None
    if url is None:
        message = "invalid params, there is no such file"
        return FrontAnswer({"base_resp": {"status_code": _INVALID, "status_msg": message}}, 404)
    made = task.finished_at or task.created_at
    file = {
        "file_id": int(encode_decimal_name(task.key)),
        "bytes": 0,
        "created_at": int(made.timestamp()),
        "filename": "output.mp4",
        "purpose": "video_generation",
        "download_url": url,
    }
    return FrontAnswer({"file": file, "base_resp": dict(_GOOD)})


def _show_second_task(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": str(task.id), "status": _WORDS[task.state][2]}
    for name in ("model", "duration", "resolution", "ratio"):
        if input_.get(name) is not None:
            shown[name] = input_[name]
    if task.state is TaskState.SUCCEEDED:
        text = next((read_text_url(one.url) for one in task.artifacts if one.kind == "text"), None)
        shown["content"] = {"url": link_of(task, "video")} if text is None else {"text": text}
    tokens = compute_net(task.costs, "tokens")
    if tokens is not None:
        shown["usage"] = {"total_tokens": int(tokens)}
    reason = find_reason(task)
    if reason is not None:
        code = (task.error and task.error.code) or task.state.value
        shown["error"] = {"code": code, "message": reason}
    return shown


def _find_number(task: Task) -> int:
    """Return the code of a failure as a number; that of an unknown one where it is none."""
    return _count_whole(task.error and task.error.code) or _FAILED


def _count_whole(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
