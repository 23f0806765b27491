"""fal's queue in front of our tasks: creates by model, status, result, cancel, held calls.

Written for the strictest readers: PyPI fal-client 1.0.3 (a submit has three addresses, a status one
of three words and `logs`), npm @fal-ai/client 1.10.1, which names the address that it means in
`x-fal-target-url` (docs.fal.ai/model-endpoints/server-side, 2026-11), and npm @ai-sdk/fal 2.0.59,
which asks for the result until it is there.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.fal.inputs import APP, read_app
from tracker.providers.fal.results import list_files, replace_urls
from tracker.providers.kit.front_answers import STATUSES, find_reason
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
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

TARGET = "x-fal-target-url"
_QUEUE, _RUN = "queue.fal.run", "fal.run"
_HELD = "run/"
"""The path of calls that wait for the end: `fal.run` itself has another host."""
_LONGEST_S = 600
"""How long such a call is held. The official clients wait for as long as it takes."""
_REQUEST = re.compile(r"((?:(?:workflows|comfy)/)?[^/]+/[^/]+)/requests/([^/]+)(/.+)?")
_IN_PROGRESS = "Request is still in progress"
"""Word for word: npm @ai-sdk/fal compares it."""
_GONE = "the result is no longer there"
_STATUSES: Mapping[Fault, int] = MappingProxyType(
    # A client sends a create up to ten times that is refused with 429, and 402 is not fal's.
    {**STATUSES, Fault.RATE_LIMITED: 403, Fault.NO_MONEY: 403}
)
_LOCKED = "User is locked. Reason: Exhausted balance. "
"""fal's own words for want of money."""
_ID = "x-fal-request-id"
_QUEUED = MappingProxyType({"status": "IN_QUEUE", "queue_position": 0})


class FalFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/fal", "/proxy/fal")
    schemes = ("key",)
    shows_input = False

    def resolve_address(self, call: FrontCall) -> FrontCall:
        """Return the call that `x-fal-target-url` names, if that is one of the queue or `fal.run`.

        Addresses in its answer lie at fal, whose client names them in that header again.
        """
        host, path, query = _find_target(call)
        if host not in (_QUEUE, _RUN):
            return call
        held = _HELD if host == _RUN else ""
        return replace(call, path=held + path, query=query, base=f"https://{_QUEUE}")

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        host, _, _ = _find_target(call)
        if host not in ("", _QUEUE, _RUN):
            reason = f"{TARGET} must lead to https://{_QUEUE} or https://{_RUN}"
            return FrontRefusal(Fault.NOT_SERVED, f"{reason}: uploads and tokens are fal's own")
        is_held = call.path.startswith(_HELD)
        app = call.path.removeprefix(_HELD)
        if found := _REQUEST.fullmatch(app):
            return _read_request_call(call, found[2], found[3] or "")
        if APP.fullmatch(app) is None:
            return refuse_path(call)
        if call.method != "POST":
            return refuse_method(call)
        if call.body is None:
            return WantsBody()
        return Create(app, _read_input(call, call.body), wait_s=_LONGEST_S if is_held else 0)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a create, a status, a result or what became of a cancel."""
        del request_id
        task = shown.tasks[0]
        match command:
            case Create(wait_s=0):
                answer = FrontAnswer(_show_addresses(task, call.base) | _QUEUED)
            case Create():
                answer = _show_result(task) if task.state in TERMINAL else _refuse_late()
            case Cancel():
                answer = _cancel(task)
            case _ if call.path.endswith("/status"):
                is_over = task.state in TERMINAL
                answer = FrontAnswer(_show_status(task, call.base), 200 if is_over else 202)
            case _:
                answer = _show_result(task)
        return replace(answer, headers={**answer.headers, _ID: str(task.id)})

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with `detail`: a list for wrong fields, else a text."""
        del call
        message = refusal.message
        if refusal.fault is Fault.NO_MONEY:
            message = _LOCKED + message
        detail: Any = message
        if refusal.fields:
            detail = [
                _build_flaw(f"body.{one.path}".rstrip("."), one.reason, "value_error")
                for one in refusal.fields
            ]
        body = {"detail": detail, "message": message}
        return FrontAnswer(body, _STATUSES[refusal.fault], {_ID: request_id})

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the webhook of a task's end."""
        del step, input_, base
        if task.state not in TERMINAL:
            return None
        name = str(task.id)
        body: dict[str, Any] = {"request_id": name, "gateway_request_id": name}
        if task.state is TaskState.SUCCEEDED:
            payload = _show_payload(task)
            body |= {"status": "OK", "payload": payload}
            if payload is None:
                body["payload_error"] = _GONE
        else:
            failure = _show_failure(task)
            payload = {"detail": failure["detail"]}
            body |= {"status": "ERROR", "error": failure["message"], "payload": payload}
        return json.dumps(body).encode()


