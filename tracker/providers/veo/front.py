"""Google's APIs in front of our tasks: Veo of the Gemini API and of Vertex AI, and Interactions.

Written for the strictest readers. PyPI google-genai (2.25.0) and npm @google/genai (2.32.0) take a
file's name out of a URL that begins `https://` and holds `files/` and `[a-z0-9]+`, and read a
failure in `error`, one for its content in `raiMediaFilteredReasons`. Both read 2026-11.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.front_answers import (
    STATUSES,
    find_reason,
    format_time,
    list_ready_pieces,
)
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Cancel, Command, Create, Get, Media
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.veo.inputs import INTERACT, MODEL, PREDICT, VERTEX_PREDICT
from tracker.providers.veo.reading import FILTERED

KEPT_WITHIN = timedelta(seconds=30)
"""A success counts as running for so long while its files are still being kept."""
_VERSION = re.compile(r"(?:v1|v1beta|v1beta1|v1alpha)/")
_MODEL = rf"models/(?P<model>{MODEL})"
_PLACE = r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/publishers/google/"
_CREATE = re.compile(rf"(?P<vertex>{_PLACE})?{_MODEL}:predictLongRunning")
_POLL = re.compile(rf"{_MODEL}/operations/(?P<id>[^/]+)")
_FETCH = re.compile(rf"{_PLACE}{_MODEL}:fetchPredictOperation")
_FILE = re.compile(r"files/(?P<id>[0-9a-f]{32})(?P<place>\d{2})(?P<action>:download)?")
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
_VERTEX_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
_NO_WEBHOOKS = "webhooks of the project are not kept here: give webhookConfig with each create"
_INTERACTION_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.SUCCEEDED: "completed",
        TaskState.FAILED: "failed",
        TaskState.EXPIRED: "failed",
        TaskState.CANCELLED: "cancelled",
    }
)
"""Of all other states: in_progress."""
_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_ROUTE: "NOT_FOUND",
        Fault.NOT_FOUND: "NOT_FOUND",
        Fault.NOT_SERVED: "NOT_FOUND",
        Fault.WRONG_METHOD: "UNIMPLEMENTED",
        Fault.CONFLICT: "FAILED_PRECONDITION",
        Fault.BUSY: "ABORTED",
        Fault.NO_KEY: "UNAUTHENTICATED",
        Fault.BAD_KEY: "UNAUTHENTICATED",
        Fault.EXPIRED_KEY: "UNAUTHENTICATED",
        Fault.EARLY_KEY: "UNAUTHENTICATED",
        Fault.FORBIDDEN: "PERMISSION_DENIED",
        Fault.NO_MONEY: "FAILED_PRECONDITION",
        Fault.RATE_LIMITED: "RESOURCE_EXHAUSTED",
        Fault.UNAVAILABLE: "UNAVAILABLE",
        Fault.PROVIDER_UNKNOWN: "UNKNOWN",
        Fault.INTERNAL: "INTERNAL",
    }
)
"""Of all other faults: INVALID_ARGUMENT."""
_ENDS: Mapping[TaskState, int] = MappingProxyType(
    {TaskState.CANCELLED: 1, TaskState.EXPIRED: 4, TaskState.FAILED: 13}
)
"""Codes of gRPC for tasks that came to nothing."""


class VeoFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/veo", "/gemini")
    # `@ai-sdk/google` 3.0.141 adds the second to the address of a file.
    key_fields = ("x-goog-api-key", "?key")

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        if found := _CREATE.fullmatch(path):
            operation = VERTEX_PREDICT if found["vertex"] else PREDICT
            return _create(call, operation, {"model": found["model"]})
        if _FETCH.fullmatch(path):
            return _fetch(call)
        if found := _POLL.fullmatch(path):
            name = find_name(found["id"])
            if not name:
                return refuse_path(call)
            return Get([name], operation=PREDICT) if call.is_read else refuse_method(call)
        if found := _FILE.fullmatch(path):
            name = str(UUID(found["id"]))
            if not call.is_read:
                return refuse_method(call)
            return Media(name, index=int(found["place"])) if found["action"] else Get([name])
        if path.partition("/")[0] == "webhooks":
            return FrontRefusal(Fault.WRONG_METHOD, _NO_WEBHOOKS)
        return _read_interaction(call, path)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a task as the kind of object that the path is of."""
        del request_id
        task, path = shown.tasks[0], _read_path(call)
        input_ = shown.get_input(task)
        if path.startswith("files/"):
            return FrontAnswer(_show_file(call, task, path))
        if path.partition("/")[0] == "interactions":
            return FrontAnswer(_show_interaction(call, task, input_))
        if isinstance(command, Create):
            found = _CREATE.fullmatch(path)
            place = (found["vertex"] or "") if found else ""
            model = str(input_.get("model") or (found["model"] if found else ""))
            return FrontAnswer({"name": f"{place}models/{model}/operations/{task.id}"})
        if _FETCH.fullmatch(path):
            return FrontAnswer(_show_operation(call, task, str((call.body or {})["operationName"])))
        return FrontAnswer(_show_operation(call, task, path))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with an error object: a code, a status word, each wrong field in the details."""
        del request_id, call
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        status = 501 if refusal.message == _NO_WEBHOOKS else status
        error: dict[str, Any] = {
            "code": status,
            "message": refusal.message,
            "status": _CODES.get(refusal.fault, "INVALID_ARGUMENT"),
        }
        if refusal.fields:
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": one.path, "description": one.reason} for one in refusal.fields
                    ],
                }
            ]
        return FrontAnswer({"error": error}, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the event of an end. Google has none for videos of Veo that came to nothing."""
        del step
        at = format_time(task.finished_at or task.updated_at)
        if task.state not in TERMINAL:
            return None
        is_interaction = task.operation == INTERACT
        if not is_interaction and task.state is not TaskState.SUCCEEDED:
            return None
        webhook = input_.get("webhook_config" if is_interaction else "webhookConfig")
        metadata = webhook.get("user_metadata") if isinstance(webhook, dict) else None
        data: dict[str, Any] = {"user_metadata": metadata} if metadata else {}
        if is_interaction:
            kind = f"interaction.{_INTERACTION_WORDS[task.state]}"
            data["id"] = str(task.id)
            if reason := find_reason(task):
                code = (task.error and task.error.code) or "ERROR"
                data |= {"error_code": code, "error_message": reason}
        else:
            kind = "video.generated"
            data["id"] = f"models/{input_.get('model') or 'veo'}/operations/{task.id}"
            name = _build_file_name(task, 0)
            data |= {"output_file_uri": _build_file_uri(base, name), "file_name": f"files/{name}"}
        event = {"type": kind, "version": "v1", "timestamp": at, "data": data}
        return json.dumps(event).encode()


