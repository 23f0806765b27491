"""Tasks as sunoapi.org shows them: records, and callbacks in stages.

Written for the strictest readers: PyPI suno-music-cli 0.1.2 takes the whole number 200 alone for
success, and `errorCode` as a number; PyPI suno-easy 0.2.0 knows failures by `successFlag`, npm
@felores/kie-ai-mcp-server 5.0.0 by `status` (their sources, read 2026-11).
"""

from collections.abc import Mapping
from typing import Any

from tracker.domain.task import TERMINAL, ArtifactState, Task, TaskState
from tracker.providers.kit.front_answers import find_reason
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.suno.front.rows import is_lyrics
from tracker.providers.suno.front.songs import Song, select_songs

_TIME = "%Y-%m-%d %H:%M:%S"
_REFUSED = frozenset({"refused", "never_submitted", "outcome_unknown"})
_SENSITIVE = "SENSITIVE_WORD_ERROR"
_STAGES = {"text": "TEXT_SUCCESS", "first": "FIRST_SUCCESS"}
_FIRST, _TEXT = "first", "text"
_NAMES = {"wav/generate": ("audio", "audioWavUrl"), "mp4/generate": ("video", "videoUrl")}


def is_song(task: Task) -> bool:
    """Tell whether a task makes songs."""
    head = task.operation.partition("/")[0]
    return not is_lyrics(task) and head in ("generate", "submit", "raw", "gcui", "uploads")


def find_word(task: Task) -> str:
    """Return the status word of a task."""
    match task.state:
        case TaskState.SUCCEEDED:
            return "SUCCESS"
        case TaskState.RUNNING:
            return _STAGES.get(find_stage(task) or "", "PENDING")
        case TaskState.FAILED | TaskState.CANCELLED | TaskState.EXPIRED:
            if task.provider_status == _SENSITIVE:
                return _SENSITIVE
            if task.error is not None and task.error.type in _REFUSED:
                return "CREATE_TASK_FAILED"
            return "GENERATE_LYRICS_FAILED" if is_lyrics(task) else "GENERATE_AUDIO_FAILED"
        case _:
            return "PENDING"


def find_stage(task: Task) -> str | None:
    """Return how far a running task is: its lyrics are there, or its first song; None for less."""
    states = [piece.state for piece in task.artifacts if piece.kind == "audio"]
    if ArtifactState.READY in states:
        return _FIRST
    has_text = any(piece.kind == "text" for piece in task.artifacts)
    return _TEXT if has_text or states or task.stage in (_TEXT, _FIRST) else None


def record_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a task."""
    word, reason = find_word(task), find_reason(task)
    return {
        "taskId": str(task.id),
        "parentMusicId": "",
        "param": "{}",
        "type": "GENERATE",
        "operationType": task.operation,
        "status": word,
        "successFlag": word
        if word == "SUCCESS" or word.endswith(("FAILED", "ERROR"))
        else "PENDING",
        "errorCode": _show_number(task) if reason is not None else None,
        "errorMessage": reason,
        "response": _show_response(task, input_),
        "createTime": int(task.created_at.timestamp() * 1000),
        "completeTime": None
        if task.finished_at is None
        else int(task.finished_at.timestamp() * 1000),
    }


def _show_number(task: Task) -> int:
    code = task.error.code if task.error is not None else None
    return int(code) if code is not None and code.isascii() and code.isdigit() else 500


def _show_response(task: Task, input_: Mapping[str, Any]) -> dict[str, Any] | None:
    if is_song(task):
        songs = [_show_song(task, song, input_) for song in _list_songs_to_show(task)]
        return {"taskId": str(task.id), "sunoData": songs} if songs else None
    if task.state is not TaskState.SUCCEEDED:
        return None
    return {"taskId": str(task.id), **_show_result(task)}


def _show_result(task: Task) -> dict[str, Any]:
    """Return the files or the texts of a task, under the provider's names for them."""
    if is_lyrics(task):
        return {"data": list_lyrics(task)}
    found: dict[str, Any] = {}
    for piece in task.artifacts:
        head, _, _ = (piece.key or piece.kind).partition(".")
        name = _convert_to_camel(head)
        if (piece.key or "").rpartition(".")[2].isdigit():
            found.setdefault(name, []).append(piece.url)
        else:
            found[name] = piece.url
    kind, name = _NAMES.get(task.operation, ("", ""))
    url = next((piece.url for piece in task.artifacts if piece.kind == kind), None)
    return found | ({name: url} if url else {})


def list_lyrics(task: Task) -> list[dict[str, Any]]:
    """Return the lyrics of a task, each with its title."""
    return [
        {
            "text": read_text_url(piece.url),
            "title": str(piece.extra.get("title", "")),
            "status": "complete",
            "errorMessage": "",
        }
        for piece in task.artifacts
        if piece.kind == "text"
    ]


def _convert_to_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _list_songs_to_show(task: Task) -> list[Song]:
    """Return the songs that are shown; before there is a sound, one that has its lyrics alone."""
    songs = list(select_songs(task))
    if songs or task.state in TERMINAL:
        return songs
    texts = [read_text_url(piece.url) for piece in task.artifacts if piece.kind == "text"]
    return [Song(f"{task.id}-{n}", "queued", lyrics=text) for n, text in enumerate(texts)]


def _show_song(task: Task, song: Song, input_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _convert_to_camel(name): value for name, value in _show_fields(song, input_).items()
    } | {"createTime": task.created_at.strftime(_TIME)}


def _show_fields(song: Song, input_: Mapping[str, Any]) -> dict[str, Any]:
    is_ready = song.status == "complete"
    audio = song.audio if is_ready else ""
    return {
        "id": song.name,
        "audio_url": audio,
        "source_audio_url": song.get_text("source_audio_url") or audio,
        "stream_audio_url": song.get_text("stream_audio_url") or song.audio,
        "source_stream_audio_url": song.audio,
        "image_url": song.image,
        "source_image_url": song.image,
        "prompt": song.lyrics or str(input_.get("prompt") or ""),
        "model_name": song.get_text("model_name") or str(input_.get("model") or ""),
        "title": song.get_text("title") or str(input_.get("title") or ""),
        "tags": song.get_text("tags") or str(input_.get("style") or ""),
        "duration": song.duration,
    }


def build_callback_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the callback of a task as it stands; None for one that nobody expects."""
    name = str(task.id)
    if task.state is TaskState.RUNNING:
        stage = find_stage(task)
        if stage is None or not is_song(task):
            return None
        return _build_callback(
            200,
            "Text generated." if stage == _TEXT else "First song ready.",
            name,
            {
                "callbackType": stage,
                "data": _show_songs(task, input_),
            },
        )
    if task.state is TaskState.SUCCEEDED:
        data: Any = _show_songs(task, input_) if is_song(task) else _show_result(task)
        if is_lyrics(task):
            data = list_lyrics(task)
        return _build_callback(
            200, "All generated successfully.", name, {"callbackType": "complete", "data": data}
        )
    if task.state in TERMINAL:
        reason = find_reason(task) or "failed"
        return _build_callback(
            _show_number(task), reason, name, {"callbackType": "error", "data": None}
        )
    return None


def _show_songs(task: Task, input_: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = task.created_at.strftime(_TIME)
    return [
        {**_show_fields(song, input_), "createTime": made} for song in _list_songs_to_show(task)
    ]


def _build_callback(code: int, text: str, task_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": code, "msg": text, "data": {"task_id": task_id, "taskId": task_id, **data}}
