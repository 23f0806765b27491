"""OpenAI's API in front of our tasks, and `/v1/video/generations` as gateways have it.

Here are the routes and the videos; pictures and responses have modules of their own.

Written for the strictest readers: the poll helper of `openai` (3.57.0, PyPI) stops at the first
word that is none of its four, and the clients of gateways read `task_id` and `metadata.url`
(https://github.com/QuantumNous/new-api). Read 2026-11.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.cost import QUOTA
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.kit.error_object_front import ErrorObjectFront
from tracker.providers.kit.front_answers import find_reason, list_ready_pieces
from tracker.providers.kit.front_calls import (
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.gateway_rows import build_gateway_row
from tracker.providers.kit.ledger import compute_net
from tracker.providers.openai import front_files, front_images, front_responses
from tracker.providers.openai.images import IMAGES, OF_FILES
from tracker.providers.openai.operations import (
    CHANGES,
    EXTENSIONS,
    GENERATIONS,
    REMIX,
    UNIFIED,
    UNIFIED_QUERY,
    VIDEOS,
)
from tracker.providers.openai.passing import (
    BILLING,
    CHARACTERS,
    FILES,
    MODELS,
    ONE_CHARACTER,
    USAGE,
)
from tracker.providers.openai.responses import PREFIX, RESPONSES
from tracker.providers.ports.commands import (
    Cancel,
    Command,
    Create,
    Get,
    Media,
    OneFile,
    Page,
    PageFiles,
    PassOn,
    Upload,
)
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

_ROOT = "v1/"
_TASKS = "tasks"
_PASSED = frozenset({MODELS, BILLING, USAGE})
_KINDS: Mapping[str, str] = MappingProxyType({"video": "video", "thumbnail": "image"})
"""Kind of artifact by `variant`."""
_PAUSE_MS = 3000
"""Between two looks of the official client, which heeds it."""
_MOST_LISTED = 100
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "in_progress",
        TaskState.UNCERTAIN: "in_progress",
        TaskState.SUCCEEDED: "completed",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "failed",
        TaskState.EXPIRED: "failed",
    }
)
"""Of all other states: queued."""


class OpenAIFront(ErrorObjectFront):
    """See providers/ports/front.py."""

    prefixes = ("/openai", "/proxy/openai")

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for the billing, which all tenants share; reading is a GET."""
        if _read_path(call) in (BILLING, USAGE):
            return Scope.ADMIN
        return super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method. Raises InvalidRequest."""
        found = self._read_route(call)
        return front_files.put_links(found) if isinstance(found, Create) else found

    def _read_route(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        path = _read_path(call)
        if path in _PASSED:
            return PassOn(path) if call.is_read else refuse_method(call)
        if path.partition("/")[0] == FILES:
            return front_files.read(call, path)
        if path == UNIFIED_QUERY:
            named = find_name(call.get_parameter("id") or "")
            return Get([named], by="any") if named and call.is_read else refuse_path(call)
        if f"{path}/".startswith(f"{CHARACTERS}/"):
            return _read_character_call(call, path.removeprefix(CHARACTERS).removeprefix("/"))
        if path in (VIDEOS, *CHANGES, GENERATIONS, UNIFIED):
            if path == VIDEOS and call.is_read:
                return _read_page(call)
            return _create(call, path, {}) if call.method == "POST" else refuse_method(call)
        if path in IMAGES or path == RESPONSES:
            return _read_create(call, path) if call.method == "POST" else refuse_method(call)
        for holder in (*IMAGES, RESPONSES):
            if path.startswith(f"{holder}/"):
                return _read_made_call(call, holder, path.removeprefix(f"{holder}/"))
        for holder in (VIDEOS, GENERATIONS, _TASKS):
            if path.startswith(f"{holder}/"):
                return _read_one(call, holder, path.removeprefix(f"{holder}/"))
        return refuse_path(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show tasks."""
        del request_id
        if isinstance(command, Page):
            videos = [_show_video(task, shown.get_input(task)) for task in shown.tasks]
            body = {"object": "list", "data": videos, "has_more": shown.has_more}
            first = videos[0]["id"] if videos else None
            return FrontAnswer(body | {"first_id": first, "last_id": shown.next})
        if isinstance(command, Upload | OneFile | PageFiles):
            return front_files.show(command, shown)
        task = shown.tasks[0]
        if task.operation in IMAGES:
            return front_images.show(call, task, shown)
        if task.operation == RESPONSES:
            return front_responses.show(task, shown)
        if isinstance(command, Cancel):
            deleted = {"id": str(task.id), "object": "video.deleted", "deleted": True}
            return FrontAnswer(deleted)
        headers = {} if task.state in TERMINAL else {"openai-poll-after-ms": str(_PAUSE_MS)}
        if _read_path(call) in (UNIFIED, UNIFIED_QUERY):
            return FrontAnswer(_show_unified(task))
        if isinstance(command, Get) and _read_path(call).startswith(f"{GENERATIONS}/"):
            return FrontAnswer(_show_row(task), headers=headers)
        return FrontAnswer(_show_video(task, shown.get_input(task)), headers=headers)