def _read_path(call: FrontCall) -> str:
    return _VERSION.sub("", call.path, count=1) if _VERSION.match(call.path) else call.path


def _create(
    call: FrontCall, operation: str, more: Mapping[str, Any]
) -> Command | WantsBody | FrontRefusal:
    if call.method != "POST":
        return refuse_method(call)
    return WantsBody() if call.body is None else Create(operation, {**call.body, **more})


def _fetch(call: FrontCall) -> Command | WantsBody | FrontRefusal:
    """Read a poll of Vertex AI, whose body names the operation."""
    if call.method != "POST":
        return refuse_method(call)
    if call.body is None:
        return WantsBody()
    name = call.body.get("operationName")
    if not isinstance(name, str) or "/operations/" not in name:
        return FrontRefusal(Fault.INVALID, "operationName: must be the name of an operation")
    return Get([name.rpartition("/")[2]], operation=VERTEX_PREDICT)


def _read_interaction(call: FrontCall, path: str) -> Command | WantsBody | FrontRefusal:
    first, _, rest = path.partition("/")
    if first != "interactions":
        return refuse_path(call)
    if not rest:
        return _create(call, INTERACT, {})
    part, _, action = rest.partition("/")
    name = find_name(part)
    if not name or action not in ("", "cancel"):
        return refuse_path(call)
    if action:
        return Cancel(name) if call.method == "POST" else refuse_method(call)
    if call.method not in ("GET", "HEAD"):
        return refuse_method(call)
    return Get([name], operation=INTERACT)


