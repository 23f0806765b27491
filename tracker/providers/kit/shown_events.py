"""Show a create as server-sent events in which files may stand. See ports/commands.TextStream."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tracker.domain.task import Artifact, Task
from tracker.providers.kit.pieces import read_base64


class ShownEvents:
    """Begins such a stream, and holds its client meanwhile. A class gives the events."""

    media_type: ClassVar[str] = "text/event-stream"
    has_files: ClassVar[bool] = True
    beat: ClassVar[bytes] = b": the task goes on\n\n"

    def begin(self, task: Task) -> bytes:
        """Name the task in a comment."""
        return f": task {task.id}\n\n".encode()


def build_event(kind: str, body: Mapping[str, Any]) -> bytes:
    """Return one event."""
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def show_link(piece: Artifact) -> dict[str, Any]:
    """Return a picture's address where it has one, else the name or base64 of its file."""
    url = piece.url or ""
    return {"url": url} if url.startswith("http") else {"b64_json": read_base64(url) or url}
