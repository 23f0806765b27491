"""Vidu's API in front of our tasks (https://platform.vidu.com/docs, 2026-11).

Its clients look at `task_id` and `state` of a create, the five words of the query, and
`creations[0].url`; new-api (https://github.com/QuantumNous/new-api, relay/channel/task/vidu) takes
every other word for a failure.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import STATUSES, find_reason, format_time
from tracker.providers.kit.front_calls import (
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.held_answers import HELD_S
from tracker.providers.kit.ledger import compute_net, estimate_costs
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.kit.reading import read_instant
from tracker.providers.ports.commands import Cancel, Command, Create, Get, Page, PassOn, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.vidu.inputs import AT_ONCE, CREATES, VOICE

BALANCE, SUBJECTS = "ent/v2/credits", "ent/v2/subjects"
"""Calls that are passed on."""
LISTED_SUBJECTS = f"{SUBJECTS} (list)"
"""The name of the list, whose path is that of the create."""
CHANGED_SUBJECT = f"{SUBJECTS}/{{id}}"
_MOTION = "motion-sync"
_NO_MOTION = (
    "motion-sync is not served: no public page says what it takes; use lip-sync or img2video"
)
CREDITS = "credits"
"""The unit of costs."""
_ROOT = "ent/v2/"
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "created",
        TaskState.UNCERTAIN: "created",
        TaskState.SUBMITTED: "queueing",
        TaskState.RUNNING: "processing",
        TaskState.SUCCEEDED: "success",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "failed",
        TaskState.EXPIRED: "failed",
    }
)
_REASONS: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_KEY: "Unauthorized",
        Fault.BAD_KEY: "Unauthorized",
        Fault.EXPIRED_KEY: "Unauthorized",
        Fault.EARLY_KEY: "Unauthorized",
        Fault.FORBIDDEN: "PermissionDenied",
        Fault.NO_ROUTE: "NotFound",
        Fault.NOT_SERVED: "NotFound",
        Fault.NOT_FOUND: "TaskNotFound",
        Fault.WRONG_METHOD: "MethodNotAllowed",
        Fault.NO_MONEY: "CreditInsufficient",
        Fault.RATE_LIMITED: "TooManyRequests",
        Fault.BUSY: "OperationInProcess",
        Fault.UNAVAILABLE: "ServiceUnavailable",
        Fault.PROVIDER_UNKNOWN: "UpstreamUnknown",
        Fault.INTERNAL: "InternalError",
    }
)
"""Of all other faults: FieldInvalid."""


class ViduFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/vidu", "/proxy/vidu")
    schemes = ("token",)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = call.path.removeprefix(_ROOT)  # ComfyUI's proxy has none
        if path in CREATES:
            if call.method != "POST":
                return refuse_method(call)
            if call.body is None:
                return WantsBody()
            held_s = HELD_S if path in AT_ONCE else 0
            return Create(path, call.body, wait_s=held_s, waits_for="sent")
        if call.path == BALANCE:
            return PassOn(BALANCE) if call.is_read else refuse_method(call)
        if call.path == SUBJECTS:
            name = SUBJECTS if call.method == "POST" else LISTED_SUBJECTS
            return PassOn(name) if name == SUBJECTS or call.is_read else refuse_method(call)
        if call.path.startswith(f"{SUBJECTS}/"):
            named = find_name(call.path.removeprefix(f"{SUBJECTS}/"))
            if not named:
                return refuse_path(call)
            is_change = call.method == "PUT"
            return PassOn(CHANGED_SUBJECT, named=named) if is_change else refuse_method(call)
        if path == _MOTION:
            return FrontRefusal(Fault.NOT_SERVED, _NO_MOTION)
        if path == "tasks":
            return _read_listing(call) if call.is_read else refuse_method(call)
        first, _, rest = path.partition("/")
        part, _, action = rest.partition("/")
        named = find_name(part) if first == "tasks" else None
        if not named or action not in ("creations", "cancel"):
            return refuse_path(call)
        if action == "creations":
            return Get([named]) if call.is_read else refuse_method(call)
        return Cancel(named) if call.method == "POST" else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks, each with the payload that its caller gave it."""
        del request_id
        match command:
            case Cancel():
                return FrontAnswer({})
            case Create(operation=operation) if operation in AT_ONCE:
                return FrontAnswer(_show_sound(shown.tasks[0], shown.get_input(shown.tasks[0])))
            case Create():
                return FrontAnswer(_show_created(shown.tasks[0], shown.get_input(shown.tasks[0])))
            case Page() | Skip():
                found = [_show_listed(one, shown.get_input(one)) for one in shown.tasks]
                return FrontAnswer({"tasks": found, "next_page_token": shown.next or ""})
            case Get() if call.path.removeprefix(_ROOT) == "tasks":
                found = [_show_listed(one, shown.get_input(one)) for one in shown.tasks]
                return FrontAnswer({"tasks": found, "next_page_token": ""})
            case _:
                return FrontAnswer(_show_task(shown.tasks[0], shown.get_input(shown.tasks[0])))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with code, reason, message and metadata."""
        del call
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        body = {
            "code": status,
            "reason": _REASONS.get(refusal.fault, "FieldInvalid"),
            "message": refusal.message,
            "metadata": {"trace_id": request_id},
        }
        return FrontAnswer(body, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the task once when it is processed, and at its end."""
        del base
        has_started = task.state is TaskState.RUNNING and step.from_state is not step.to_state
        if not has_started and task.state not in TERMINAL:
            return None
        return json.dumps(_show_task(task, input_)).encode()