def _is_kept(call: FrontCall, task: Task) -> bool:
    """Tell whether a client can be led to the files: those of Google open for its account alone.

    A bucket of the caller's is theirs to open.
    """
    if all(not one.needs_auth or "gcsUri" in one.extra for one in list_ready_pieces(task)):
        return True
    ended = task.finished_at or task.updated_at
    return call.at - ended >= KEPT_WITHIN


def _show_operation(call: FrontCall, task: Task, name: str) -> dict[str, Any]:
    """Show an operation; `done` is left out while it is not."""
    shown: dict[str, Any] = {"name": name}
    if task.state not in TERMINAL:
        return shown
    filtered = (task.detail or {}).get("filtered")
    more = dict(filtered) if isinstance(filtered, dict) else {}
    if task.state is TaskState.SUCCEEDED:
        if not _is_kept(call, task):
            return shown
        return shown | {"done": True, "response": _show_response(call, task, more)}
    if task.error is not None and task.error.code == FILTERED:
        return shown | {"done": True, "response": _show_response(call, task, more)}
    error = {"code": _ENDS.get(task.state, 13), "message": find_reason(task) or task.state.value}
    return shown | {"done": True, "error": error}


def _show_response(call: FrontCall, task: Task, more: Mapping[str, Any]) -> dict[str, Any]:
    pieces = list_ready_pieces(task)
    if task.operation == VERTEX_PREDICT:
        videos = [
            {"gcsUri": one.extra.get("gcsUri") or one.url, "mimeType": "video/mp4"}
            for one in pieces
        ]
        flat: dict[str, Any] = {"@type": _VERTEX_TYPE, "raiMediaFilteredCount": 0, **more}
        return flat | ({"videos": videos} if videos else {})
    samples = [
        {"video": {"uri": _build_file_uri(call.base, _build_file_name(task, place))}}
        for place in range(len(pieces))
    ]
    inner = dict(more) | ({"generatedSamples": samples} if samples else {})
    return {"@type": _TYPE, "generateVideoResponse": inner}


def _build_file_name(task: Task, place: int) -> str:
    return f"{task.id.hex}{place:02}"


def _build_file_uri(base: str, name: str) -> str:
    """Return the address of a file. It begins with `https://` wherever it is: clients parse it."""
    return f"https://{base.partition('://')[2]}/v1beta/files/{name}:download?alt=media"


def _show_file(call: FrontCall, task: Task, path: str) -> dict[str, Any]:
    found = _FILE.fullmatch(path)
    name = f"{found['id']}{found['place']}" if found else ""
    uri = _build_file_uri(call.base, name)
    ended = task.finished_at or task.updated_at
    return {
        "name": f"files/{name}",
        "mimeType": "video/mp4",
        "createTime": format_time(ended),
        "state": "ACTIVE" if task.state is TaskState.SUCCEEDED else "PROCESSING",
        "source": "GENERATED",
        "uri": uri.removesuffix(":download?alt=media"),
        "downloadUri": uri,
    }


def _show_interaction(call: FrontCall, task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    is_pending = task.state is TaskState.SUCCEEDED and not _is_kept(call, task)
    word = "in_progress" if is_pending else _INTERACTION_WORDS.get(task.state, "in_progress")
    shown: dict[str, Any] = {
        "id": str(task.id),
        "object": "interaction",
        "status": word,
        "model": str(input_.get("model") or ""),
        "created": format_time(task.created_at),
        "updated": format_time(task.updated_at),
    }
    if isinstance(input_.get("labels"), dict):
        shown["labels"] = input_["labels"]
    if reason := find_reason(task):
        code = (task.error and task.error.code) or word
        shown["errors"] = [{"code": code, "message": reason}]
    if word != "completed":
        return shown
    videos = [
        {
            "type": "video",
            "uri": _build_file_uri(call.base, _build_file_name(task, place)),
            "mime_type": "video/mp4",
        }
        for place in range(len(list_ready_pieces(task)))
    ]
    tokens = [one.amount for one in task.costs if one.unit == "tokens" and one.amount.isdigit()]
    usage = {"usage": {"total_tokens": int(tokens[-1])}} if tokens else {}
    if not videos:
        return shown | usage
    steps = [{"type": "model_output", "content": videos}]
    return shown | usage | {"steps": steps, "output_video": videos[0]}
