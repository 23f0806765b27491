"""Flux's API in front of our tasks: creates by endpoint, `get_result`, credits, webhooks.

Written for the strictest reader, npm @ai-sdk/black-forest-labs 1.0.33: a create has an absolute
`polling_url`, a poll one of five words and no null numbers. It ends on `Error` and `Failed` alone,
and waits on at `Request Moderated`; so does PyPI blackforest 0.1.3 at every failure. 2026-11.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.flux.inputs import is_endpoint
from tracker.providers.kit.front_answers import STATUSES, find_reason, format_time, link_of
from tracker.providers.kit.front_calls import refuse_method, refuse_path
from tracker.providers.kit.ledger import compute_net, estimate_costs
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

CREDITS = "credits"
"""The call that is passed on."""
_RESULT = "get_result"
_UNIT = "credits"
_KEY_FAULTS = frozenset({Fault.NO_KEY, Fault.BAD_KEY, Fault.EXPIRED_KEY, Fault.EARLY_KEY})
_NO_SAMPLE = "it succeeded, and has no sample (any more)"
_NUMBERS = ("seed", "start_time", "end_time", "duration")
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.SUCCEEDED: "Ready",
        TaskState.FAILED: "Error",
        TaskState.CANCELLED: "Error",
        TaskState.EXPIRED: "Error",
    }
)
"""Of all other states: Pending."""


class FluxFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/flux", "/proxy/bfl")
    key_fields = ("x-key",)
    shows_input = False

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for the credits, which all tenants share; reading is a GET."""
        return Scope.ADMIN if _read_path(call) == CREDITS else super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        if path == CREDITS:
            return PassOn(CREDITS) if call.is_read else refuse_method(call)
        if path == _RESULT:
            if not call.is_read:
                return refuse_method(call)
            name = call.get_parameter("id")
            return Get([name]) if name else FrontRefusal(Fault.INVALID, "id: field required")
        if not is_endpoint(path):
            return refuse_path(call)
        if call.method != "POST":
            return refuse_method(call)
        return WantsBody() if call.body is None else Create(path, call.body)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a task."""
        del request_id
        task = shown.tasks[0]
        if isinstance(command, Create):
            return FrontAnswer(_show_created(task, call.base))
        return FrontAnswer(_show_polled(task))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a `detail`; a task that is not there has a word of its own besides."""
        del request_id
        status = 403 if refusal.fault in _KEY_FAULTS else STATUSES[refusal.fault]
        body: dict[str, Any] = {"detail": refusal.message}
        if refusal.fields:
            body["detail"] = [
                {"loc": ["body", *one.path.split(".")], "msg": one.reason, "type": "value_error"}
                for one in refusal.fields
            ]
        if refusal.fault is Fault.NOT_FOUND and call is not None and _read_path(call) == _RESULT:
            name = call.get_parameter("id") or ""
            body |= {"id": name, "status": "Task not found", "result": None}
        return FrontAnswer(body, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the end of a task."""
        del step, input_, base
        if task.state not in TERMINAL:
            return None
        at = format_time(task.finished_at or task.updated_at)
        body: dict[str, Any] = {"id": str(task.id), "status": _show_word(task), "timestamp": at}
        reason = find_reason(task)
        if _show_word(task) == "Error":
            reason = reason or _NO_SAMPLE
        if reason is None:
            body |= {"result": _show_result(task)}
        else:
            body |= {"error": (task.error and task.error.code) or "error", "message": reason}
        return json.dumps(body).encode()


def _read_path(call: FrontCall) -> str:
    """Return the endpoint: ComfyUI's proxy has no version before it, and `generate` behind it."""
    return call.path.removeprefix("v1/").removesuffix("/generate")


def _show_created(task: Task, base: str) -> dict[str, Any]:
    url = f"{base}/v1/{_RESULT}?id={quote(str(task.id))}"
    found = {"id": str(task.id), "polling_url": url} | _show_costs(task)
    if task.callback_url is not None:
        found |= {"status": _show_word(task), "webhook_url": task.callback_url}
    return found


def _show_polled(task: Task) -> dict[str, Any]:
    is_over = task.state in TERMINAL
    return {
        "id": str(task.id),
        "status": _show_word(task),
        "result": _show_result(task),
        "progress": None if is_over or task.progress is None else task.progress / 100,
        "details": _show_details(task),
        "preview": None,
    } | (_show_costs(task) if is_over else {})


def _show_word(task: Task) -> str:
    is_empty = task.state is TaskState.SUCCEEDED and _find_sample(task) is None
    return "Error" if is_empty else _WORDS.get(task.state, "Pending")


def _find_sample(task: Task) -> str | None:
    return link_of(task, "image", "video")


def _show_result(task: Task) -> dict[str, Any] | None:
    """Return the result of a success; its numbers only where they are some."""
    sample = _find_sample(task) if task.state is TaskState.SUCCEEDED else None
    if sample is None:
        return None
    kept = (task.detail or {}).get("result")
    told = kept if isinstance(kept, dict) else {}
    prompt = {"prompt": told["prompt"]} if isinstance(told.get("prompt"), str) else {}
    numbers = {
        name: told[name]
        for name in _NUMBERS
        if isinstance(told.get(name), int | float) and not isinstance(told[name], bool)
    }
    draft = next((one.url for one in task.artifacts if one.key == "draft_cache"), None)
    return {"sample": sample} | prompt | numbers | ({"draft_cache": draft} if draft else {})


def _show_details(task: Task) -> dict[str, Any] | None:
    is_empty = task.state is TaskState.SUCCEEDED and _find_sample(task) is None
    reason = _NO_SAMPLE if is_empty else find_reason(task)
    if reason is None:
        return None
    return {"status": task.provider_status or task.state.value, "message": reason}


def _show_costs(task: Task) -> dict[str, Any]:
    """Return the cost, where the provider has told one."""
    amount = compute_net(task.costs, _UNIT) or estimate_costs(task.costs, _UNIT)
    return {} if amount is None else {"cost": float(amount)}
