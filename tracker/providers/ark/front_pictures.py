"""Pictures of Seedream in front of our tasks: one held answer, or a stream of events.

Sources: the types of the official SDK (https://pypi.org/project/volcengine-ark-runtime, 5.0.54)
and what public clients recorded of streams, read 2026-11-30.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.task import Artifact, ArtifactState, Task
from tracker.providers.ark.pictures import ENDED, PICTURES, REFUSED, SUCCEEDED
from tracker.providers.ark.words import TOKENS
from tracker.providers.kit.front_answers import list_ready_pieces
from tracker.providers.kit.held_answers import (
    HELD_S,
    build_error,
    explain_missing_result,
    find_piece_file,
)
from tracker.providers.kit.ledger import compute_net
from tracker.providers.kit.shown_events import ShownEvents, build_event, show_link
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall


@dataclass(slots=True)
class SeedreamStream(ShownEvents):
    """Shows one create as events. See ports/commands.TextStream.

    line: the beginning of a picture's event whose end is still to come.
    told: the places of the pictures that the client has been told of.
    """

    model: str
    line: str = field(default="")
    told: set[int] = field(default_factory=set)

    def write_piece(self, task: Task, text: str) -> bytes:
        """Tell of the pictures that are there by now."""
        *lines, self.line = (self.line + text).split("\n")
        return b"".join(self._tell(task, SUCCEEDED, json.loads(line)) for line in lines if line)

    def end(self, task: Task) -> bytes:
        """Tell of the pictures that were not told of, of those that failed, and of the end."""
        ready = list_ready_pieces(task)
        if not ready:
            return build_event("error", {"error": build_error(task)}) + _DONE
        events = [
            self._tell(
                task, SUCCEEDED, {"image_index": place, **show_link(one), **_list_facts(one)}
            )
            for one in ready
            if (place := _read_position(one)) not in self.told
        ]
        for one in _list_failed(task):
            more = {"image_index": _read_position(one), "error": _show_error(one)}
            events.append(self._tell(task, REFUSED, more))
        events.append(self._tell(task, ENDED, {"usage": _show_usage(task, len(ready))}))
        return b"".join(events) + _DONE

    def _tell(self, task: Task, kind: str, more: Mapping[str, Any]) -> bytes:
        if kind == SUCCEEDED:
            self.told.add(more["image_index"])
        at = int(task.updated_at.timestamp())
        return build_event(kind, {"type": kind, "model": self.model, "created": at, **more})


_DONE = b"data: [DONE]\n\n"


def create(body: Mapping[str, Any]) -> Create:
    """Read a create: held until its end, or as a stream."""
    if body.get("stream") is not True:
        return Create(PICTURES, body, wait_s=HELD_S, waits_for="sent")
    return Create(PICTURES, body, stream=SeedreamStream(str(body.get("model") or "")))


def show(call: FrontCall, task: Task, shown: Shown) -> FrontAnswer:
    """Show the pictures of a create, or why there are none."""
    ready = list_ready_pieces(task)
    if not ready:
        return explain_missing_result(call, task)
    input_ = shown.get_input(task)
    wants_file = input_.get("response_format") == "b64_json"
    data: dict[int, Mapping[str, Any]] = {}
    for one in ready:
        file = find_piece_file(one, shown) if wants_file else None
        link = {"url": one.url} if file is None else {"b64_json": file}
        data[_read_position(one)] = {**link, **_list_facts(one)}
    for one in _list_failed(task):
        data[_read_position(one)] = {"error": _show_error(one)}
    body = {
        "id": str(task.id),
        "model": str(input_.get("model") or ""),
        "created": int(task.created_at.timestamp()),
        "data": [data[place] for place in sorted(data)],
        "usage": _show_usage(task, len(ready)),
    }
    return FrontAnswer(body, has_files=bool(shown.names))


def _show_usage(task: Task, made: int) -> dict[str, int]:
    tokens = int(compute_net(task.costs, TOKENS) or 0)
    return {"generated_images": made, "output_tokens": tokens, "total_tokens": tokens}


def _show_error(piece: Artifact) -> dict[str, Any]:
    code = piece.extra.get("code") or "InternalServiceError"
    return {"code": code, "message": piece.extra.get("error") or ""}


def _list_facts(piece: Artifact) -> Mapping[str, Any]:
    return {name: value for name, value in piece.extra.items() if name != "error"}


def _list_failed(task: Task) -> Sequence[Artifact]:
    return [one for one in task.artifacts if one.state is ArtifactState.FAILED]


def _read_position(piece: Artifact) -> int:
    place = (piece.key or "").removeprefix("image-")
    return int(place) if place.isdigit() else 0
