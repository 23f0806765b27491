"""Replicate's API in front of our tasks: predictions, held creates, cancel, lists, models.

Written for the strictest reader, PyPI replicate 1.0.7: five words only, `urls` and `version` are
texts (replicate.com/docs/reference/http; the clients' sources; 2026-11).
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import format_time
from tracker.providers.kit.front_calls import MOST_WAIT_S, find_name, refuse_method, refuse_path
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.kit.reading import read_instant
from tracker.providers.ports.commands import (
    Cancel,
    Command,
    Create,
    Fixed,
    Get,
    OneFile,
    Page,
    PageFiles,
    Secret,
    Upload,
)
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.replicate import front_files

_PAGE = 100
_SECRET_PATH = "webhooks/default/secret"  # noqa: S105 - a path
_CREATE = re.compile(r"((?:models|deployments)/[^/]+/[^/]+)/predictions")
_MODEL = re.compile(r"models/([^/]+)/([^/]+)(?:/versions(?:/(.+))?)?")
_DEPLOYMENT = re.compile(r"deployments/([^/]+)/([^/]+)")
_WAIT = re.compile(r"(?:^|,)\s*wait\s*(?:=\s*\"?(\d{1,4})\"?)?\s*(?:;[^,]*)?(?:,|$)", re.IGNORECASE)
_TIMES = ("created_after", "created_before")
"""Filters of the list."""
_HIDDEN = "hidden"
"""Replicate's word for a version that it does not tell."""
_EVENTS = frozenset({"output", "completed"})
"""The events of a webhook without a filter."""
_SINCE = "2026-01-01T00:00:00Z"
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "starting",
        TaskState.UNCERTAIN: "starting",
        TaskState.SUBMITTED: "starting",
        TaskState.RUNNING: "processing",
        TaskState.SUCCEEDED: "succeeded",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "canceled",
        TaskState.EXPIRED: "failed",
    }
)
_STATUSES: Mapping[Fault, tuple[int, str]] = MappingProxyType(
    {
        Fault.UNREADABLE: (400, "Bad request"),
        Fault.MEDIA_TYPE: (415, "Unsupported media type"),
        Fault.ENCODING: (415, "Unsupported encoding"),
        Fault.TOO_LARGE: (413, "Request too large"),
        Fault.TOO_SLOW: (408, "Request timeout"),
        Fault.INVALID: (422, "Input validation failed"),
        Fault.NO_ROUTE: (404, "Not found"),
        Fault.WRONG_METHOD: (405, "Method not allowed"),
        Fault.NOT_SERVED: (404, "Not found"),
        Fault.NOT_FOUND: (404, "Not found"),
        Fault.CONFLICT: (409, "Conflict"),
        Fault.BUSY: (409, "Conflict"),
        Fault.NO_KEY: (401, "Unauthenticated"),
        Fault.BAD_KEY: (401, "Unauthenticated"),
        Fault.EXPIRED_KEY: (401, "Unauthenticated"),
        Fault.EARLY_KEY: (401, "Unauthenticated"),
        Fault.FORBIDDEN: (403, "Forbidden"),
        Fault.NO_MONEY: (402, "Insufficient credit"),
        Fault.RATE_LIMITED: (429, "Too many requests"),
        Fault.UNAVAILABLE: (503, "Service unavailable"),
        Fault.PROVIDER_UNKNOWN: (502, "Bad gateway"),
        Fault.INTERNAL: (500, "Internal server error"),
    }
)


class ReplicateFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/replicate",)
    schemes = ("token",)

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for the signing secret, which all tenants share; reading is a GET."""
        if call.path == f"v1/{_SECRET_PATH}":
            return Scope.ADMIN
        return super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        version, _, path = call.path.partition("/")
        if version != "v1":
            return refuse_path(call)
        of_model = _CREATE.fullmatch(path)
        if of_model or path == "predictions":
            if call.method == "POST":
                return _create(call, of_model[1] if of_model else path)
            if call.is_read and not of_model:
                return _read_page(call)
            return refuse_method(call)
        if path.partition("/")[0] == front_files.FILES:
            return front_files.read(call, path)
        if path.startswith("predictions/"):
            return _read_one(call, path.removeprefix("predictions/"))
        if not call.is_read:
            return refuse_path(call)
        if path == _SECRET_PATH:
            return Secret()
        return _answer_fixed(call, path)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show predictions."""
        del request_id
        match command:
            case Upload() | OneFile() | PageFiles():
                return front_files.show(call, command, shown)
            case Secret():
                if shown.secret is None:
                    return _show_error(404, "Not found", "callbacks are not signed here")
                return FrontAnswer({"key": shown.secret})
            case Page():
                after = _show_next(call, shown.next) if shown.next else None
                found = [
                    _show_prediction(one, shown.get_input(one), call.base) for one in shown.tasks
                ]
                return FrontAnswer({"previous": None, "next": after, "results": found})
            case _:
                task = shown.tasks[0]
                body = _show_prediction(task, shown.get_input(task), call.base)
                is_create = isinstance(command, Create)
                if is_create and task.state not in TERMINAL:
                    # Of a held create replicate 1.0.7 takes every other word for the end.
                    body["status"] = "starting"
                return FrontAnswer(body, 201 if is_create else 200)

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with title, detail and status."""
        del request_id, call
        status, title = _STATUSES[refusal.fault]
        answer = _show_error(status, title, refusal.message)
        if refusal.fields:
            answer.body["invalid_fields"] = [
                {"type": "invalid", "field": one.path, "description": one.reason}
                for one in refusal.fields
            ]
        return answer

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the prediction for the events that its caller asked for."""
        event = _show_event(task, step)
        asked = input_.get("webhook_events_filter")
        if event not in (asked if isinstance(asked, list) and asked else _EVENTS):
            return None
        return json.dumps(_show_prediction(task, input_, base)).encode()


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    found = _WAIT.search(call.headers.get("prefer", ""))
    wait_s = 0 if found is None else min(int(found[1] or MOST_WAIT_S), MOST_WAIT_S)
    deadline = call.headers.get("cancel-after")
    input_ = call.body if deadline is None else {**call.body, "cancel_after": deadline}
    return Create(operation, input_, wait_s=wait_s)


def _read_page(call: FrontCall) -> Page:
    """Read a page of the list. Raises InvalidRequest for what is no time."""
    since, until = (_read_time(call, name) for name in _TIMES)
    return Page(
        _PAGE,
        after=call.get_parameter("cursor") or None,
        binds=f"predictions {since} {until}" if since or until else "predictions",
        created_from=since,
        created_until=until,
    )


def _read_time(call: FrontCall, name: str) -> datetime | None:
    text = call.get_parameter(name)
    if not text:
        return None
    if (found := read_instant(text)) is None:
        raise InvalidRequest(FieldError(name, "must be a time such as 2026-05-01T10:00:00Z"))
    return found


def _show_next(call: FrontCall, cursor: str) -> str:
    """Return the address of the page behind, which is narrowed as this one is."""
    filters = {name: text for name in _TIMES if (text := call.get_parameter(name))}
    return f"{call.base}/v1/predictions?{urlencode({**filters, 'cursor': cursor})}"


def _read_one(call: FrontCall, rest: str) -> Command | FrontRefusal:
    name, _, action = rest.partition("/")
    named = find_name(name)
    if named is None or action not in ("", "cancel"):
        return refuse_path(call)
    if action:
        return Cancel(named) if call.method == "POST" else refuse_method(call)
    return Get([named]) if call.is_read else refuse_method(call)


