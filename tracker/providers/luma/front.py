"""Luma's Dream Machine API in front of our tasks: its routes, generations, four words and errors.

Written for the strictest readers: ComfyUI's nodes ask for the echo of the request, @ai-sdk/luma
knows four words (docs.lumalabs.ai/reference; lumaai 1.21.0; ComfyUI's comfy_api_nodes; 2026-11).
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import (
    STATUSES,
    find_gateway_code,
    find_reason,
    format_time,
)
from tracker.providers.kit.front_calls import (
    MOST_WAIT_S,
    find_name,
    read_whole_number,
    refuse_method,
    refuse_path,
)
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.luma.front_agents import (
    AGENTS_PREFIX,
    is_for_agents,
    read_agents,
    show_agents,
)
from tracker.providers.luma.front_web import (
    build_web_generation,
    is_web,
    read_web,
    refuse_web,
    show_web,
)
from tracker.providers.luma.gateway import EXTEND, WEB
from tracker.providers.ports.commands import Cancel, Command, Create, Fixed, Get, PassOn, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody

_ROOT = "dream-machine/v1/"
"""Of the official API. ComfyUI's proxy of it has nothing in this place."""
_CREATES = frozenset(
    {
        "generations",
        "generations/video",
        "generations/image",
        "generations/video/modify",
        "generations/video/reframe",
        "generations/image/reframe",
    }
)
CREDITS, CONCEPTS = "credits", "generations/concepts/list"
"""Calls that are passed on."""
_FOLLOW_UPS = ("upscale", "audio")
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.QUEUED: "queued",
        TaskState.UNCERTAIN: "queued",
        TaskState.SUBMITTED: "queued",
        TaskState.RUNNING: "dreaming",
        TaskState.SUCCEEDED: "completed",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "failed",
        TaskState.EXPIRED: "failed",
    }
)


class LumaFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = ("/luma", "/pro/luma", "/proxy/luma", AGENTS_PREFIX)
    heeds_should_retry = True

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for the credits, which all tenants share; reading is a GET."""
        if call.path.removeprefix(_ROOT) == CREDITS and not is_web(call):
            return Scope.ADMIN
        return super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        if is_for_agents(call):
            return read_agents(call)
        if is_web(call):
            return read_web(call)
        path = call.path.removeprefix(_ROOT)
        if path == "ping":
            return Fixed(FrontAnswer({"message": "pong"}))
        if path in (CREDITS, CONCEPTS):
            return PassOn(path) if call.method == "GET" else refuse_method(call)
        if path in _CREATES and call.method == "POST":
            return _create(call, path)
        if path == "generations":
            return _list(call)
        first, _, rest = path.partition("/")
        name, _, action = rest.partition("/")
        if first != "generations" or not name or (action and action not in _FOLLOW_UPS):
            return refuse_path(call)
        named = find_name(name)
        if named is None:
            return refuse_path(call)
        if action:
            return _follow_up(call, named, action) if call.method == "POST" else refuse_method(call)
        if call.is_read:
            return Get([named])
        return Cancel(named) if call.method == "DELETE" else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show generations."""
        del request_id
        if is_for_agents(call):
            return show_agents(command, shown)
        if is_web(call):
            return show_web(call, command, shown)
        match command:
            case Cancel():
                return FrontAnswer(None, 204)
            case Skip(limit=limit, offset=offset):
                found = [_show_generation(task, shown.get_input(task)) for task in shown.tasks]
                page = {
                    "generations": found,
                    "count": len(shown.tasks),
                    "has_more": shown.has_more,
                    "limit": limit,
                    "offset": offset,
                }
                return FrontAnswer(page)
            case _:
                task = shown.tasks[0]
                status = 201 if isinstance(command, Create) else 200
                return FrontAnswer(_show_generation(task, shown.get_input(task)), status)

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with a `detail`; clients of gateways read `error.message`."""
        del request_id
        if call is not None and is_web(call) and not is_for_agents(call):
            return refuse_web(
                refusal.message, STATUSES[refusal.fault], find_gateway_code(refusal.fault)
            )
        return FrontAnswer({"detail": refusal.message}, STATUSES[refusal.fault])

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the generation when it begins to dream and at its end."""
        del base
        has_moved = step.from_state is not step.to_state
        if task.state in TERMINAL or (task.state is TaskState.RUNNING and has_moved):
            is_web = task.operation in (WEB, EXTEND)
            shown = build_web_generation(task, input_) if is_web else _show_generation(task, input_)
            return json.dumps(shown).encode()
        return None


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    wait_s = 0
    if call.body.get("sync") is True:
        most = call.body.get("sync_timeout")
        wait_s = min(int(most), MOST_WAIT_S) if isinstance(most, int | float) else MOST_WAIT_S
    return Create(operation, call.body, wait_s=max(wait_s, 0))


def _follow_up(call: FrontCall, name: str, action: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody()
    return Create(f"generations/{action}", {**call.body, "id": name})


def _list(call: FrontCall) -> Skip | FrontRefusal:
    if call.method not in ("GET", "HEAD"):
        return refuse_method(call)
    return Skip(
        limit=read_whole_number(call, "limit", default=10, low=1, high=100),
        offset=read_whole_number(call, "offset", default=0, low=0, high=100_000),
    )


def _show_generation(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    kind = "image" if "image" in task.operation.split("/") else "video"
    model = input_.get("model")
    return {
        "id": str(task.id),
        "generation_type": kind,
        "state": _WORDS[task.state],
        "failure_reason": find_reason(task),
        "created_at": format_time(task.created_at, "microseconds"),
        "model": model if isinstance(model, str) else "",
        "assets": _show_assets(task),
        "request": {
            "generation_type": kind,
            **input_,
            "callback_url": task.callback_url,
        },
    }


def _show_assets(task: Task) -> dict[str, str | None] | None:
    found: dict[str, str | None] = {"video": None, "image": None, "progress_video": None}
    for piece in task.artifacts:
        name = piece.kind if piece.state is ArtifactState.READY else "progress_video"
        if name in found and found[name] is None:
            found[name] = piece.url
    return found if any(found.values()) else None