def _find_target(call: FrontCall) -> tuple[str, str, Sequence[tuple[str, str]]]:
    """Return host, path and query of the address that a header names; empty for none."""
    given = call.headers.get(TARGET, "")
    if not given:
        return "", "", ()
    try:
        url = urlsplit(given)
        host = url.hostname if url.scheme == "https" and url.username is None else None
    except ValueError:  # what only begins like a URL
        host = None
    if not host:
        return "nowhere", "", ()
    return host, url.path.strip("/"), parse_qsl(url.query, keep_blank_values=True)


def _read_request_call(call: FrontCall, part: str, action: str) -> Command | FrontRefusal:
    name = find_name(part)
    if name is None:
        return refuse_path(call)
    match action:
        case "/cancel":
            return Cancel(name) if call.method == "PUT" else refuse_method(call)
        case "" | "/response" | "/status":
            return Get([name]) if call.is_read else refuse_method(call)
        case "/status/stream":
            reason = "a status is not streamed here: ask for it (mode `polling`)"
            return FrontRefusal(Fault.NOT_SERVED, reason)
        case _:
            return refuse_path(call)


def _read_input(call: FrontCall, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the input of a create: the body is the model's own, the rest stands around it."""
    headers = call.headers
    found: dict[str, Any] = {"input": body, "webhook_url": call.get_parameter("fal_webhook")}
    found["priority"] = headers.get("x-fal-queue-priority")
    found["start_timeout"] = _parse_number(headers.get("x-fal-request-timeout"))
    found["hint"] = headers.get("x-fal-runner-hint")
    found["no_retry"] = True if headers.get("x-fal-no-retry") == "1" else None
    found["store_io"] = {"0": False, "1": True}.get(headers.get("x-fal-store-io", ""))
    found["object_lifecycle"] = _parse_object(headers.get("x-fal-object-lifecycle-preference"))
    return {name: value for name, value in found.items() if value is not None}


def _parse_number(text: str | None) -> Any:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text  # refused by its field


def _parse_object(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _show_addresses(task: Task, base: str) -> dict[str, Any]:
    url, name = f"{base}/{read_app(task.operation)}/requests/{task.id}", str(task.id)
    return {
        "request_id": name,
        "gateway_request_id": name,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
    }


def _show_status(task: Task, base: str) -> dict[str, Any]:
    view = _show_addresses(task, base)
    if task.state is TaskState.RUNNING:
        return view | {"status": "IN_PROGRESS", "logs": []}
    if task.state not in TERMINAL:
        return view | _QUEUED
    view |= {"status": "COMPLETED", "logs": [], "metrics": {}}
    if task.state is TaskState.SUCCEEDED:
        return view
    failure = _show_failure(task)
    return view | {"error": failure["message"], "error_type": failure["error_type"]}


def _show_result(task: Task) -> FrontAnswer:
    if task.state not in TERMINAL:
        return FrontAnswer({"detail": _IN_PROGRESS, "message": _IN_PROGRESS}, 400)
    if task.state is not TaskState.SUCCEEDED:
        return FrontAnswer(_show_failure(task), 422)
    payload = _show_payload(task)
    if payload is None:
        return FrontAnswer({"detail": _GONE, "message": _GONE}, 404)
    return FrontAnswer(payload)


def _refuse_late() -> FrontAnswer:
    """Tell a held call that it is over first; with this header no client makes it again."""
    reason = f"not ended within {_LONGEST_S} s: ask for the result in the queue"
    body = {"detail": reason, "message": reason, "error_type": "request_timeout"}
    return FrontAnswer(body, 504, {"x-fal-request-timeout-type": "user"})


def _cancel(task: Task) -> FrontAnswer:
    if task.state is TaskState.CANCELLED:
        return FrontAnswer({"status": "OK"})
    if task.state in TERMINAL:
        return FrontAnswer({"status": "ALREADY_COMPLETED"}, 400)
    return FrontAnswer({"status": "CANCELLATION_REQUESTED"}, 202)


def _show_payload(task: Task) -> Any:
    """Return the model's own result, with the addresses that its files have here."""
    kept = (task.detail or {}).get("payload")
    if kept is None:
        urls = [{"url": one.url} for one in task.artifacts if one.url]
        return {"images": urls} if urls else None
    shown = {one.key: one.url for one in task.artifacts if one.key and one.url}
    own = {one.key: one.url for one in list_files(kept)}
    changed = {key: url for key, url in shown.items() if own.get(key, url) != url}
    return replace_urls(kept, changed)


def _show_failure(task: Task) -> dict[str, Any]:
    """Word a failure for every client: `detail`, beside it what two others of them read."""
    reason = find_reason(task) or task.state.value
    code = (task.error and task.error.code) or f"request_{task.state.value}"
    kept = (task.detail or {}).get("payload")
    detail = kept.get("detail") if isinstance(kept, dict) else None
    if not (isinstance(detail, list) and detail):
        detail = [_build_flaw("body", reason, code)]
    error = {"message": reason, "code": 422}
    return {"detail": detail, "message": reason, "error_type": code, "error": error}


def _build_flaw(path: str, reason: str, kind: str) -> dict[str, Any]:
    return {"loc": path.split("."), "msg": reason, "type": kind}