def _answer_fixed(call: FrontCall, path: str) -> Fixed | FrontRefusal:
    if path == "account":
        account = {"type": "organization", "username": "tracker", "name": "tracker"}
        return Fixed(FrontAnswer({**account, "github_url": None}))
    if deployment := _DEPLOYMENT.fullmatch(path):
        # replicate 1.0.7 reads it before a create; which release runs is not known here.
        of, name = deployment.groups()
        return Fixed(FrontAnswer({"owner": of, "name": name, "current_release": None}))
    found = _MODEL.fullmatch(path)
    if found is None:
        return refuse_path(call)
    owner, name, version = found.groups()
    if path.removeprefix(f"models/{owner}/{name}") == "/versions":
        listed = [_describe_version(f"{owner}/{name}")]
        return Fixed(FrontAnswer({"previous": None, "next": None, "results": listed}))
    if version is not None:
        return Fixed(FrontAnswer(_describe_version(version)))
    model = {
        "url": f"{call.base}/v1/{path}",
        "owner": owner,
        "name": name,
        "description": None,
        "visibility": "public",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 0,
        "cover_image_url": None,
        "default_example": None,
        # Replicate takes a model's name as its latest version.
        "latest_version": _describe_version(f"{owner}/{name}"),
    }
    return Fixed(FrontAnswer(model))


def _describe_version(name: str) -> dict[str, Any]:
    """Describe a version: of the model's schema nothing is known here."""
    schema: dict[str, Any] = {"components": {"schemas": {"Input": {}, "Output": {}}}}
    return {"id": name, "created_at": _SINCE, "cog_version": "", "openapi_schema": schema}


def _show_prediction(task: Task, body: Mapping[str, Any], base: str) -> dict[str, Any]:
    model, version = _find_model(task.operation, body)
    url = f"{base}/v1/predictions/{task.id}"
    seconds = [cost.amount for cost in task.costs if cost.unit == "seconds"]
    return {
        "id": str(task.id),
        "model": model,
        "version": version,
        "input": body.get("input", {}),
        "logs": "",
        "output": _show_output(task),
        "data_removed": False,
        "error": _show_reason(task),
        "status": _WORDS[task.state],
        "created_at": _format_time(task.created_at),
        "started_at": _format_time(task.submitted_at),
        "completed_at": _format_time(task.finished_at),
        "urls": {"get": url, "cancel": f"{url}/cancel"},
        "metrics": {"predict_time": float(seconds[-1])} if seconds else {},
        "source": "api",
    }


def _find_model(operation: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the model and its version, as far as the create named them."""
    if operation != "predictions":
        return operation.partition("/")[2], _HIDDEN
    given = str(body.get("version") or _HIDDEN)
    model, _, version = given.partition(":")
    return (model, version or _HIDDEN) if "/" in model else (_HIDDEN, given)


def _show_output(task: Task) -> Any:
    """Return the output as the provider wrote it, where it is kept; else its pieces.

    None for one that did not succeed: @ai-sdk/replicate reads nothing else, and would hand the
    pieces of a failure out as the result.
    """
    if task.state in TERMINAL and task.state is not TaskState.SUCCEEDED:
        return None
    if task.state is TaskState.SUCCEEDED and task.detail and "output" in task.detail:
        return task.detail["output"]
    pieces = [piece for piece in task.artifacts if piece.state is not ArtifactState.FAILED]
    values = [piece.url or str(piece.extra.get("text", "")) for piece in pieces]
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _show_reason(task: Task) -> str | None:
    if _WORDS[task.state] != "failed":
        return None
    return (task.error.message if task.error else task.message) or task.state.value


def _show_event(task: Task, step: Transition) -> str:
    if task.state in TERMINAL:
        return "completed"
    has_started = task.state is TaskState.RUNNING and step.from_state is not step.to_state
    if has_started:
        return "start"
    has_grown = step.kind is not EventKind.SEEN_RUNNING  # else its progress alone has
    return "output" if task.artifacts and has_grown else ""


def _show_error(status: int, title: str, detail: str) -> FrontAnswer:
    return FrontAnswer({"title": title, "detail": detail, "status": status}, status)


def _format_time(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)
