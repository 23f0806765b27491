"""Songs and tasks as the protocols show them. Pure.

Sources: https://github.com/SunoAI-API/Suno-API, https://github.com/QuantumNous/new-api,
https://github.com/gcui-art/suno-api and https://docs.sunoapi.org, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, EmulatedTask
from tracker.emulator.providers.suno.words import SunoWord

__all__ = [
    "FIRST",
    "QUOTA",
    "TEXT",
    "SunoDetails",
    "SunoTask",
    "build_audio_info",
    "build_clip_view",
    "build_lyrics_view",
    "build_row_view",
    "convert_to_camel_case",
    "find_clip_status",
    "record_song",
]

TEXT, FIRST = "text", "first"
QUOTA = 150_000
_ROWS = {SUBMITTED: "SUBMITTED", PROCESSING: "IN_PROGRESS", SUCCEED: "SUCCESS", FAILED: "FAILURE"}
_PROGRESS = {SUBMITTED: "0%", PROCESSING: "50%"}


@dataclass(frozen=True)
class SunoDetails:
    """The facts of a task that the core does not know.

    kind: music, lyrics, or the field that a file is told in.
    """

    kind: str
    clip_ids: Sequence[str]
    fields: Mapping[str, object]

    def read_text(self, *names: str) -> str:
        """Return the first of some fields of the create that holds a text."""
        values = (self.fields.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), "")


SunoTask = EmulatedTask[SunoDetails]


def find_clip_status(task: SunoTask, place: int) -> str:
    """Return a song's own status word."""
    scenario, is_second = task.scenario, place == 1
    if task.status == SUBMITTED:
        return "submitted"
    if scenario.has(SunoWord.STREAMING_FOREVER) and task.ready:
        return "streaming"
    if scenario.has(SunoWord.PAIR_FAIL) and not task.is_open:
        return "error" if is_second else "complete"
    if place < task.ready:
        return "complete"
    if task.status == FAILED:
        return "error"
    return "streaming" if task.stage == FIRST else "queued"


def build_clip_view(task: SunoTask, place: int, *, spoils: bool) -> dict[str, Any]:
    """Return a song in snake case, as gateways and raw feeds show it.

    spoils: whether its address is one that was made of nothing.
    """
    status, details = find_clip_status(task, place), task.details
    is_error = status == "error"
    return {
        "id": details.clip_ids[place],
        "clip_id": details.clip_ids[place],
        "status": status,
        "title": details.read_text("title") or "Untitled",
        "audio_url": _build_audio(task, place, status, spoils=spoils),
        "image_url": build_media_url(task, f"{place}.png") if status == "complete" else "",
        "image_large_url": "",
        "video_url": "",
        "model_name": details.read_text("mv", "model") or "chirp-v3-0",
        "duration": 5.0 if status == "complete" else None,
        "metadata": {
            "tags": details.read_text("tags", "style"),
            "prompt": details.read_text("prompt") or "[Verse] la",
            "duration": None,
            "error_type": "generation_error" if is_error else None,
            "error_message": "the song could not be made" if is_error else None,
            "refund_credits": is_error,
        },
    }


def _build_audio(task: SunoTask, place: int, status: str, *, spoils: bool) -> str:
    if status == "complete":
        return (
            f"{task.base_url}/media/None.mp3" if spoils else build_media_url(task, f"{place}.mp3")
        )
    if status == "streaming":
        return build_media_url(task, f"{place}.mp3") + "&stream=1"
    return f"{task.base_url}/media/None.mp3" if status == "error" else ""


def build_audio_info(task: SunoTask, place: int, *, spoils: bool) -> dict[str, Any]:
    """Return a song as gcui-art's server shows it."""
    clip = build_clip_view(task, place, spoils=spoils)
    made = datetime.fromtimestamp(task.created_at / 1000, UTC)
    return {
        "id": clip["id"],
        "title": clip["title"],
        "image_url": clip["image_url"],
        "lyric": clip["metadata"]["prompt"],
        "audio_url": clip["audio_url"],
        "video_url": "",
        "created_at": made.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "model_name": clip["model_name"],
        "status": clip["status"],
        "gpt_description_prompt": "",
        "prompt": clip["metadata"]["prompt"],
        "type": "gen",
        "tags": clip["metadata"]["tags"],
        "negative_tags": task.details.read_text("negative_tags"),
        "duration": clip["duration"],
        "error_message": clip["metadata"]["error_message"],
    }


def build_lyrics_view(task: SunoTask) -> dict[str, Any]:
    """Return lyrics that are made alone."""
    is_done = task.status == SUCCEED
    status = "complete" if is_done else "error" if task.status == FAILED else "running"
    return {
        "id": task.details.clip_ids[0],
        "title": "Rain" if is_done else "",
        "text": "[Verse]\nla la" if is_done else "",
        "status": status,
        "error_message": task.message,
    }


def build_row_view(task: SunoTask, data: object) -> dict[str, Any]:
    """Return a gateway's row of a task."""
    ended = (task.ended_at or 0) // 1000
    return {
        "task_id": task.task_id,
        "action": "LYRICS" if task.details.kind == "lyrics" else "MUSIC",
        "status": _ROWS.get(task.status, task.status),
        "fail_reason": task.message if task.status == FAILED else "",
        "progress": _PROGRESS.get(task.status, "100%"),
        "submit_time": task.created_at // 1000,
        "start_time": (task.started_at or 0) // 1000,
        "finish_time": ended,
        "quota": _find_quota(task),
        "data": data,
    }


def _find_quota(task: SunoTask) -> int:
    if task.status != FAILED:
        return QUOTA
    return -QUOTA if task.scenario.has(SunoWord.DOUBLE_REFUND) else 0


def convert_to_camel_case(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in the spelling of the older gateways: an empty reason is null."""
    names = {name: _convert_to_camel(name) for name in row if name != "quota"}
    shown = {names[name]: value for name, value in row.items() if name in names}
    return {**shown, "failReason": row["fail_reason"] or None}


def _convert_to_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def record_song(task: SunoTask, place: int, *, spoils: bool, is_snake: bool) -> dict[str, Any]:
    """Return a song of a record, or of a callback (in snake case)."""
    clip = build_clip_view(task, place, spoils=spoils)
    status = clip["status"]
    ready = clip["audio_url"] if status == "complete" else ""
    stream = clip["audio_url"] if status in ("complete", "streaming") else ""
    made = datetime.fromtimestamp(task.created_at / 1000, UTC)
    song = {
        "id": clip["id"],
        "audio_url": ready,
        "source_audio_url": ready,
        "stream_audio_url": stream,
        "source_stream_audio_url": stream,
        "image_url": clip["image_url"],
        "prompt": clip["metadata"]["prompt"],
        "model_name": clip["model_name"],
        "title": clip["title"],
        "tags": clip["metadata"]["tags"],
        "duration": clip["duration"],
    }
    shown = song if is_snake else {_convert_to_camel(name): value for name, value in song.items()}
    return {**shown, "createTime": made.strftime("%Y-%m-%d %H:%M:%S")}
