"""Ark's video tasks in front of our tasks.

Written for PyPI volcengine-ark-runtime 5.0.54, which repeats a create three times and reads errors
as an object `error`, and for `@ai-sdk/bytedance` 1.0.33, which waits for `succeeded` and `failed`
alone (sources of both, read 2026-11).
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.ark import front_pictures
from tracker.providers.ark.inputs import TASKS
from tracker.providers.ark.pictures import PICTURES
from tracker.providers.ark.words import DETAILS, EXPIRED, TOKENS, USAGE
from tracker.providers.kit.front_answers import STATUSES, find_reason, list_ready_pieces
from tracker.providers.kit.front_calls import (
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.ledger import compute_net
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

_ROOT = "api/v3/"
"""Before the path; where it is the front's own prefix it is missing."""
_MOST_LISTED = 500
_IDS, _STATUS, _MODEL, _TIER = (
    f"filter.{name}" for name in ("task_ids", "status", "model", "service_tier")
)
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "queued",
        TaskState.UNCERTAIN: "queued",
        TaskState.SUBMITTED: "queued",
        TaskState.RUNNING: "running",
        TaskState.SUCCEEDED: "succeeded",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "cancelled",
        TaskState.EXPIRED: EXPIRED,
    }
)
_BAD_KEY = ("AuthenticationError", "Unauthorized")
_REASONS: Mapping[Fault, tuple[str, str]] = MappingProxyType(
    {
        Fault.NO_KEY: _BAD_KEY,
        Fault.BAD_KEY: _BAD_KEY,
        Fault.EXPIRED_KEY: _BAD_KEY,
        Fault.EARLY_KEY: _BAD_KEY,
        Fault.FORBIDDEN: ("AccessDenied", "Forbidden"),
        Fault.NO_MONEY: ("AccountOverdueError", "Forbidden"),
        Fault.NOT_SERVED: ("InvalidEndpointOrModel.NotFound", "NotFound"),
        Fault.NOT_FOUND: ("ResourceNotFound", "NotFound"),
        Fault.NO_ROUTE: ("ResourceNotFound", "NotFound"),
        Fault.CONFLICT: ("OperationDenied", "BadRequest"),
        Fault.BUSY: ("ServerOverloaded", "TooManyRequests"),
        Fault.RATE_LIMITED: ("RateLimitExceeded.EndpointRPMExceeded", "TooManyRequests"),
        Fault.UNAVAILABLE: ("ServiceUnavailable", "ServiceUnavailable"),
        Fault.PROVIDER_UNKNOWN: ("InternalServiceError", "InternalServerError"),
        Fault.INTERNAL: ("InternalServiceError", "InternalServerError"),
    }
)
"""Code and type of each fault; of all others InvalidParameter."""
_OTHER_STATUSES: Mapping[Fault, int] = MappingProxyType(
    {Fault.INVALID: 400, Fault.NO_MONEY: 403, Fault.BUSY: 429}
)


class ArkFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/ark", "/volc", "/doubao", "/proxy/byteplus", "/api/v3")
    heeds_should_retry = True

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = call.path.removeprefix(_ROOT)
        if path == PICTURES:
            if call.method != "POST":
                return refuse_method(call)
            if call.body is None:
                return WantsBody()
            return front_pictures.create(call.body)
        if path.startswith(f"{PICTURES}/"):
            named = find_name(path.removeprefix(f"{PICTURES}/"))
            if not named or not call.is_read:
                return refuse_path(call)
            return Get([named], operation=PICTURES)
        if path == TASKS:
            if call.is_read:
                return _read_listing(call)
            if call.method != "POST":
                return refuse_method(call)
            return WantsBody() if call.body is None else Create(TASKS, call.body)
        named = find_name(path.removeprefix(f"{TASKS}/")) if path.startswith(f"{TASKS}/") else None
        if not named or "/" in path.removeprefix(f"{TASKS}/"):
            return refuse_path(call)
        if call.is_read:
            return Get([named])
        return Cancel(named) if call.method == "DELETE" else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks; of a create only the id."""
        del request_id
        match command:
            case Cancel():
                return FrontAnswer({})
            case Create(operation=operation) | Get(operation=operation) if operation == PICTURES:
                return front_pictures.show(call, shown.tasks[0], shown)
            case Create():
                return FrontAnswer({"id": str(shown.tasks[0].id)})
            case Page() | Skip():
                return FrontAnswer(_read_page(call, shown))
            case Get() if call.path.endswith(TASKS):
                views = [_show_task(call, one, shown.get_input(one)) for one in shown.tasks]
                wanted = [one for one in views if _is_wanted(call, one)]
                return FrontAnswer({"items": wanted, "total": len(wanted)})
            case _:
                task = shown.tasks[0]
                return FrontAnswer(_show_task(call, task, shown.get_input(task)))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with an object `error`."""
        del call
        code, kind = _REASONS.get(refusal.fault, ("InvalidParameter", "BadRequest"))
        param = refusal.fields[0].path if refusal.fields else ""
        if refusal.fault is Fault.NOT_FOUND:
            param = "id"
        error = {"code": code, "message": refusal.message, "param": param, "type": kind}
        status = _OTHER_STATUSES.get(refusal.fault, STATUSES[refusal.fault])
        return FrontAnswer({"error": error, "request_id": request_id}, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the task when Ark has it, when work begins, and at its end."""
        del base
        has_moved = step.from_state is not step.to_state
        is_news = task.state in (TaskState.SUBMITTED, TaskState.RUNNING) and has_moved
        if not is_news and task.state not in TERMINAL:
            return None
        return json.dumps(_show_row(task, input_)).encode()


def _read_listing(call: FrontCall) -> Command | FrontRefusal:
    """Read a list: by ids, or by the number of a page.

    Raises InvalidRequest for what is no number.
    """
    ids = [value for name, value in call.query if name == _IDS and value]
    if ids:
        return Get(ids[:_MOST_LISTED], by="id", must_exist=False)
    size, number = _read_size(call), _read_number(call)
    word = call.get_parameter(_STATUS)
    if call.get_parameter(_MODEL) or call.get_parameter(_TIER) or (word and number > 1):
        reason = "filters by ids, and on the first page by status, are served"
        return FrontRefusal(Fault.INVALID, f"filter: {reason}")
    if number > 1 or not word:
        return Skip(size, offset=size * (number - 1), operation=TASKS)
    states = {state for state, shown in _WORDS.items() if shown == word}
    return Page(size, binds="tasks", states=states, not_below=PICTURES)


def _read_size(call: FrontCall) -> int:
    return read_whole_number(call, "page_size", default=10, low=1, high=_MOST_LISTED)


def _read_number(call: FrontCall) -> int:
    return read_whole_number(call, "page_num", default=1, low=1, high=100_000)


def _read_page(call: FrontCall, shown: Shown) -> dict[str, Any]:
    """Show a page. What lies behind it is not counted: `total` goes up to the next page."""
    is_more = shown.has_more or shown.next is not None
    items = [_show_task(call, one, shown.get_input(one)) for one in shown.tasks]
    return {
        "items": items,
        "total": _read_size(call) * (_read_number(call) - 1) + len(items) + is_more,
    }


def _is_wanted(call: FrontCall, view: Mapping[str, Any]) -> bool:
    wanted = {name: call.get_parameter(f"filter.{name}") for name in ("status", "model")}
    return all(value in (None, "", view[name]) for name, value in wanted.items())


def _show_task(call: FrontCall, task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show a task in the words that its reader knows."""
    view = _show_row(task, input_)
    if "ai-sdk/" in call.headers.get("user-agent", "") and "error" in view:
        view["status"] = "failed"
    return view


def _show_row(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    code = task.error.code if task.error else None
    is_late = task.state is TaskState.FAILED and code == EXPIRED
    view: dict[str, Any] = {
        "id": str(task.id),
        "model": str(input_.get("model") or ""),
        "status": EXPIRED if is_late else _WORDS[task.state],
        "created_at": int(task.created_at.timestamp()),
        "updated_at": int(task.updated_at.timestamp()),
    }
    if task.state not in TERMINAL:
        return view
    detail = task.detail or {}
    view |= {name: detail[name] for name in DETAILS if name in detail}
    if (reason := find_reason(task)) is not None:
        return view | {"error": {"code": code or view["status"], "message": reason}}
    view["content"] = {f"{one.key}_url": one.url for one in list_ready_pieces(task) if one.key}
    tokens = compute_net(task.costs, TOKENS)
    if tokens is not None:
        view["usage"] = {USAGE: int(tokens), "total_tokens": int(tokens)}
    return view
