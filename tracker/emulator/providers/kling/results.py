"""What finished tasks give back: result objects, their media addresses, and the bytes there."""

import hashlib
import io
import math
import struct
import wave
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from tracker.emulator.core.tasks import Task
from tracker.emulator.providers.kling.operations import Output

__all__ = ["MEDIA_TYPES", "deduction_of", "media_bytes", "media_file", "result_of"]

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".wav": "audio/wav",
}
"""Media that can be served, by the ending of their name."""

_SAMPLES = Path(__file__).parents[2] / "core" / "media"
_THIRTY_DAYS = 30 * 24 * 3600
_SIDE = 320
"""Pixels; Kling's own lower limit for a picture is 300."""
_UNITS_PER_PICTURE = 8


def result_of(task: Task) -> dict[str, Any]:
    """`task_result` of a succeeded task."""
    result: dict[str, Any] = {}
    output = task.operation.output
    if output in {Output.VIDEOS, Output.VIDEOS_AND_AUDIOS}:
        result["videos"] = [_video(task)]
    if output in {Output.AUDIOS, Output.VIDEOS_AND_AUDIOS}:
        result["audios"] = [_audio(task)]
    if output is Output.IMAGES:
        result["series_images" if task.is_series else "images"] = _images(task)
    if output is Output.VOICES:
        result["voices"] = [_voice(task)]
    if output is Output.ELEMENTS:
        result["elements"] = [{"element_id": _id_of(task, 1), "owned_by": task.account}]
    return result


def deduction_of(task: Task) -> str:
    """`final_unit_deduction` of a succeeded task: units, as a text."""
    if task.operation.output is Output.IMAGES:
        return f"{_UNITS_PER_PICTURE * task.pictures}"
    if task.operation.output is Output.VIDEOS:
        per_five_seconds = 3.5 if task.mode == "pro" else 2
        return f"{per_five_seconds * task.duration / 5:g}"
    return "0.25"


def media_file(name: str) -> Path | None:
    """The committed sample behind a media name, if it has one."""
    path = _SAMPLES / f"sample{Path(name).suffix}"
    return path if Path(name).suffix in {".mp4", ".mp3"} else None


def media_bytes(task_id: str, name: str) -> bytes | None:
    """Drawn media: a picture whose colours tell tasks apart, or a tone."""
    if name.endswith(".png"):
        return _png(zlib.crc32(f"{task_id}/{name}".encode("utf-8", "replace")))
    if name.endswith(".wav"):
        return _wav()
    return None


def _video(task: Task) -> dict[str, Any]:
    video = {
        "id": _id_of(task, 1),
        "url": _url(task, "0.mp4"),
        # Not the requested value: 5 s came back as "5.041" (reference: Kling answers, 2026-03).
        "duration": f"{task.duration + 0.041:.3f}",
    }
    if task.session_id is not None:
        video["session_id"] = task.session_id
    return video


def _images(task: Task) -> list[dict[str, Any]]:
    return [{"index": i, "url": _url(task, f"{i}.png")} for i in range(task.pictures)]


def _audio(task: Task) -> dict[str, Any]:
    return {
        "id": _id_of(task, 2),
        "url_mp3": _url(task, "0.mp3"),
        "url_wav": _url(task, "0.wav"),
        "duration_mp3": f"{task.duration + 0.056:.3f}",
        "duration_wav": f"{task.duration:.3f}",
    }


def _voice(task: Task) -> dict[str, Any]:
    return {
        "voice_id": _id_of(task, 3),
        "voice_name": "voice",
        "trial_url": _url(task, "0.wav"),
        "owned_by": task.account,
    }


def _id_of(task: Task, salt: int) -> str:
    return str(int(task.other_id) + salt)


def _url(task: Task, name: str) -> str:
    """A media address as long as the real ones: signed, and good for 30 days."""
    expires = task.updated_at // 1000 + _THIRTY_DAYS
    seal = hashlib.sha256(f"{task.task_id}/{name}/{expires}".encode()).hexdigest()
    query = f"x-kcdn-pid=112757&Expires={expires}&ksign={seal}&kpolicy={seal[::-1]}"
    return f"{task.base_url}/media/{task.task_id}/{name}?{query}"


@lru_cache(maxsize=64)
def _png(number: int) -> bytes:
    """A picture with a diagonal shade of two colours taken from the number."""
    one, two = number & 0xFF, (number >> 8) & 0xFF
    rows = bytearray()
    for y in range(_SIDE):
        shade = y * 255 // _SIDE
        rows += b"\0" + bytes((one, shade, two)) * (_SIDE - y) + bytes((two, one, shade)) * y
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)  # 8-bit RGB
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@lru_cache(maxsize=1)
def _wav() -> bytes:
    """Half a second of 440 Hz, mono, 8 kHz, 16 bit."""
    rate = 8000
    tone = (math.sin(2 * math.pi * 440 * i / rate) for i in range(rate // 2))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        out.writeframes(b"".join(struct.pack("<h", round(9000 * level)) for level in tone))
    return buffer.getvalue()
