"""Runway's videos as gateways show them that tell the status as a number.

Sources: https://gpt-best.apifox.cn/project-3868318/api-208780553, and callers of
https://api.openai-hub.com (a PHP page) and https://duomiapi.com, which read `data.task_id`,
`data.status` and `data.video_url`, read 2026-11-30.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.cost import Phase
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.front_answers import find_reason, link_of
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.ports.commands import Command, Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody

PRO, FEED = "pro/generate", "feed"
POINTS = "points"
_VERSION = "v1/"
_WAITS, _RUNS, _FAILED, _DONE = "0", "1", "2", "3"
_STATES: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: _RUNS,
        TaskState.SUCCEEDED: _DONE,
        TaskState.FAILED: _FAILED,
        TaskState.CANCELLED: _FAILED,
        TaskState.EXPIRED: _FAILED,
    }
)


def is_feed(call: FrontCall) -> bool:
    """Tell whether a call is one of these clients."""
    return call.path.removeprefix(_VERSION) in (PRO, FEED)


def is_reading(call: FrontCall) -> bool:
    """Tell whether a call only asks: that is a POST here."""
    return call.path.removeprefix(_VERSION) == FEED


def read_feed_call(call: FrontCall) -> Command | WantsBody | FrontRefusal:
    """Route by path and method; a task is asked for by POST, or by GET as some do."""
    if is_reading(call) and call.is_read:
        return _read_one(call, call.get_parameter("task_id"))
    if call.method != "POST":
        return refuse_method(call)
    if call.body is None:
        return WantsBody()
    if is_reading(call):
        return _read_one(call, call.body.get("task_id"))
    # The key stands in the body too at one of these gateways.
    return Create(PRO, {name: value for name, value in call.body.items() if name != "key"})


def _read_one(call: FrontCall, given: Any) -> Get | FrontRefusal:
    named = find_name(given) if isinstance(given, str) and "/" not in given else None
    return Get([named]) if named else refuse_path(call)


def show_feed(command: Command, shown: Shown) -> FrontAnswer:
    """Show a task in the envelope."""
    task = shown.tasks[0]
    if isinstance(command, Create):
        return FrontAnswer(_wrap({"task_id": str(task.id)}))
    return FrontAnswer(_wrap(_show_data(task, shown.get_input(task))))


def refuse_feed(message: str, status: int) -> FrontAnswer:
    """Answer with a code and a message."""
    return FrontAnswer({"code": status, "msg": message, "data": None, "exec_time": 0}, status)


def tell_feed(task: Task, step: Transition, input_: Mapping[str, Any]) -> bytes | None:
    """Return what a query would show, without its envelope, when the status changes."""
    before = _WAITS if step.from_state is None else _STATES.get(step.from_state, _WAITS)
    data = _show_data(task, input_)
    return None if data["status"] == before else json.dumps(data).encode()


def _wrap(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": 200, "msg": "成功", "data": dict(data), "exec_time": 0}


def _show_data(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show a task; one that is done without a video still runs, as clients know no other end."""
    url, status = link_of(task, "video"), _STATES.get(task.state, _WAITS)
    charged = [one for one in task.costs if one.unit == POINTS]
    paid = next((one.amount for one in charged if one.phase is Phase.SETTLE), "0")
    extra = next((one.extra for one in task.artifacts if one.kind == "video"), {})
    return {
        "task_id": str(task.id),
        "status": _RUNS if status == _DONE and url is None else status,
        "prompt": str(input_.get("prompt") or ""),
        "prompt_en": "",
        "video_url": url or "",
        "poster": str(extra.get("poster") or ""),
        "last_frame": str(extra.get("last_frame") or ""),
        "msg": find_reason(task),
        "point": paid,
        "refund": "1" if any(one.phase is Phase.REFUND for one in charged) else "0",
        "create_time": str(int(task.created_at.timestamp())),
        "update_time": str(int(task.updated_at.timestamp())),
    }
