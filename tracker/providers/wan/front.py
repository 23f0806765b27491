"""DashScope's task API in front of our tasks.

Written for the strictest readers: `@ai-sdk/alibaba` 1.0.61 waits for SUCCEEDED, FAILED and CANCELED
alone, and would ask on for ten minutes after UNKNOWN; PyPI dashscope 2.0.2 returns errors as
objects with `code` and `message` (sources of both, read 2026-11).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import STATUSES, find_reason
from tracker.providers.kit.front_calls import (
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Cancel, Command, Create, Get, Page, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.wan.inputs import CHAT, CREATES, PREFIX

_ROOT = "api/v1/"
_BEIJING = timezone(timedelta(hours=8))
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "PENDING",
        TaskState.UNCERTAIN: "PENDING",
        TaskState.SUBMITTED: "PENDING",
        TaskState.RUNNING: "RUNNING",
        TaskState.SUCCEEDED: "SUCCEEDED",
        TaskState.FAILED: "FAILED",
        TaskState.CANCELLED: "CANCELED",
        TaskState.EXPIRED: "FAILED",
    }
)
_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_KEY: "InvalidApiKey",
        Fault.BAD_KEY: "InvalidApiKey",
        Fault.EXPIRED_KEY: "InvalidApiKey",
        Fault.EARLY_KEY: "InvalidApiKey",
        Fault.FORBIDDEN: "AccessDenied",
        Fault.NO_MONEY: "Arrearage",
        Fault.NOT_SERVED: "ModelNotFound",
        Fault.RATE_LIMITED: "Throttling.RateQuota",
        Fault.BUSY: "Throttling",
        Fault.UNAVAILABLE: "ServiceUnavailable",
        Fault.PROVIDER_UNKNOWN: "InternalError.Timeout",
        Fault.INTERNAL: "InternalError",
    }
)
"""Of all other faults: InvalidParameter."""
_FILTERS = ("status", "start_time", "end_time")


class WanFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/wan", "/dashscope", "/proxy/wan")

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if not call.path.startswith(_ROOT):
            return refuse_path(call)
        path = call.path.removeprefix(_ROOT)
        operation = path.removeprefix(PREFIX)
        if path.startswith(PREFIX) and operation in CREATES:
            if call.method != "POST":
                return refuse_method(call)
            return WantsBody() if call.body is None else Create(operation, call.body)
        if path in ("tasks", "tasks/"):
            return _read_listing(call) if call.is_read else refuse_method(call)
        first, _, rest = path.partition("/")
        part, _, action = rest.partition("/")
        named = find_name(part) if first == "tasks" else None
        if not named or action not in ("", "cancel"):
            return refuse_path(call)
        if action:
            return Cancel(named) if call.method == "POST" else refuse_method(call)
        return Get([named]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks, each answer with an id of its request."""
        match command:
            case Cancel():
                return FrontAnswer({"request_id": request_id})
            case Page() | Skip():
                return FrontAnswer(_list(call, shown, request_id))
            case Create():
                task = shown.tasks[0]
                output = {"task_id": str(task.id), "task_status": _WORDS[task.state]}
                return FrontAnswer({"request_id": request_id, "output": output})
            case _:
                task = shown.tasks[0]
                output, usage = _show_output(task, shown.get_input(task)), _show_usage(task)
                more = {"usage": usage} if usage else {}
                return FrontAnswer({"request_id": request_id, "output": output, **more})

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a code, a message and the id of the request."""
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        code = _CODES.get(refusal.fault, "InvalidParameter")
        if refusal.fault is Fault.CONFLICT and call is not None and call.path.endswith("/cancel"):
            code = "UnsupportedOperation"
        body = {"request_id": request_id, "code": code, "message": refusal.message}
        return FrontAnswer(body, status)


def _read_listing(call: FrontCall) -> Command | FrontRefusal:
    """Read a list: the first page by filters, a later one by its number alone.

    One with filters behind the first page is refused: its tasks would be others than asked for.

    Raises InvalidRequest for what is no number or no time.
    """
    size = read_whole_number(call, "page_size", default=10, low=1, high=100)
    number = read_whole_number(call, "page_no", default=1, low=1, high=100_000)
    if number > 1 and any(call.get_parameter(one) for one in _FILTERS):
        return FrontRefusal(Fault.INVALID, "page_no: filters are served on the first page alone")
    if number > 1:
        return Skip(size, offset=size * (number - 1))
    word = (call.get_parameter("status") or "").upper()
    return Page(
        size,
        binds="tasks",
        created_from=_read_time(call, "start_time"),
        created_until=_read_time(call, "end_time"),
        states={state for state, shown in _WORDS.items() if shown == word} if word else None,
    )


def _read_time(call: FrontCall, name: str) -> datetime | None:
    text = call.get_parameter(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_BEIJING)
    except ValueError:
        raise InvalidRequest(FieldError(name, "must be a time as YYYYMMDDhhmmss")) from None


def _list(call: FrontCall, shown: Shown, request_id: str) -> dict[str, Any]:
    """Show a page. What lies behind it is not counted: `total` goes up to the next page."""
    size = read_whole_number(call, "page_size", default=10, low=1, high=100)
    number = read_whole_number(call, "page_no", default=1, low=1, high=100_000)
    is_more = shown.has_more or shown.next is not None
    data = [
        {
            "task_id": str(task.id),
            "status": _WORDS[task.state],
            "model_name": str(shown.get_input(task).get("model") or ""),
            "gmt_create": int(task.created_at.timestamp() * 1000),
            "request_id": str(task.id),
        }
        for task in shown.tasks
    ]
    return {
        "request_id": request_id,
        "data": data,
        "page_no": number,
        "page_size": size,
        "total": size * (number - 1) + len(data) + is_more,
        "total_page": number + is_more,
    }


def _show_output(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "task_id": str(task.id),
        "task_status": _WORDS[task.state],
        "submit_time": _format_time(task.created_at),
    }
    if task.submitted_at is not None:
        shown["scheduled_time"] = _format_time(task.submitted_at)
    if task.finished_at is not None:
        shown["end_time"] = _format_time(task.finished_at)
    if task.state is TaskState.SUCCEEDED:
        given = input_.get("input")
        prompt = given.get("prompt") if isinstance(given, dict) else None
        shown |= _show_result(task, {"orig_prompt": prompt} if isinstance(prompt, str) else {})
    reason = find_reason(task)
    if reason is not None:
        shown["code"] = (task.error and task.error.code) or "InternalError"
        shown["message"] = reason
    return shown


def _show_result(task: Task, more: Mapping[str, Any]) -> dict[str, Any]:
    pieces = task.artifacts
    if "video-synthesis" in task.operation:
        url = next((one.url for one in pieces if one.url and one.state == "ready"), None)
        return {**more, **({"video_url": url} if url else {})}
    if task.operation == CHAT:
        return {"finished": True, "choices": [_show_choice(one.url) for one in pieces if one.url]}
    failed = sum(one.state is ArtifactState.FAILED for one in pieces)
    results = [
        {"url": one.url}
        if one.url
        else {"code": one.extra.get("code", ""), "message": one.extra.get("message", "")}
        for one in pieces
    ]
    counts = {"TOTAL": len(pieces), "SUCCEEDED": len(pieces) - failed, "FAILED": failed}
    return {"results": results, "task_metrics": counts}


def _show_choice(url: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"image": url, "type": "image"}]}
    return {"finish_reason": "stop", "message": message}


def _show_usage(task: Task) -> dict[str, int]:
    """Return the usage as far as its amounts are whole."""
    found: dict[str, int] = {}
    for cost in task.costs:
        if not cost.amount.isdigit():
            continue
        if cost.unit == "images":
            found["image_count"] = int(cost.amount)
        elif cost.unit and cost.unit.startswith("video_seconds"):
            found |= {"video_count": 1, "duration": int(cost.amount)}
            side = cost.unit.rpartition("_")[2]
            found |= {"SR": int(side)} if side.isdigit() else {}
    return found


def _format_time(at: datetime) -> str:
    """Write a time as DashScope does: of Beijing, without a zone."""
    return at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