def _read_listing(call: FrontCall) -> Command:
    """Read a list: by ids, by a number of a page, or by time from token to token.

    Raises InvalidRequest for what is no number or no time.
    """
    ids = [value for name, value in call.query if name == "task_ids" and value]
    if ids:
        return Get(ids[:100], by="id", must_exist=False)
    size = read_whole_number(call, "pager.pagesz", default=10, low=1, high=100)
    number = read_whole_number(call, "pager.page", default=0, low=0, high=100_000)
    if number:
        return Skip(size, offset=size * number)
    asked = [value for name, value in call.query if name == "states"]
    states = {state for state, word in _WORDS.items() if word in asked} if asked else None
    start, end = (_read_time(call, f"created_at.{name}") for name in ("from", "to"))
    return Page(
        size,
        after=call.get_parameter("pager.page_token") or None,
        binds=f"tasks {start} {end} {sorted(asked)}",
        created_from=start,
        created_until=end,
        states=states,
    )


def _read_time(call: FrontCall, name: str) -> Any:
    text = call.get_parameter(name)
    if not text:
        return None
    found = read_instant(text)
    if found is None:
        raise InvalidRequest(FieldError(name, "must be a time such as 2026-05-01T10:00:00Z"))
    return found


def _show_created(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        name: input_[name]
        for name in ("model", "prompt", "images", "duration", "seed", "aspect_ratio", "resolution")
        if input_.get(name) is not None
    }
    return {
        "task_id": str(task.id),
        "state": _WORDS[task.state],
        **given,
        "movement_amplitude": input_.get("movement_amplitude") or "auto",
        "payload": _read_payload(input_),
        "off_peak": bool(input_.get("off_peak")),
        "credits": _show_credits(task),
        "created_at": format_time(task.created_at),
    }


def _show_sound(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show what is made at once: its words are `queueing`, `success` and `failed`."""
    url = next((one.url for one in task.artifacts if one.url), "")
    made = {"voice_id": input_["voice_id"], "demo_audio": url} if task.operation == VOICE else None
    return {
        "task_id": str(task.id),
        "state": _WORDS[task.state] if task.state in TERMINAL else "queueing",
        **({"file_url": url} if made is None else made),
        "credits": _show_credits(task),
        "payload": _read_payload(input_),
        "created_at": format_time(task.created_at),
        **({"err_msg": reason} if (reason := find_reason(task)) else {}),
    }


def _show_task(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    failed = _WORDS[task.state] == "failed"
    code = (task.error.code if task.error else None) or task.state.value
    return {
        "id": str(task.id),
        "state": _WORDS[task.state],
        "err_code": code if failed else "",
        "err_msg": find_reason(task) or "",
        "credits": _show_credits(task),
        "payload": _read_payload(input_),
        "bgm": bool(input_.get("bgm")),
        "off_peak": bool(input_.get("off_peak")),
        "creations": _show_creations(task) if task.state is TaskState.SUCCEEDED else [],
    }


def _show_listed(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    return {**_show_created(task, input_), **_show_task(task, input_)}


def _show_creations(task: Task) -> list[dict[str, Any]]:
    urls = {one.key: one.url for one in task.artifacts if one.url and one.state == "ready"}
    return [
        {
            "id": one.id or f"{task.id}-{one.key}",
            "url": one.url,
            "cover_url": urls.get(f"cover/{one.key}") or "",
            "watermarked_url": urls.get(f"watermarked/{one.key}") or "",
            "moderation_url": [
                url for key, url in urls.items() if str(key).startswith(f"moderation/{one.key}/")
            ],
        }
        for one in task.artifacts
        if one.key is not None and one.key in urls and "/" not in one.key
    ]


def _read_payload(input_: Mapping[str, Any]) -> str:
    return str(input_.get("payload") or "")


def _show_credits(task: Task) -> int:
    charged = compute_net(task.costs, CREDITS)
    return int(charged if charged is not None else estimate_costs(task.costs, CREDITS) or 0)
