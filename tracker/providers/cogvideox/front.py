"""CogVideoX's API in front of our tasks, for the clients of Zhipu, of Z.ai and of gateways.

Source: https://pypi.org/project/zai-sdk (0.2.3): it repeats every failing create three times with
the same `request_id`, unless `x-should-retry: false` is there. 2026-11. The query for several
tasks: https://gpt-best.apifox.cn/project-3868318/api-200382139, read 2026-11-30; its page shows
the answer about one, an object.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import STATUSES, find_reason
from tracker.providers.kit.front_calls import MOST_WAIT_S, find_name, refuse_method, refuse_path
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

_CREATES = frozenset({"videos/generations", "async/images/generations", "images/generations"})
_AT_ONCE = "images/generations"
_SEVERAL = "async-results"
_MOST = 200
"""Tasks of one query."""
_ROOTS = ("v4/", "api/paas/v4/")
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.SUCCEEDED: "SUCCESS",
        TaskState.FAILED: "FAIL",
        TaskState.CANCELLED: "FAIL",
        TaskState.EXPIRED: "FAIL",
    }
)
"""Of all other states: PROCESSING."""
_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_KEY: "1001",
        Fault.BAD_KEY: "1002",
        Fault.EXPIRED_KEY: "1003",
        Fault.EARLY_KEY: "1002",
        Fault.FORBIDDEN: "1220",
        Fault.NO_ROUTE: "1222",
        Fault.WRONG_METHOD: "1222",
        Fault.NOT_SERVED: "1211",
        Fault.NOT_FOUND: "1214",
        Fault.CONFLICT: "1231",
        Fault.BUSY: "1305",
        Fault.NO_MONEY: "1113",
        Fault.RATE_LIMITED: "1302",
        Fault.UNAVAILABLE: "1234",
        Fault.PROVIDER_UNKNOWN: "1234",
        Fault.INTERNAL: "500",
    }
)
"""Of all other faults: 1210, wrong parameters."""


class CogVideoFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/cogvideox", "/zhipu", "/api/paas")
    heeds_should_retry = True

    def get_scope(self, call: FrontCall) -> Scope:
        """Reading several tasks is a POST."""
        return Scope.TASKS_READ if _read_path(call) == _SEVERAL else super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        if path in _CREATES:
            return _create(call, path) if call.method == "POST" else refuse_method(call)
        if path == _SEVERAL:
            return _read_several(call) if call.method == "POST" else refuse_method(call)
        first, _, name = path.partition("/")
        named = find_name(name) if first == "async-result" and "/" not in name else None
        if not named:
            return refuse_path(call)
        return Get([named]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a task, or several; pictures that were asked for at once as they are."""
        del request_id
        if isinstance(command, Get) and _read_path(call) == _SEVERAL:
            found = [_show_task(task, shown.get_input(task)) for task in shown.tasks]
            return FrontAnswer(found[0] if found and len(command.names) == 1 else found)
        task = shown.tasks[0]
        if isinstance(command, Create) and command.operation == _AT_ONCE:
            return _show_at_once(task)
        return FrontAnswer(_show_task(task, shown.get_input(task)))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a code and a message."""
        del request_id, call
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        return _show_error(status, _CODES.get(refusal.fault, "1210"), refusal.message)


def _read_path(call: FrontCall) -> str:
    return next(
        (call.path.removeprefix(root) for root in _ROOTS if call.path.startswith(root)), call.path
    )


def _read_several(call: FrontCall) -> Get | WantsBody:
    """Read a query for several tasks. Raises InvalidRequest."""
    if call.body is None:
        return WantsBody()
    given = call.body.get("ids")
    named = given if isinstance(given, list) else []
    ids = [one for one in named if isinstance(one, str) and one]
    if not 0 < len(ids) <= _MOST or len(ids) < len(named):
        raise InvalidRequest(FieldError("ids", f"must be 1 to {_MOST} ids"))
    return Get(list(dict.fromkeys(ids)), by="any" if len(ids) == 1 else "id", must_exist=False)


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    name = call.body.get("request_id")
    key = f"request_id {name}" if isinstance(name, str) and name else None
    wait_s = MOST_WAIT_S if operation == _AT_ONCE else 0
    return Create(operation, call.body, wait_s=wait_s, idempotency_key=key)


def _show_task(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    model = input_.get("model")
    found: dict[str, Any] = {
        "id": str(task.id),
        "model": model if isinstance(model, str) else "",
        "request_id": task.external_task_id,
        "task_status": _WORDS.get(task.state, "PROCESSING"),
    }
    if task.state is TaskState.SUCCEEDED:
        covers = {one.key: one.url for one in task.artifacts}
        videos = [
            {"url": url, "cover_image_url": covers.get(f"cover/{key}") or ""}
            for key, url in _list_links(task, "video")
        ]
        if videos:
            found["video_result"] = videos
        else:
            found["image_result"] = [{"url": url} for _, url in _list_links(task, "image")]
    reason = find_reason(task)
    if reason is not None:
        found["error"] = {"code": (task.error and task.error.code) or "500", "message": reason}
    return found


def _show_at_once(task: Task) -> FrontAnswer:
    if task.state is TaskState.SUCCEEDED:
        pictures = [{"url": url} for _, url in _list_links(task, "image")]
        return FrontAnswer({"created": int(task.created_at.timestamp()), "data": pictures})
    reason = find_reason(task)
    if reason is not None:
        code = (task.error and task.error.code) or "500"
        return _show_error(400, code, reason, is_final=True)
    message = f"the pictures are not done yet: ask for async-result/{task.id}"
    return _show_error(400, "1234", message, is_final=True)


def _list_links(task: Task, kind: str) -> list[tuple[str, str]]:
    return [
        (one.key or "", one.url)
        for one in task.artifacts
        if one.kind == kind
        and one.url
        and one.state is ArtifactState.READY
        and not (one.key or "").startswith("cover/")
    ]


def _show_error(status: int, code: str, message: str, *, is_final: bool = False) -> FrontAnswer:
    """is_final: the client must not make the call again, which would make another task."""
    headers = {"x-should-retry": "false"} if is_final else {}
    return FrontAnswer({"error": {"code": code, "message": message}}, status, headers)
