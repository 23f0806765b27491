"""Files of results that a page may show: by their first bytes and by the declared type, both."""

from collections.abc import Mapping

from tracker.domain.media_type import detect_media_type

MAX_BYTES = 512 * 1024 * 1024
"""Of a file that is passed on."""
_MP4 = {"video/mp4": "video/mp4", "video/x-m4v": "video/mp4", "audio/mp4": "audio/mp4"}
_M4A = {"audio/mp4": "audio/mp4", "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4"}
SHOWN: Mapping[str, Mapping[str, str]] = {
    "image/png": {"image/png": "image/png"},
    "image/jpeg": {"image/jpeg": "image/jpeg", "image/jpg": "image/jpeg"},
    "image/webp": {"image/webp": "image/webp"},
    "image/gif": {"image/gif": "image/gif"},
    "image/avif": {"image/avif": "image/avif"},
    "video/mp4": {**_M4A, **_MP4},
    "audio/mp4": {**_M4A, **_MP4},
    "video/webm": {"video/webm": "video/webm", "audio/webm": "audio/webm"},
    "audio/mpeg": {"audio/mpeg": "audio/mpeg", "audio/mp3": "audio/mpeg"},
    "audio/ogg": {"audio/ogg": "audio/ogg", "application/ogg": "audio/ogg"},
    "audio/wav": {
        "audio/wav": "audio/wav",
        "audio/x-wav": "audio/wav",
        "audio/wave": "audio/wav",
        "audio/vnd.wave": "audio/wav",
    },
}
"""By the type that the first bytes tell: declared types that agree, and the type that is served."""


def choose_shown_type(first: bytes, declared: str) -> str | None:
    """Return the type under which a file is shown; None where it must not be.

    first: its first 512 bytes. declared: the Content-Type that came with it.
    """
    agreeing = SHOWN.get(detect_media_type(first), {})
    return agreeing.get(declared.partition(";")[0].strip().lower())
