"""A Midjourney proxy's API in front of our tasks: its routes, codes, task objects and callbacks.

Written for the strictest readers: Dooy's client keeps ids of digits alone and sends them back as
numbers, Licoy's takes HTTP 200 alone for success and polls for ever on null, backends of 99AI's
kind read `properties.finalPrompt` unasked (https://github.com/Dooy/chatgpt-web-midjourney-proxy
2.26.4, https://github.com/Licoy/ChatGPT-Midjourney, read 2026-11).
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.decimal_names import encode_decimal_name
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.midjourney.inputs import CREATES
from tracker.providers.midjourney.passing import SEED, UPLOAD
from tracker.providers.midjourney.shown import FAULTS, build_task_object, is_window
from tracker.providers.ports.commands import Cancel, Command, Create, Get, Media, PassOn
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody

_MODES = MappingProxyType(
    {f"{start}{mode}": mode for start in ("mj-", "") for mode in ("fast", "turbo", "relax")}
)
"""Modes by the first part of a path. new-api takes any before `/mj`, and clients write both.

https://github.com/QuantumNous/new-api (router/relay-router.go, `/:mode/mj`), read 2026-11-30.
"""
_LIST = "task/list-by-condition"
_MOST_LISTED = 500
_WINDOW_S = 15
"""Seconds that the answer to a button waits for the proxy's."""
_OPERATIONS: Mapping[str, str] = {create.path: name for name, create in CREATES.items()}
_READING_POSTS = frozenset({_LIST})


class MidjourneyFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/mj", *(f"/{prefix}" for prefix in _MODES))
    key_fields = ("mj-api-secret", "authorization")

    def get_scope(self, call: FrontCall) -> Scope:
        """Reading is a GET, or the list of tasks by their ids."""
        is_reading = call.is_read or _read_path(call) in _READING_POSTS
        return Scope.TASKS_READ if is_reading else Scope.TASKS_WRITE

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        operation = _OPERATIONS.get(path)
        if operation is not None:
            return _create(call, operation) if call.method == "POST" else refuse_method(call)
        if path == UPLOAD:
            return PassOn(UPLOAD) if call.method == "POST" else refuse_method(call)
        if path == _LIST:
            return _list(call) if call.method == "POST" else refuse_method(call)
        kind, _, rest = path.partition("/")
        name, _, action = rest.partition("/")
        named = find_name(name)
        if not named:
            return refuse_path(call)
        match kind, action:
            case "task", "fetch":
                return Get([named]) if call.is_read else refuse_method(call)
            case "image", "":
                return Media(named, kind="image") if call.is_read else refuse_method(call)
            case "task", "image-seed":
                return PassOn(SEED, task=named) if call.is_read else refuse_method(call)
            case "task", "cancel":
                return Cancel(named) if call.method == "POST" else refuse_method(call)
            case _:
                return refuse_path(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show task objects; a create's answer by a code."""
        del request_id
        match command:
            case Create():
                return _show_accepted(shown.tasks)
            case Cancel():
                return FrontAnswer({"code": 1, "description": "提交成功", "result": ""})
            case Get() if _read_path(call) == _LIST:
                return FrontAnswer(
                    [build_task_object(one, shown.get_input(one)) for one in shown.tasks]
                )
            case _:
                task = shown.tasks[0]
                return FrontAnswer(build_task_object(task, shown.get_input(task)))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a code; some clients show `description`, others `error.message`."""
        del request_id, call
        status, code = FAULTS[refusal.fault]
        return _show_error(status, code, refusal.message)

    def relay(self, status: int, parsed: Any, request_id: str) -> FrontAnswer:
        """Answer as the proxy did, but for what it says of this service's own key."""
        del request_id
        if status in (401, 403):
            return _show_error(502, 9, "the proxy refused this service's own key")
        if parsed is None:
            return _show_error(502, 9, "the proxy's answer cannot be read")
        return FrontAnswer(parsed, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the task object for each change of status or percent."""
        del step, base
        return json.dumps(build_task_object(task, input_), ensure_ascii=False).encode()


def _read_path(call: FrontCall) -> str:
    """Return the path behind `/mj`, which stands behind the prefix of a mode once more."""
    return call.path.removeprefix("mj/")


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    prefix = call.base.rpartition("/")[2]
    mode = {"mode": _MODES[prefix]} if prefix in _MODES else {}
    # Clients send empty texts for what is not set.
    given = {name: value for name, value in call.body.items() if value not in ("", None)}
    # Whether a button opened a window is told by the proxy alone, and clients heed it here only.
    wait_s = _WINDOW_S if operation == "action" else 0
    return Create(operation, {**given, **mode}, wait_s=wait_s, waits_for="sent")


def _list(call: FrontCall) -> Get | WantsBody:
    """Read the ids, which come as texts or as numbers."""
    if call.body is None:
        return WantsBody()
    ids = call.body.get("ids") or []
    if not isinstance(ids, list) or len(ids) > _MOST_LISTED:
        raise InvalidRequest(FieldError("ids", f"must be a list of at most {_MOST_LISTED} ids"))
    names = [str(one) for one in ids if isinstance(one, str | int) and not isinstance(one, bool)]
    return Get(names, by="id", must_exist=False)


def _show_accepted(made: Sequence[Task]) -> FrontAnswer:
    """Name the task, or all that one button made, as the proxy does: with commas between them."""
    code = 21 if is_window(made[0]) else 1
    prompt = (made[0].detail or {}).get("finalPrompt") or ""
    properties = {"finalPrompt": prompt, "remix": True} if code == 21 else {}
    words = "提交成功" if code == 1 else "Waiting for window confirm"
    return FrontAnswer(
        {
            "code": code,
            "description": words,
            "result": ",".join(encode_decimal_name(one.key) for one in made),
            "properties": properties,
        }
    )


def _show_error(status: int, code: int, message: str) -> FrontAnswer:
    error = {"message": message, "type": "tracker_error", "code": str(code)}
    return FrontAnswer(
        {"code": code, "description": message, "type": "tracker_error", "error": error}, status
    )
