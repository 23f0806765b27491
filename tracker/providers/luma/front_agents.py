"""Luma's newer API in front of our tasks (https://pypi.org/project/luma-agents 0.5.0, 2026-11-29).

Its clients know four states, and read `failure_code` and `output[].url`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import find_reason, format_time
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.luma.agents import AGENTS
from tracker.providers.ports.commands import Command, Create, Fixed, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody

AGENTS_PREFIX = "/luma-agents"
_GENERATIONS, _FILES = "v1/generations", "v1/files"
_WORDS: Mapping[TaskState, str] = MappingProxyType(
    {
        TaskState.RUNNING: "processing",
        TaskState.SUCCEEDED: "completed",
        TaskState.FAILED: "failed",
        TaskState.CANCELLED: "failed",
        TaskState.EXPIRED: "failed",
    }
)
"""Of all other states: queued."""
_CODES = frozenset(
    {
        *("content_moderated", "generation_failed", "budget_exhausted", "output_not_found"),
        *("image_too_large", "unsupported_format", "corrupt_input", "invalid_request"),
        "rate_limited",
    }
)


def is_for_agents(call: FrontCall) -> bool:
    """Tell whether a call is one of the newer API's clients."""
    return call.base.endswith(AGENTS_PREFIX)


def read_agents(call: FrontCall) -> Command | WantsBody | FrontRefusal:
    """Route by path and method."""
    if call.path == _GENERATIONS:
        if call.method != "POST":
            return refuse_method(call)
        return WantsBody() if call.body is None else Create(AGENTS, call.body)
    if call.path == _FILES or call.path.startswith(f"{_FILES}/"):
        error = {"detail": "files are not kept here: give a URL or base64 data"}
        return Fixed(FrontAnswer(error, 501, {"x-should-retry": "false"}))
    named = find_name(call.path.removeprefix(f"{_GENERATIONS}/"))
    if not call.path.startswith(f"{_GENERATIONS}/") or not named or "/" in named:
        return refuse_path(call)
    return Get([named]) if call.is_read else refuse_method(call)


def show_agents(command: Command, shown: Shown) -> FrontAnswer:
    """Show a generation."""
    task = shown.tasks[0]
    status = 201 if isinstance(command, Create) else 200
    return FrontAnswer(_show_generation(task, shown.get_input(task)), status)


def _show_generation(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    word = _WORDS.get(task.state, "queued")
    code = task.error.code if task.error is not None else None
    kind, model = input_.get("type"), input_.get("model")
    is_video = isinstance(kind, str) and kind.startswith("video")
    return {
        "id": str(task.id),
        "type": kind if isinstance(kind, str) else "image",
        "model": model if isinstance(model, str) else ("ray-3.2" if is_video else "uni-1"),
        "state": word,
        "created_at": format_time(task.created_at, "microseconds"),
        "output": [
            {"type": one.kind, "url": one.url, "layer": one.extra.get("layer")}
            for one in task.artifacts
            if one.url and one.state is ArtifactState.READY and word == "completed"
        ],
        "failure_code": (code if code in _CODES else "generation_failed")
        if word == "failed"
        else None,
        "failure_reason": find_reason(task),
    }