def _read_path(call: FrontCall) -> str:
    return call.path.removeprefix(_ROOT)


def _read_character_call(call: FrontCall, name: str) -> Command | FrontRefusal:
    if not name:
        return PassOn(CHARACTERS) if call.method == "POST" else refuse_method(call)
    named = find_name(name)
    if not named:
        return refuse_path(call)
    return PassOn(ONE_CHARACTER, named=named) if call.is_read else refuse_method(call)


def _read_page(call: FrontCall) -> Command:
    """Read a page. Raises InvalidRequest for an order that is not served."""
    if call.get_parameter("order") not in (None, "", "desc"):
        raise InvalidRequest(FieldError("order", "only desc is served"), malformed=True)
    limit = read_whole_number(call, "limit", default=20, low=1, high=_MOST_LISTED)
    after = call.get_parameter("after") or None
    return Page(limit, after=after, binds=VIDEOS, below=VIDEOS)


def _read_one(call: FrontCall, holder: str, rest: str) -> Command | WantsBody | FrontRefusal:
    name, _, action = rest.partition("/")
    named = find_name(name)
    if not named or (action and holder != VIDEOS):
        return refuse_path(call)
    if action == "content":
        variant = call.get_parameter("variant") or "video"
        return (
            Media(named, kind=_KINDS.get(variant, variant)) if call.is_read else refuse_method(call)
        )
    if action == "remix":
        is_post = call.method == "POST"
        return _create(call, REMIX, {"id": named}) if is_post else refuse_method(call)
    if action:
        return refuse_path(call)
    if call.method == "DELETE" and holder == VIDEOS:
        return Cancel(named)
    return Get([named], by="any") if call.is_read else refuse_method(call)


def _read_create(call: FrontCall, path: str) -> Create | WantsBody | FrontRefusal:
    """Read the create of pictures or of a response."""
    if call.body is None:
        return WantsBody(or_form=path in OF_FILES)
    if path == RESPONSES:
        return front_responses.create(call.body)
    return front_images.create(path, _nest_fields(call.body))


def _read_made_call(call: FrontCall, holder: str, rest: str) -> Command | FrontRefusal:
    """Read a call about pictures or a response that were made."""
    name, _, action = rest.partition("/")
    named = find_name(name.removeprefix(PREFIX))
    if not named or (action and (holder, action) != (RESPONSES, "cancel")):
        return refuse_path(call)
    if action:
        return Cancel(named) if call.method == "POST" else refuse_method(call)
    return Get([named], operation=holder) if call.is_read else refuse_method(call)


def _create(call: FrontCall, operation: str, more: Mapping[str, Any]) -> Create | WantsBody:
    if call.body is None:
        return WantsBody(or_form=True)
    return Create(operation, {**_nest_fields(call.body), **more})


