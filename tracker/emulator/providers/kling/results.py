"""Results of finished tasks: result objects and their media addresses."""

from typing import Any

from tracker.emulator.core.media import seal_of
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.operations import Output

__all__ = ["build_result", "compute_deduction"]

_UNITS_PER_PICTURE = 8


def build_result(task: KlingTask) -> dict[str, Any]:
    """`task_result` of a succeeded task."""
    result: dict[str, Any] = {}
    output = task.details.operation.output
    if output in {Output.VIDEOS, Output.VIDEOS_AND_AUDIOS}:
        result["videos"] = [_build_video(task)]
    if output in {Output.AUDIOS, Output.VIDEOS_AND_AUDIOS}:
        result["audios"] = [_build_audio(task)]
    if output is Output.IMAGES:
        result["series_images" if task.details.is_series else "images"] = _build_images(task)
    if output is Output.VOICES:
        result["voices"] = [_build_voice(task)]
    if output is Output.ELEMENTS:
        result["elements"] = [{"element_id": _build_id(task, 1), "owned_by": task.account}]
    return result


def compute_deduction(task: KlingTask) -> str:
    """`final_unit_deduction` of a succeeded task: units, as a text."""
    if task.details.operation.output is Output.IMAGES:
        return f"{_UNITS_PER_PICTURE * task.details.pictures}"
    if task.details.operation.output is Output.VIDEOS:
        per_five_seconds = 3.5 if task.details.mode == "pro" else 2
        return f"{per_five_seconds * task.details.duration / 5:g}"
    return "0.25"


def _build_video(task: KlingTask) -> dict[str, Any]:
    video = {
        "id": _build_id(task, 1),
        "url": _build_url(task, "0.mp4"),
        # Not the requested value: 5 s came back as "5.041" (logged answers, 2026-03).
        "duration": f"{task.details.duration + 0.041:.3f}",
    }
    if task.details.session_id is not None:
        video["session_id"] = task.details.session_id
    return video


def _build_images(task: KlingTask) -> list[dict[str, Any]]:
    return [{"index": i, "url": _build_url(task, f"{i}.png")} for i in range(task.details.pictures)]


def _build_audio(task: KlingTask) -> dict[str, Any]:
    return {
        "id": _build_id(task, 2),
        "url_mp3": _build_url(task, "0.mp3"),
        "url_wav": _build_url(task, "0.wav"),
        "duration_mp3": f"{task.details.duration + 0.056:.3f}",
        "duration_wav": f"{task.details.duration:.3f}",
    }


def _build_voice(task: KlingTask) -> dict[str, Any]:
    return {
        "voice_id": _build_id(task, 3),
        "voice_name": "voice",
        "trial_url": _build_url(task, "0.wav"),
        "owned_by": task.account,
    }


def _build_id(task: KlingTask, salt: int) -> str:
    return str(int(task.other_id) + salt)


def _build_url(task: KlingTask, name: str) -> str:
    """Return a media address as long as the real ones: signed, and good for 30 days."""
    expires, seal = seal_of(task, name)
    query = f"x-kcdn-pid=112757&Expires={expires}&ksign={seal}&kpolicy={seal[::-1]}"
    return f"{task.base_url}/media/{task.task_id}/{name}?{query}"
