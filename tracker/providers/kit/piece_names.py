"""Names of ours for the pieces of a task: they lead to the task, and so to its account."""

import re
from typing import Any

from tracker.domain.task import Task

_OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,2})")


def build_piece_name(task: Task, place: int) -> str:
    """Return our name of a piece: the task's id and the piece's place among its pieces."""
    return f"{task.id}-{place}"


def read_piece_name(text: Any) -> tuple[str, int] | None:
    """Return the task and the place that a name of ours stands for; None for another name."""
    found = _OURS.fullmatch(text) if isinstance(text, str) else None
    return (found[1], int(found[2])) if found else None
