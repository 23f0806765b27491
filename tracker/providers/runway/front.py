"""Runway's APIs in front of our tasks: the official one, and those of three kinds of gateways.

Written for the strictest readers. The official SDKs (5.24.0 and 4.20.1) choose the class of an
answer by `estimatedCost` and `cost`, and know six words. ComfyUI's nodes need `createdAt`. The
clients of gateways (github.com/Dooy/chatgpt-web-midjourney-proxy) read `error.message`. 2026-11.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.media_type import OCTETS
from tracker.domain.task import TERMINAL, Artifact, Task, TaskState
from tracker.providers.kit.front_answers import (
    STATUSES,
    find_gateway_code,
    find_reason,
    format_time,
)
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.ledger import compute_net, estimate_costs
from tracker.providers.kit.named_uploads import find_uploads
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.commands import Cancel, Command, Create, Get, OneFile, OpenForm, PassOn
from tracker.providers.ports.front import Shown, UploadForm
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.runway import front_feed
from tracker.providers.runway.operations import CREATES, WORKFLOWS

ORGANIZATION, UPLOADS = "v1/organization", "v1/uploads"
_OURS = "runway://tracker/"
"""The beginning of the URIs of files that were uploaded here; all others are Runway's own."""
CREDITS = "credits"
_ONE_PART = MappingProxyType({"numberOfParts": (1,)})
_VERSION = "x-runway-version"
"""The header of official clients; those of gateways send none."""
_OFFICIAL = "v1/"
_COMFY = "/proxy/runway"
_GATEWAY = "/runwayml"
_TASKS, _INVOCATIONS = "tasks", "workflow_invocations"
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "PENDING",
        TaskState.UNCERTAIN: "PENDING",
        TaskState.SUBMITTED: "PENDING",
        TaskState.RUNNING: "RUNNING",
        TaskState.SUCCEEDED: "SUCCEEDED",
        TaskState.FAILED: "FAILED",
        TaskState.CANCELLED: "CANCELLED",
        TaskState.EXPIRED: "FAILED",
    }
)


class RunwayFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = (_GATEWAY, "/runway", _COMFY)
    heeds_should_retry = True

    def get_scope(self, call: FrontCall) -> Scope:
        """Reading is a GET, or a POST where the query is one."""
        return Scope.TASKS_READ if front_feed.is_reading(call) else super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if front_feed.is_feed(call):
            return front_feed.read_feed_call(call)
        path = call.path.removeprefix(_OFFICIAL)
        if path == "organization":
            return PassOn(ORGANIZATION) if call.is_read else refuse_method(call)
        if call.path == UPLOADS:
            return _upload(call)
        first, _, rest = path.partition("/")
        if first == "uploads":
            return _upload_in_parts(call, rest)
        if first in (_TASKS, _INVOCATIONS) and rest:
            return _read_one(call, rest)
        if first == WORKFLOWS and rest:
            return _create(call, WORKFLOWS, {"id": rest})
        if (path == _TASKS and _is_web(call)) or (path in CREATES and path != WORKFLOWS):
            return _create(call, path, {})
        return refuse_path(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks."""
        del request_id
        if front_feed.is_feed(call):
            return front_feed.show_feed(command, shown)
        if isinstance(command, Cancel):
            return FrontAnswer(None, 204)
        if shown.file is not None:
            return FrontAnswer({"id": shown.file.id, "url": shown.file.url})
        if shown.form is not None and call.path != UPLOADS:
            return FrontAnswer(_show_parts(shown.form))
        if shown.form is not None:
            form = {"uploadUrl": shown.form.url, "fields": dict(shown.form.fields)}
            return FrontAnswer({**form, "runwayUri": _OURS + shown.form.id})
        task = shown.tasks[0]
        if _is_web(call):
            return FrontAnswer({"task": _show_web_task(task, shown.get_input(task))})
        if isinstance(command, Create):
            return FrontAnswer({"id": str(task.id), "estimatedCost": {CREDITS: _estimate(task)}})
        return FrontAnswer(_show_task(task, is_gateway=_is_gateway(call)))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with `error`: a text for official clients, an object for those of gateways."""
        del request_id
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        if call is not None and front_feed.is_feed(call):
            return front_feed.refuse_feed(refusal.message, status)
        if call is not None and not _is_official(call):
            error = {
                "message": refusal.message,
                "type": "runway_error",
                "code": find_gateway_code(refusal.fault),
            }
            return FrontAnswer({"error": error}, status)
        issues = [{"path": one.path.split("."), "message": one.reason} for one in refusal.fields]
        body: dict[str, Any] = {"error": refusal.message}
        return FrontAnswer(body | ({"issues": issues} if issues else {}), status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Tell callers of the one kind whose clients expect it."""
        del base
        is_told = task.operation == front_feed.PRO
        return front_feed.tell_feed(task, step, input_) if is_told else None


def _is_official(call: FrontCall) -> bool:
    return _VERSION in call.headers or call.base.endswith(_COMFY)


def _is_web(call: FrontCall) -> bool:
    return call.path.startswith(_TASKS) and not call.base.endswith((_COMFY, _GATEWAY))


def _is_gateway(call: FrontCall) -> bool:
    return call.base.endswith(_GATEWAY) and not _is_official(call)


def _create(
    call: FrontCall, operation: str, more: Mapping[str, Any]
) -> Command | WantsBody | FrontRefusal:
    if call.method != "POST":
        return refuse_method(call)
    if call.body is None:
        return WantsBody()
    found = find_uploads(call.body, _read_id)
    return Create(operation, {**call.body, **more}, uploads=found)


def _read_id(text: str) -> str | None:
    return text.removeprefix(_OURS) if text.startswith(_OURS) else None


def _upload(call: FrontCall) -> OpenForm | FrontRefusal:
    """Read the first step of an upload, whose body also names the file.

    The second one posts the form: https://github.com/runwayml/sdk-python (5.24.0,
    src/runwayml/resources/uploads.py), https://docs.dev.runwayml.com/assets/uploads, read 2026-11.
    """
    if call.method != "POST":
        return refuse_method(call)
    return OpenForm(otherwise=UPLOADS, fields={"type": ("ephemeral",)})


def _upload_in_parts(call: FrontCall, rest: str) -> OpenForm | OneFile | FrontRefusal:
    """Read the first step of an upload by older clients of gateways, or the last one.

    Between them a client puts the file, in one part, at the URL that it was given; it names the
    file by the `url` of the last answer: https://github.com/Dooy/chatgpt-web-midjourney-proxy
    (src/api/runway.ts, src/views/luma/runwayInput.vue), read 2026-11-30.
    """
    id_, _, step = rest.partition("/")
    if rest and (not id_ or step != "complete"):
        return refuse_path(call)
    if call.method != "POST":
        return refuse_method(call)
    return OneFile(id_, "complete") if rest else OpenForm(otherwise="", fields=_ONE_PART)


def _show_parts(form: UploadForm) -> dict[str, Any]:
    """Show where the one part of a file goes. Clients send the headers that they are told."""
    url = "/".join((form.url, *form.fields.values()))
    return {"id": form.id, "uploadUrls": [url], "uploadHeaders": {"Content-Type": OCTETS}}


def _read_one(call: FrontCall, name: str) -> Command | FrontRefusal:
    named = find_name(name)
    if named is None or "/" in name:
        return refuse_path(call)
    if call.is_read:
        return Get([named])
    is_deleting = call.method == "DELETE" and not call.path.startswith(
        (_INVOCATIONS, _OFFICIAL + _INVOCATIONS)
    )
    return Cancel(named) if is_deleting else refuse_method(call)


def _show_task(task: Task, *, is_gateway: bool) -> dict[str, Any]:
    """Show a task as the official API does; its failure as an object where a gateway's is one."""
    word = _WORDS[task.state]
    found: dict[str, Any] = {
        "id": str(task.id),
        "status": word,
        "createdAt": format_time(task.created_at),
    }
    if word == "RUNNING":
        found["progress"] = (task.progress or 0.0) / 100
    if word in ("SUCCEEDED", "RUNNING") and (task.artifacts or word == "SUCCEEDED"):
        found["output"] = _show_output(task)
    if word == "FAILED":
        reason, code = find_reason(task), task.error.code if task.error else None
        if is_gateway:
            found["failure"] = {"code": code or task.state.value, "message": reason}
        else:
            found |= {"failure": reason, "failureCode": code or "INTERNAL"}
    if task.state in TERMINAL:
        found["cost"] = {CREDITS: int(compute_net(task.costs, CREDITS) or 0)}
    else:
        found["estimatedCost"] = {CREDITS: _estimate(task)}
    return found


def _show_output(task: Task) -> Any:
    """Return the links; those of a workflow by the node that made them."""
    if task.operation != WORKFLOWS:
        return [piece.url for piece in task.artifacts if piece.url]
    nodes: dict[str, list[str]] = {}
    for piece in task.artifacts:
        if piece.url:
            nodes.setdefault(_find_node(piece), []).append(piece.url)
    return nodes


def _find_node(piece: Artifact) -> str:
    return (piece.key or "").rpartition("/")[0] or "output"


def _show_web_task(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show a task as the protocol of the web page does."""
    word = _WORDS[task.state]
    progress = 1.0 if word == "SUCCEEDED" else (task.progress or 0.0) / 100
    options = input_.get("options")
    reason = find_reason(task)
    return {
        "id": str(task.id),
        "name": str((options if isinstance(options, dict) else {}).get("name") or ""),
        "status": word,
        "progressRatio": f"{progress:g}",
        "progressText": None,
        "artifacts": [
            {"id": piece.id or piece.key, "url": piece.url, "previewUrls": []}
            for piece in task.artifacts
            if piece.url
        ],
        "error": None if reason is None else {"errorMessage": reason},
        "estimatedTimeToStartSeconds": None,
        "createdAt": format_time(task.created_at),
        "updatedAt": format_time(task.updated_at),
        "taskType": input_.get("taskType"),
        "options": options,
    }


def _estimate(task: Task) -> int | float:
    credits_ = estimate_costs(task.costs, CREDITS) or compute_net(task.costs, CREDITS) or Decimal(0)
    return int(credits_) if credits_ == credits_.to_integral_value() else float(credits_)
