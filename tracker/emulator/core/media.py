"""Result media that play: their signed addresses, and the bytes behind them."""

import hashlib
import io
import math
import struct
import wave
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from tracker.emulator.core.tasks import EmulatedTask
from tracker.emulator.core.words import CoreWord

__all__ = [
    "MEDIA_TYPES",
    "SAMPLE",
    "UrlSeal",
    "build_media_url",
    "make_media",
    "seal_of",
]

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".svg": "image/svg+xml",
}
"""Media that can be served, by the ending of their name."""
SAMPLE = "sample"
"""Stands in a media address for a task's id, where there is no task."""

_FILES = Path(__file__).parent / "media"
_THIRTY_DAYS = 30 * 24 * 3600
_SIDE = 320
"""Pixels; large enough for the lower limits that providers set for a picture."""

UrlSeal = tuple[int, str]
"""When a media address expires (Unix seconds), and 64 hexadecimal digits that go with it."""


def seal_of(task: EmulatedTask[Any], name: str, life: int = _THIRTY_DAYS) -> UrlSeal:
    """Return what makes the address of a result unique: once a task, or anew at each call.

    life: seconds, where the scenario says nothing else.
    The scenario `resigned` signs anew, `media_expired` shortens the life of the address.
    """
    if task.scenario.has(CoreWord.MEDIA_EXPIRED):
        life = int(task.scenario.read_seconds(CoreWord.MEDIA_EXPIRED))
    if task.scenario.has(CoreWord.RESIGNED):
        task.signings += 1
    expires = task.updated_at // 1000 + life
    text = f"{task.task_id}/{name}/{expires}"
    if task.signings:
        text += f"/{task.signings}"
    return expires, hashlib.sha256(text.encode()).hexdigest()


def build_media_url(task: EmulatedTask[Any], name: str, life: int = _THIRTY_DAYS) -> str:
    """Return the signed address of one of a task's results, such as `0.mp4`.

    life: seconds for which it answers.
    """
    expires, seal = seal_of(task, name, life)
    return f"{task.base_url}/media/{task.task_id}/{name}?Expires={expires}&Signature={seal}"


def make_media(task_id: str, name: str) -> bytes | None:
    """Return a medium that plays: a sample, a picture whose colours tell tasks apart, or a tone.

    None for an ending that is not in MEDIA_TYPES.
    """
    match Path(name).suffix:
        case ".mp4" | ".mp3" as suffix:
            return _load_sample(suffix)
        case ".png":
            return _draw_png(zlib.crc32(f"{task_id}/{name}".encode("utf-8", "replace")))
        case ".wav":
            return _make_wav()
        case ".svg":
            return _draw_svg(zlib.crc32(f"{task_id}/{name}".encode("utf-8", "replace")))
        case _:
            return None


@lru_cache(maxsize=4)
def _load_sample(suffix: str) -> bytes:
    return (_FILES / f"sample{suffix}").read_bytes()


def _draw_svg(number: int) -> bytes:
    """Draw a square whose colour tells the number."""
    colour = f"#{number & 0xFFFFFF:06x}"
    square = f'<rect width="{_SIDE}" height="{_SIDE}" fill="{colour}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIDE}" height="{_SIDE}">'
    return f"{head}{square}</svg>".encode()


@lru_cache(maxsize=64)
def _draw_png(number: int) -> bytes:
    """Draw a diagonal shade of two colours taken from the number."""
    one, two = number & 0xFF, (number >> 8) & 0xFF
    rows = bytearray()
    for y in range(_SIDE):
        shade = y * 255 // _SIDE
        rows += b"\0" + bytes((one, shade, two)) * (_SIDE - y) + bytes((two, one, shade)) * y
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)  # 8-bit RGB
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_build_chunk(kind, body) for kind, body in chunks)


def _build_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@lru_cache(maxsize=1)
def _make_wav() -> bytes:
    """Make half a second of 440 Hz, mono, 8 kHz, 16 bit."""
    rate = 8000
    tone = (math.sin(2 * math.pi * 440 * i / rate) for i in range(rate // 2))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        out.writeframes(b"".join(struct.pack("<h", round(9000 * level)) for level in tone))
    return buffer.getvalue()
