"""A generation as answers, lists and callbacks show it. Pure.

Source: https://github.com/lumalabs/lumaai-python (src/lumaai/types/generation.py), read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, EmulatedTask
from tracker.emulator.providers.luma.words import LumaWord

__all__ = ["PROGRESS_VIDEO", "LumaDetails", "LumaTask", "build_generation_view", "format_instant"]

PROGRESS_VIDEO = "progress.mp4"
"""The artifact that exists while a generation is dreaming."""
_STATES = {SUBMITTED: "queued", PROCESSING: "dreaming", SUCCEED: "completed", FAILED: "failed"}


@dataclass(frozen=True)
class LumaDetails:
    """The facts of a generation that the core does not know."""

    kind: str
    """video or image."""
    model: str
    echo: Mapping[str, object]
    """The request as it is repeated."""


LumaTask = EmulatedTask[LumaDetails]


def build_generation_view(task: LumaTask, *, without_assets: bool) -> dict[str, Any]:
    """Return the JSON of a generation.

    without_assets: leaves them out although it is completed.
    """
    return {
        "id": task.task_id,
        "generation_type": task.details.kind,
        "state": _STATES.get(task.status, task.status),
        "failure_reason": task.message if task.status == FAILED else None,
        "created_at": format_instant(task.created_at),
        "model": task.details.model,
        "assets": None if without_assets else _build_assets(task),
        "request": None if task.scenario.has(LumaWord.ECHO_MISSING) else task.details.echo,
    }


def _build_assets(task: LumaTask) -> dict[str, str | None] | None:
    urls: dict[str, str | None] = {"video": None, "image": None, "progress_video": None}
    for name in task.ready_artifacts:
        urls["progress_video" if name == PROGRESS_VIDEO else task.details.kind] = build_media_url(
            task, name
        )
    has_failed = task.status == FAILED
    return urls if any(urls.values()) and not has_failed else None


def format_instant(ms: int) -> str:
    """Write Unix milliseconds as ISO 8601 with microseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