def _nest_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form with `a[b]` as the field b of an object a, `a[]` as a list a.

    `a[][b]` is the field b of each object of a list a.
    """
    found: dict[str, Any] = {}
    for name, value in body.items():
        holder, bracket, inner = name.partition("[")
        if not bracket or not holder or not inner.endswith("]"):
            found[name] = value
        elif inner == "]":
            found[holder] = value if isinstance(value, list) else [value]
        elif inner.startswith("]["):
            several = value if isinstance(value, list) else [value]
            found[holder] = [{inner[2:-1]: one} for one in several]
        else:
            known = found.get(holder)
            found[holder] = {**(known if isinstance(known, dict) else {}), inner[:-1]: value}
    return found


def _show_video(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Show a task as OpenAI's object, with the fields that gateways add."""
    reason, name = find_reason(task), str(task.id)
    seconds, size = input_.get("seconds") or input_.get("duration"), input_.get("size")
    found: dict[str, Any] = {
        "id": name,
        "task_id": name,
        "object": "video",
        "model": str(input_.get("model") or ""),
        "status": _WORDS.get(task.state, "queued"),
        "progress": _show_progress(task),
        "created_at": _format_seconds(task.created_at),
        "error": None,
    }
    # Of an extension it is the whole that clients read, and only what was added is known here.
    if isinstance(seconds, str | int | float) and task.operation != EXTENSIONS:
        found["seconds"] = str(seconds)
    if isinstance(size, str):
        found["size"] = size
    if task.finished_at is not None:
        found["completed_at"] = _format_seconds(task.finished_at)
    if task.operation == REMIX and task.parent_id is not None:
        found["remixed_from_video_id"] = str(task.parent_id)
    if task.state is TaskState.SUCCEEDED:
        found |= _show_result(task)
    if reason is not None:
        code = (task.error and task.error.code) or task.state.value
        found["error"] = {"code": code, "message": reason}
    return found


def _show_result(task: Task) -> dict[str, Any]:
    """Show the end of a video's life, and its link where clients can open it."""
    ready = list_ready_pieces(task)
    found: dict[str, Any] = {}
    if ready and ready[0].expires_at is not None:
        found["expires_at"] = _format_seconds(ready[0].expires_at)
    if (url := _open_link(task)) is not None:
        found["metadata"] = {"url": url}
    return found


def _show_row(task: Task) -> dict[str, Any]:
    """Show a task as a gateway's row in its envelope."""
    url = _open_link(task) or ""
    row = build_gateway_row(
        task, platform="openai", action="generate", data={"url": url} if url else {}
    )
    row |= {"result_url": url, "quota": int(compute_net(task.costs, QUOTA) or 0)}
    return {"code": "success", "message": "", "data": row}


def _show_unified(task: Task) -> dict[str, Any]:
    """Show a task as gateways do that have one create for every model."""
    word = {"queued": "pending", "in_progress": "processing"}
    status = _WORDS.get(task.state, "queued")
    found: dict[str, Any] = {
        "id": str(task.id),
        "status": word.get(status, status),
        "status_update_time": int(task.updated_at.timestamp() * 1000),
    }
    if task.state is TaskState.SUCCEEDED:
        found |= {"video_url": _open_link(task), "enhanced_prompt": ""}
    if (reason := find_reason(task)) is not None:
        found["error"] = reason
    return found


def _open_link(task: Task) -> str | None:
    """Return the link to the video; None for one that only the account's key opens."""
    return next((one.url for one in list_ready_pieces(task) if not one.needs_auth), None)


def _show_progress(task: Task) -> int:
    if task.state in TERMINAL:
        return 100 if task.state is TaskState.SUCCEEDED else 0
    return min(int(task.progress or 0), 99)


def _format_seconds(at: datetime) -> int:
    return int(at.timestamp())
