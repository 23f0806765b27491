"""Pictures in OpenAI's format in front of our tasks: one held answer, or a stream of events.

A client that goes away finds its pictures by the same create, or at the create's path by the id.
Written for `openai` (3.57.0 of PyPI, 7.59.0 of npm), which repeats a create up to three times
(https://github.com/openai/openai-python, _base_client.py, read 2026-11).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.cost import Phase
from tracker.domain.task import Artifact, Task
from tracker.providers.kit.front_answers import list_ready_pieces
from tracker.providers.kit.held_answers import (
    HELD_S,
    build_error,
    explain_missing_result,
    find_piece_file,
)
from tracker.providers.kit.shown_events import ShownEvents, build_event, show_link
from tracker.providers.openai.images import EDITED, FACTS, GENERATED, VARIED
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall

_PATHS: Mapping[str, str] = {
    GENERATED: "image_generation",
    EDITED: "image_edit",
    VARIED: "image_variation",
}
"""Beginning of an event's type."""


@dataclass(slots=True)
class ImageStream(ShownEvents):
    """Shows one create as events. See ports/commands.TextStream.

    line: the beginning of a preview whose end is still to come.
    """

    operation: str
    facts: Mapping[str, Any]
    line: str = field(default="")

    def write_piece(self, task: Task, text: str) -> bytes:
        """Tell of the previews that are whole by now."""
        *lines, self.line = (self.line + text).split("\n")
        told = [json.loads(line) for line in lines if line]
        return b"".join(
            self._render_event(
                task,
                "partial_image",
                {"b64_json": one["name"], "partial_image_index": one["index"]},
            )
            for one in told
        )

    def end(self, task: Task) -> bytes:
        """Tell of each picture, or why there is none."""
        ready = list_ready_pieces(task)
        if not ready:
            error = {"type": "error", "error": build_error(task)}
            return build_event("error", error)
        usage = _show_usage(task)
        return b"".join(
            self._render_event(
                task, "completed", {**show_link(one), **({"usage": usage} if usage else {})}
            )
            for one in ready
        )

    def _render_event(self, task: Task, what: str, more: Mapping[str, Any]) -> bytes:
        kind = f"{_PATHS[self.operation]}.{what}"
        at = int(task.updated_at.timestamp())
        return build_event(kind, {"type": kind, **more, "created_at": at, **self.facts})


def create(operation: str, body: Mapping[str, Any]) -> Create:
    """Read a create: held until its end, or as a stream."""
    if str(body.get("stream")).lower() != "true":
        return Create(operation, body, wait_s=HELD_S, waits_for="sent")
    facts = {name: body[name] for name in FACTS if isinstance(body.get(name), str)}
    return Create(operation, body, stream=ImageStream(operation, facts))


def show(call: FrontCall, task: Task, shown: Shown) -> FrontAnswer:
    """Show the pictures of a create, or what became of it."""
    ready = list_ready_pieces(task)
    if not ready:
        return explain_missing_result(call, task)
    wants_url = shown.get_input(task).get("response_format") == "url"
    data = [_build_piece_name(one, shown, wants_url=wants_url) for one in ready]
    facts = {name: ready[0].extra[name] for name in FACTS if name in ready[0].extra}
    body = {"id": str(task.id), "created": int(task.created_at.timestamp()), "data": data, **facts}
    if (usage := _show_usage(task)) is not None:
        body["usage"] = usage
    return FrontAnswer(body, has_files=bool(shown.names))


def _build_piece_name(piece: Artifact, shown: Shown, *, wants_url: bool) -> dict[str, Any]:
    file = None if wants_url else find_piece_file(piece, shown)
    found: dict[str, Any] = {"url": piece.url} if file is None else {"b64_json": file}
    if "revised_prompt" in piece.extra:
        found["revised_prompt"] = piece.extra["revised_prompt"]
    return found


def _show_usage(task: Task) -> dict[str, int] | None:
    told = {
        one.unit: int(one.amount)
        for one in task.costs
        if one.phase is Phase.SETTLE and one.unit and one.amount.isdigit()
    }
    if not told:
        return None
    spent, made = told.get("input_tokens", 0), told.get("output_tokens", 0)
    return {"input_tokens": spent, "output_tokens": made, "total_tokens": spent + made}
