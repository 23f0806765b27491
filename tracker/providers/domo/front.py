"""Domo's API in front of our tasks (https://docs.domoai.app, 2026-11).

Its callers look at `code`, `data.task_id`, the words SUCCESS, FAILED and CANCELED, and
`output_videos[0].url`.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.domo.inputs import INPUTS
from tracker.providers.kit.front_answers import STATUSES, format_time
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.ledger import compute_net
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Command, Create, Get, PassOn
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

UPLOAD = "upload/file"
CREDITS = "credits"
_CODES: Mapping[Fault, int] = MappingProxyType({Fault.NO_MONEY: 2001})
"""Codes that are no HTTP status: 2001 is said with 402 where there are no credits."""
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "PROCESSING",
        TaskState.SUCCEEDED: "SUCCESS",
        TaskState.FAILED: "FAILED",
        TaskState.CANCELLED: "CANCELED",
        TaskState.EXPIRED: "FAILED",
    }
)
"""Of all other states: PENDING."""


class DomoFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/domo",)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = call.path.removeprefix("v1/")
        if path in INPUTS or path == UPLOAD:
            if call.method != "POST":
                return refuse_method(call)
            if path == UPLOAD:
                return PassOn(UPLOAD)
            return WantsBody() if call.body is None else Create(path, call.body)
        first, _, name = path.partition("/")
        named = find_name(name) if first == "tasks" and "/" not in name else None
        if not named:
            return refuse_path(call)
        return Get([named]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks in an envelope."""
        del call, request_id
        task = shown.tasks[0]
        if isinstance(command, Create):
            return FrontAnswer({"data": {"task_id": str(task.id)}, "code": 0})
        return FrontAnswer({"data": _show_task(task, shown.get_input(task)), "code": 0})

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a numeric code and a message; wrong fields stand in `detail`."""
        del request_id, call
        status = STATUSES[refusal.fault]
        body: dict[str, Any] = {
            "code": _CODES.get(refusal.fault, status),
            "message": refusal.message,
            "data": None,
        }
        if refusal.fault is Fault.INVALID:
            body["detail"] = [
                {"loc": ["body", *one.path.split(".")], "msg": one.reason, "type": "value_error"}
                for one in refusal.fields
            ]
        return FrontAnswer(body, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the bare task when its status changes."""
        del base
        before = None if step.from_state is None else _WORDS.get(step.from_state, "PENDING")
        has_changed = before != _WORDS.get(task.state, "PENDING")
        if not has_changed or task.state not in TERMINAL | {TaskState.RUNNING}:
            return None
        return json.dumps(_show_task(task, input_)).encode()


def _show_task(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    category, _ = INPUTS.get(task.operation, ("TEXT_TO_VIDEO", None))
    is_done = task.state is TaskState.SUCCEEDED
    seconds = input_.get("seconds")
    return {
        "task_id": str(task.id),
        "id": str(task.id),
        "status": _WORDS.get(task.state, "PENDING"),
        "category": category,
        "callback_url": task.callback_url,
        "seconds": seconds if isinstance(seconds, int) else 0,
        "output_videos": [{"url": one.url} for one in task.artifacts if one.url and is_done],
        "credits": int(compute_net(task.costs, CREDITS) or 0),
        "inputs": {"prompt": str(input_.get("prompt") or "")},
        "created_at": format_time(task.created_at),
    }
