"""Tasks as gateways show them."""

from collections.abc import Mapping
from typing import Any

from tracker.domain.task import Task
from tracker.providers.kit.gateway_rows import gateway_row
from tracker.providers.suno.front.songs import clip_view, lyrics_view, songs_of


def is_lyrics(task: Task) -> bool:
    """Tell whether a task makes lyrics and no song."""
    return task.operation.endswith("lyrics")


def row_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's row, with its songs or its lyrics."""
    if is_lyrics(task):
        return gateway_row(task, platform="suno", action="LYRICS", data=lyrics_view(task))
    clips = [clip_view(task, song, input_) for song in songs_of(task)]
    return gateway_row(task, platform="suno", action="MUSIC", data=clips)
