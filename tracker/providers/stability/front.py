"""Stability's API in front of our tasks: forms in, files out, the HTTP status as the state.

It has no official client (https://platform.stability.ai/docs/api-reference, read 2026-11). Callers
go by the status, by `Accept`, and by the headers `finish-reason` and `seed`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import STATUSES, find_reason
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
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
from tracker.providers.stability.operations import MEDIA_TYPES, OPERATIONS
from tracker.providers.stability.passing import ACCOUNT, BALANCE
from tracker.providers.stability.words import FILTERED, MODERATED, SUCCESS

_ROOT, _RESULTS = "v2beta/", "results/"
_HELD_S = 600
"""Seconds for which a create is held that is answered with the result."""
_JSON = "application/json"
_NAMES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_KEY: "unauthorized",
        Fault.BAD_KEY: "unauthorized",
        Fault.EXPIRED_KEY: "unauthorized",
        Fault.EARLY_KEY: "unauthorized",
        Fault.FORBIDDEN: "permission_denied",
        Fault.NO_MONEY: "payment_required",
        Fault.NOT_SERVED: "not_found",
        Fault.NOT_FOUND: "not_found",
        Fault.NO_ROUTE: "not_found",
        Fault.TOO_LARGE: "payload_too_large",
        Fault.RATE_LIMITED: "rate_limit_exceeded",
        Fault.BUSY: "rate_limit_exceeded",
        Fault.UNAVAILABLE: "internal_error",
        Fault.PROVIDER_UNKNOWN: "internal_error",
        Fault.INTERNAL: "internal_error",
    }
)
"""Of all other faults: bad_request."""
_OTHER_STATUSES: Mapping[Fault, int] = MappingProxyType({Fault.INVALID: 400, Fault.BUSY: 429})
_FAILURES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        MODERATED: (403, MODERATED),
        FILTERED: (403, MODERATED),
        "payload_too_large": (413, "payload_too_large"),
        "unprocessable_entity": (422, "unprocessable_entity"),
    }
)
"""Status and name of a failed task by its code; of all others 400, bad_request."""


class StabilityFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/stability", "/sd", "/proxy/stability")
    shows_input = False

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if call.path in (BALANCE, ACCOUNT):
            return PassOn(call.path) if call.is_read else refuse_method(call)
        path = call.path.removeprefix(_ROOT) if call.path.startswith(_ROOT) else ""
        if path in OPERATIONS:
            if call.method != "POST":
                return refuse_method(call)
            return self._create(call, path)
        head, _, part = path.rpartition("/")
        operation = None if f"{head}/" == _RESULTS else head.removesuffix("/result")
        is_known = operation is None or (head.endswith("/result") and operation in OPERATIONS)
        named = find_name(part)
        if not named or not is_known:
            return refuse_path(call)
        return Get([named], operation=operation) if call.is_read else refuse_method(call)

    def _create(self, call: FrontCall, name: str) -> Command | WantsBody | FrontRefusal:
        operation = OPERATIONS[name]
        taken = (_JSON, "*/*", f"{operation.kind}/")
        if not any(one in (call.headers.get("accept") or "*/*") for one in taken):
            wanted = MEDIA_TYPES[operation.kind]
            return FrontRefusal(Fault.INVALID, f"accept: must be {_JSON} or {wanted}")
        if call.body is None:
            return WantsBody(or_form=True)
        if operation.has_id:
            return Create(name, call.body)
        return Create(name, call.body, wait_s=_HELD_S, waits_for="sent")

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a result, or why there is none (yet)."""
        task = shown.tasks[0]
        if isinstance(command, Create) and OPERATIONS[task.operation].has_id:
            return FrontAnswer({"id": str(task.id)})
        if task.state is TaskState.SUCCEEDED:
            return _show_result(call, task, shown, request_id)
        if task.state is TaskState.UNCERTAIN and isinstance(command, Create):
            why = f"nobody knows whether it was made; ask for {_RESULTS}{task.id} later"
            return _show_error(409, "outcome_unknown", why, request_id)
        if task.state not in TERMINAL:
            return FrontAnswer({"id": str(task.id), "status": "in-progress"}, 202)
        reason = find_reason(task) or "failed"
        if task.state is not TaskState.FAILED:
            return _show_error(404, "not_found", reason, request_id)
        code = (task.error.code if task.error else None) or ""
        status, name = _FAILURES.get(code, (400, "bad_request"))
        return _show_error(status, name, reason, request_id)

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with an id of the error, a name and the errors."""
        del call
        status = _OTHER_STATUSES.get(refusal.fault, STATUSES[refusal.fault])
        return _show_error(
            status, _NAMES.get(refusal.fault, "bad_request"), refusal.message, request_id
        )


def _show_result(call: FrontCall, task: Task, shown: Shown, request_id: str) -> FrontAnswer:
    """Show a file as its bytes or, where JSON is accepted, as base64."""
    urls = [one.url for one in task.artifacts if one.url is not None]
    name = next((shown.names[url] for url in urls if url in shown.names), None)
    if name is None:
        return _show_error(404, "not_found", "the file is not kept (any more)", request_id)
    detail = task.detail or {}
    word, seed = str(detail.get("finish_reason") or SUCCESS), str(detail.get("seed") or "0")
    if _JSON not in call.headers.get("accept", ""):
        headers = {"finish-reason": word, "seed": seed}
        return FrontAnswer(None, headers=headers, file=name)
    kind = OPERATIONS[task.operation].kind
    field = "result" if call.path.startswith(_ROOT + _RESULTS) else kind
    body = {field: name, "finish_reason": word, "seed": int(seed) if seed.isdecimal() else 0}
    return FrontAnswer(body, has_files=True)


def _show_error(status: int, name: str, reason: str, request_id: str) -> FrontAnswer:
    return FrontAnswer({"id": request_id, "name": name, "errors": [reason]}, status)
