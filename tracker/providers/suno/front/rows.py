"""Tasks as gateways show them."""

from collections.abc import Mapping
from typing import Any

from tracker.domain.task import Task
from tracker.providers.kit.gateway_rows import build_gateway_row
from tracker.providers.suno.front.songs import build_clip_view, build_lyrics_view, select_songs


def is_lyrics(task: Task) -> bool:
    """Tell whether a task makes lyrics and no song."""
    return task.operation.endswith("lyrics")


def build_row_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's row, with its songs or its lyrics."""
    if is_lyrics(task):
        return build_gateway_row(
            task, platform="suno", action="LYRICS", data=build_lyrics_view(task)
        )
    clips = [build_clip_view(task, song, input_) for song in select_songs(task)]
    return build_gateway_row(task, platform="suno", action="MUSIC", data=clips)
