"""Songs of a task as every protocol shows them: put together again from its artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.task import TERMINAL, Artifact, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import find_reason, format_time
from tracker.providers.kit.piece_names import build_piece_name
from tracker.providers.kit.pieces import read_text_url

COUNT = 2
"""Songs of one create."""
_STATUSES: Mapping[ArtifactState, str] = {
    ArtifactState.READY: "complete",
    ArtifactState.PREVIEW: "streaming",
    ArtifactState.FAILED: "error",
}
_STATES = {"complete": "succeeded", "streaming": "running", "error": "failed"}


@dataclass(frozen=True, slots=True)
class Song:
    """One song.

    name:   ours; a client names the song by it.
    status: submitted, queued, streaming, complete or error.
    more:   what the provider said of it.
    """

    name: str
    status: str
    audio: str = ""
    image: str = ""
    video: str = ""
    lyrics: str = ""
    duration: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def get_text(self, name: str) -> str:
        """Return a text that the provider said of it; empty where it said none."""
        value = self.more.get(name)
        return value if isinstance(value, str) else ""


def select_songs(task: Task) -> Sequence[Song]:
    """Return the songs that there is something of, in the provider's order."""
    sounds = [piece for piece in task.artifacts if piece.kind == "audio"]
    return [_read_song(task, place, piece) for place, piece in enumerate(sounds)]


def list_songs(task: Task) -> Sequence[Song]:
    """Return all songs that the task will have: their names are told before there are any.

    Of a success without a song they are shown as failed: clients of a feed wait for each to end.
    """
    songs = list(select_songs(task))
    words = {TaskState.RUNNING: "queued", **dict.fromkeys(TERMINAL, "error")}
    status = words.get(task.state, "submitted")
    if task.state is TaskState.SUCCEEDED and songs:
        return songs
    return songs + [Song(build_piece_name(task, n), status) for n in range(len(songs), COUNT)]


def _read_song(task: Task, place: int, sound: Artifact) -> Song:
    beside = {
        piece.kind: piece
        for piece in task.artifacts
        if piece is not sound and sound.id is not None and piece.id == sound.id
    }
    urls = {kind: piece.url or "" for kind, piece in beside.items()}
    status = _STATUSES[sound.state]
    is_lost = task.state in TERMINAL and (task.state is not TaskState.SUCCEEDED or not sound.url)
    return Song(
        build_piece_name(task, place),
        "error" if is_lost and status != "complete" else status,
        sound.url or "",
        urls.get("image", ""),
        urls.get("video", ""),
        read_text_url(urls.get("text")),
        _parse_seconds(sound.duration_s),
        sound.extra,
    )


def _parse_seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def build_clip_view(task: Task, song: Song, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a song as gateways show it."""
    is_error = song.status == "error"
    reason = (
        song.get_text("error_message") or find_reason(task) or task.message if is_error else None
    )
    return {
        "id": song.name,
        "clip_id": song.name,
        "status": song.status,
        "state": _STATES.get(song.status, "pending"),
        "title": song.get_text("title") or _read_given(input_, "title"),
        "audio_url": song.audio,
        "image_url": song.image,
        "image_large_url": song.image,
        "video_url": song.video,
        "model_name": song.get_text("model_name") or _read_given(input_, "mv", "model"),
        "duration": song.duration,
        "created_at": format_time(task.created_at),
        "metadata": {
            "tags": song.get_text("tags") or _read_given(input_, "tags", "style"),
            "prompt": song.lyrics or _read_given(input_, "prompt"),
            "gpt_description_prompt": _read_given(input_, "gpt_description_prompt"),
            "duration": song.duration,
            "error_type": "generation_error" if is_error else None,
            "error_message": reason,
            "refund_credits": False,
        },
    }


def build_info_view(task: Task, song: Song, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return a song as gcui-art's server shows it."""
    clip = build_clip_view(task, song, input_)
    facts = clip["metadata"]
    return {
        **{name: clip[name] for name in ("id", "title", "image_url", "audio_url", "video_url")},
        "lyric": song.lyrics,
        "created_at": clip["created_at"],
        "model_name": clip["model_name"],
        "status": clip["status"],
        "gpt_description_prompt": facts["gpt_description_prompt"],
        "prompt": facts["prompt"],
        "type": "gen",
        "tags": facts["tags"],
        "negative_tags": _read_given(input_, "negative_tags"),
        "duration": clip["duration"],
        "error_message": facts["error_message"],
    }


def build_lyrics_view(task: Task) -> dict[str, Any]:
    """Return lyrics that are made alone."""
    texts = [piece for piece in task.artifacts if piece.kind == "text"]
    has_failed = task.state in TERMINAL and task.state is not TaskState.SUCCEEDED
    is_done = task.state is TaskState.SUCCEEDED
    return {
        "id": str(task.id),
        "title": str(texts[0].extra.get("title", "")) if texts else "",
        "text": read_text_url(texts[0].url) if texts else "",
        "status": "complete" if is_done else "error" if has_failed else "running",
        "error_message": find_reason(task) or "",
    }


def _read_given(input_: Mapping[str, Any], *names: str) -> str:
    values = (input_.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), "")
