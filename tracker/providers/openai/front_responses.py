"""Responses in front of our tasks: made in the background, shown by id, cancelled.

A create without `background` is held until its end. Source:
https://github.com/openai/openai-python (3.57.0, types/responses/response.py), read 2026-11.
"""

from collections.abc import Mapping
from typing import Any

from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import find_reason
from tracker.providers.kit.held_answers import HELD_S, find_piece_file
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.openai.responses import BEFORE, IMAGE_CALL, INCOMPLETE, PREFIX, RESPONSES
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import Fault, FrontAnswer, FrontRefusal

_WORDS: Mapping[TaskState, str] = {
    TaskState.RUNNING: "in_progress",
    TaskState.UNCERTAIN: "in_progress",
    TaskState.SUCCEEDED: "completed",
    TaskState.FAILED: "failed",
    TaskState.EXPIRED: "failed",
    TaskState.CANCELLED: "cancelled",
}
"""Of all other states: queued."""
_ECHOED = (BEFORE, "model", "metadata", "instructions", "tools", "tool_choice")


def create(body: Mapping[str, Any]) -> Create | FrontRefusal:
    """Read a create; a stream of a response is not served."""
    if body.get("stream"):
        return FrontRefusal(
            Fault.INVALID, "stream: responses are not streamed here; ask by their id"
        )
    wait_s = 0 if body.get("background") is True else HELD_S
    return Create(RESPONSES, body, wait_s=wait_s)


def show(task: Task, shown: Shown) -> FrontAnswer:
    """Show a task as a response."""
    input_ = shown.get_input(task)
    code = task.error.code if task.error is not None else None
    is_incomplete = task.state is TaskState.FAILED and code in INCOMPLETE
    reason = find_reason(task)
    body: dict[str, Any] = {
        "id": f"{PREFIX}{task.id}",
        "object": "response",
        "created_at": int(task.created_at.timestamp()),
        "status": "incomplete" if is_incomplete else _WORDS.get(task.state, "queued"),
        "background": True,
        "output": [_show_item(task, piece, shown) for piece in task.artifacts if _is_ready(piece)],
        "parallel_tool_calls": True,
        "error": None,
        "incomplete_details": {"reason": code} if is_incomplete else None,
        **{name: input_.get(name) for name in _ECHOED},
    }
    if reason is not None and not is_incomplete and task.state is not TaskState.CANCELLED:
        body["error"] = {"code": code or task.state.value, "message": reason}
    if task.finished_at is not None:
        body["completed_at"] = int(task.finished_at.timestamp())
    return FrontAnswer(body, has_files=bool(shown.names))


def _is_ready(piece: Artifact) -> bool:
    return piece.state is ArtifactState.READY and piece.url is not None


def _show_item(task: Task, piece: Artifact, shown: Shown) -> dict[str, Any]:
    """Show a piece as an item of the output: a picture's call, or a message."""
    if piece.kind == "text":
        text = {"type": "output_text", "text": read_text_url(piece.url), "annotations": []}
        name = f"msg_{task.id}_{piece.key}"
        said = {"type": "message", "id": name, "role": "assistant", "status": "completed"}
        return {**said, "content": [text]}
    file = find_piece_file(piece, shown)
    name = piece.id or f"ig_{task.id}_{piece.key}"
    head: dict[str, Any] = {"type": IMAGE_CALL, "id": name, "status": "completed", "result": file}
    return {**head, **piece.extra}
