"""Jimeng's API in front of our tasks: one path, the action in the query, an envelope with a code.

Written for PyPI volcengine 1.0.229, which signs with the access key of its account (here one of the
service's keys) and raises at HTTP 400 and above with the body as text, and for relays of new-api's
kind, which want a code in digits and ids as texts. 2026-11.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.task import TERMINAL, ArtifactState, Task, TaskState
from tracker.providers.jimeng.codes import is_final
from tracker.providers.jimeng.inputs import is_model
from tracker.providers.kit.front_answers import STATUSES, find_reason
from tracker.providers.kit.front_calls import MOST_WAIT_S, refuse_method
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Cancel, Command, Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

_SUBMIT, _RESULT = "CVSync2AsyncSubmitTask", "CVSync2AsyncGetResult"
_PROCESS, _CANCEL = "CVProcess", "CVCancelTask"
_ACTIONS = frozenset({_SUBMIT, _RESULT, _PROCESS, _CANCEL})
_GOOD, _INTERNAL, _WRONG_FIELD = 10000, 50500, 50215
_FAILED = 50520
"""Of a failure without a code: of a kind that is final. 50500 is asked about again."""
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "generating",
        TaskState.SUCCEEDED: "done",
        TaskState.EXPIRED: "expired",
    }
)
"""Of all other open states: in_queue. A failure has a code and no word."""
_CODES: Mapping[Fault, int] = MappingProxyType(
    {
        Fault.NO_KEY: 50401,
        Fault.BAD_KEY: 50401,
        Fault.EXPIRED_KEY: 50401,
        Fault.EARLY_KEY: 50401,
        Fault.FORBIDDEN: 50400,
        Fault.NOT_SERVED: 50400,
        Fault.NO_MONEY: 50400,
        Fault.RATE_LIMITED: 50429,
        Fault.BUSY: 50429,
        Fault.UNAVAILABLE: _INTERNAL,
        Fault.PROVIDER_UNKNOWN: _INTERNAL,
        Fault.INTERNAL: _INTERNAL,
    }
)
"""Of all other faults: a wrong field."""
_GATEWAY_WORDS: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_KEY: "MissingAuthenticationToken",
        Fault.BAD_KEY: "SignatureDoesNotMatch",
        Fault.EXPIRED_KEY: "SignatureDoesNotMatch",
        Fault.EARLY_KEY: "SignatureDoesNotMatch",
        Fault.NO_ROUTE: "InvalidActionOrVersion",
    }
)


class JimengFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/jimeng",)
    schemes = ("hmac-sha256",)
    shows_input = False

    def get_scope(self, call: FrontCall) -> Scope:
        """Reading is a POST too: the action tells."""
        return Scope.TASKS_READ if _find_action(call) == _RESULT else Scope.TASKS_WRITE

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by the action."""
        action = _find_action(call)
        if call.path or action not in _ACTIONS:
            return FrontRefusal(Fault.NO_ROUTE, f"there is no {(call.path or action)[:128]!r}")
        if call.method != "POST":
            return refuse_method(call)
        if call.body is None:
            return WantsBody()
        model, name = call.body.get("req_key"), call.body.get("task_id")
        if not isinstance(model, str) or not is_model(model):
            return FrontRefusal(Fault.INVALID, "req_key: there is no such model")
        if action in (_SUBMIT, _PROCESS):
            return Create(model, call.body, wait_s=MOST_WAIT_S if action == _PROCESS else 0)
        if not isinstance(name, str | int) or isinstance(name, bool) or not name:
            return FrontRefusal(Fault.INVALID, "task_id: is required, as a string")
        return Cancel(str(name)) if action == _CANCEL else Get([str(name)], operation=model)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a task; a create only its id, unless its end was waited for."""
        task = shown.tasks[0]
        if isinstance(command, Cancel):
            return _show_good(None, request_id)
        if isinstance(command, Create) and _find_action(call) == _SUBMIT:
            return _show_good({"task_id": str(task.id)}, request_id)
        if task.state in (TaskState.FAILED, TaskState.CANCELLED):
            return _show_failure(task, request_id)
        more = {"task_id": str(task.id)} if isinstance(command, Create) else {}
        return _show_good(more | _show_data(task), request_id)

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a code; a task that is not there is told by a word, as a success."""
        action = "" if call is None else _find_action(call)
        if refusal.fault is Fault.NOT_FOUND and action == _RESULT:
            return _show_good({"status": "not_found"}, request_id)
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        code = _CODES.get(refusal.fault, _WRONG_FIELD)
        answer = _show_envelope(code, None, refusal.message, request_id, status)
        if refusal.fault in _GATEWAY_WORDS:
            error = {"Code": _GATEWAY_WORDS[refusal.fault], "Message": refusal.message}
            told = {"RequestId": request_id, "Action": action, "Error": error}
            answer.body["ResponseMetadata"] = told
        return answer


def _find_action(call: FrontCall) -> str:
    return call.get_parameter("Action") or ""


def _show_data(task: Task) -> dict[str, Any]:
    word = _WORDS.get(task.state, "in_queue")
    if task.state not in TERMINAL:
        return {"status": word, "image_urls": None, "binary_data_base64": None}
    ready = [one for one in task.artifacts if one.url and one.state is ArtifactState.READY]
    pictures = [one.url for one in ready if one.kind == "image"]
    video = next((one.url for one in ready if one.kind == "video"), "")
    return {
        "status": word,
        "image_urls": pictures or None,
        "binary_data_base64": [],
        "video_url": video,
    }


def _show_failure(task: Task, request_id: str) -> FrontAnswer:
    """Tell a failure by its code, and by the HTTP status that such codes come with."""
    given = (task.error.code if task.error else None) or ""
    code = int(given) if is_final(given) else _FAILED
    return _show_envelope(code, None, find_reason(task) or "failed", request_id, 400)


def _show_good(data: dict[str, Any] | None, request_id: str) -> FrontAnswer:
    return _show_envelope(_GOOD, data, "Success", request_id, 200)


def _show_envelope(
    code: int, data: dict[str, Any] | None, message: str, request_id: str, status: int
) -> FrontAnswer:
    body = {
        "code": code,
        "data": data,
        "message": message,
        "request_id": request_id,
        "status": code,
        "time_elapsed": "0ms",
    }
    return FrontAnswer(body, status)
