"""Pictures in OpenAI's format in front of our tasks: one held answer, or a stream of events.

A client that goes away finds its pictures by the same create, or at the create's path by the id.
Written for `openai` (3.57.0 of PyPI, 6.49.0 of npm), which repeats a create up to three times
(https://github.com/openai/openai-python, _base_client.py, read 2026-11).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tracker.domain.cost import Phase
from tracker.domain.task import TERMINAL, Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import reason_of
from tracker.providers.kit.pieces import base64_in
from tracker.providers.openai.images import EDITED, FACTS, GENERATED
from tracker.providers.ports.front import Create, FrontAnswer, FrontCall, Shown

HELD_S = 595
"""Seconds that an answer is held back; the official clients wait for 600."""
_COUNT = "x-stainless-retry-count"
_UNKNOWN = (
    "the answer broke off: it is not known whether anything was made, and it may be charged for; "
    "it is not made again"
)
_PATHS: Mapping[str, str] = {GENERATED: "image_generation", EDITED: "image_edit"}
"""Beginning of an event's type."""


@dataclass(slots=True)
class ImageStream:
    """Shows one create as events. See ports/front.TextStream.

    line: the beginning of a preview whose end is still to come.
    """

    operation: str
    facts: Mapping[str, Any]
    line: str = field(default="")

    media_type: ClassVar[str] = "text/event-stream"
    has_files: ClassVar[bool] = True
    beat: ClassVar[bytes] = b": the task goes on\n\n"

    def begin(self, task: Task) -> bytes:
        """Name the task in a comment."""
        return f": task {task.id}\n\n".encode()

    def piece(self, task: Task, text: str) -> bytes:
        """Tell of the previews that are whole by now."""
        *lines, self.line = (self.line + text).split("\n")
        told = [json.loads(line) for line in lines if line]
        return b"".join(
            self._event(
                task,
                "partial_image",
                {"b64_json": one["name"], "partial_image_index": one["index"]},
            )
            for one in told
        )

    def end(self, task: Task) -> bytes:
        """Tell of each picture, or why there is none."""
        ready = _ready(task)
        if task.state is not TaskState.SUCCEEDED or not ready:
            error = {"type": "error", "error": _error(task)}
            return _event_of("error", error)
        usage = _usage(task)
        return b"".join(
            self._event(task, "completed", {**_file(one), **({"usage": usage} if usage else {})})
            for one in ready
        )

    def _event(self, task: Task, what: str, more: Mapping[str, Any]) -> bytes:
        kind = f"{_PATHS[self.operation]}.{what}"
        at = int(task.updated_at.timestamp())
        return _event_of(kind, {"type": kind, **more, "created_at": at, **self.facts})


def create(operation: str, body: Mapping[str, Any]) -> Create:
    """Read a create: held until its end, or as a stream."""
    if str(body.get("stream")).lower() != "true":
        return Create(operation, body, wait_s=HELD_S, waits_for="sent")
    facts = {name: body[name] for name in FACTS if isinstance(body.get(name), str)}
    return Create(operation, body, stream=ImageStream(operation, facts))


def show(call: FrontCall, task: Task, shown: Shown) -> FrontAnswer:
    """Show the pictures of a create, or what became of it."""
    ready = _ready(task)
    if task.state is not TaskState.SUCCEEDED or not ready:
        return _refused(call, task)
    wants_url = shown.input_of(task).get("response_format") == "url"
    data = [_named(one, shown, wants_url=wants_url) for one in ready]
    facts = {name: ready[0].extra[name] for name in FACTS if name in ready[0].extra}
    body = {"id": str(task.id), "created": int(task.created_at.timestamp()), "data": data, **facts}
    if (usage := _usage(task)) is not None:
        body["usage"] = usage
    return FrontAnswer(body, has_files=bool(shown.names))


def _named(piece: Artifact, shown: Shown, *, wants_url: bool) -> dict[str, Any]:
    file = None if wants_url else file_of_piece(piece, shown)
    found: dict[str, Any] = {"url": piece.url} if file is None else {"b64_json": file}
    if "revised_prompt" in piece.extra:
        found["revised_prompt"] = piece.extra["revised_prompt"]
    return found


def file_of_piece(piece: Artifact, shown: Shown) -> str | None:
    """Return the name or the base64 of a piece that came as a file; None for one with a URL."""
    url = piece.url or ""
    return shown.names.get(url) or base64_in(url)


def _file(piece: Artifact) -> dict[str, Any]:
    """Return a picture of an event: the name of its file, or a gateway's URL."""
    url = piece.url or ""
    return {"url": url} if url.startswith("http") else {"b64_json": base64_in(url) or url}


def _ready(task: Task) -> list[Artifact]:
    return [one for one in task.artifacts if one.state is ArtifactState.READY and one.url]


def _usage(task: Task) -> dict[str, int] | None:
    told = {
        one.unit: int(one.amount)
        for one in task.costs
        if one.phase is Phase.SETTLE and one.unit and one.amount.isdigit()
    }
    if not told:
        return None
    spent, made = told.get("input_tokens", 0), told.get("output_tokens", 0)
    return {"input_tokens": spent, "output_tokens": made, "total_tokens": spent + made}


def _refused(call: FrontCall, task: Task) -> FrontAnswer:
    """Tell why there are no pictures, in a status that no client repeats by itself.

    A client that says that it repeats is asked to go on waiting for a task that is open.
    """
    goes_on = task.state not in TERMINAL and task.state is not TaskState.UNCERTAIN
    counts = call.headers.get(_COUNT) is not None
    status = 503 if goes_on and counts else 424 if task.state not in TERMINAL else 400
    again = "true" if status == 503 else "false"
    return FrontAnswer({"error": _error(task)}, status, {"x-should-retry": again})


def _error(task: Task) -> dict[str, Any]:
    code = (task.error and task.error.code) or task.state.value
    reason = reason_of(task)
    if task.state is TaskState.UNCERTAIN:
        code, reason = "outcome_unknown", _UNKNOWN
    elif reason is None:
        code, reason = "still_running", "it is still being made: ask again"
    kind = "invalid_request_error" if task.state in TERMINAL else "server_error"
    return {"message": f"{reason} (task {task.id})", "type": kind, "param": None, "code": code}


def _event_of(kind: str, body: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
