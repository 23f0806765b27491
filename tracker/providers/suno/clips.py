"""Songs ("clips") in every spelling: their pieces, and the verdict that they allow.

Sources: https://github.com/SunoAI-API/Suno-API, https://github.com/gcui-art/suno-api (AudioInfo)
and https://docs.sunoapi.org, read 2026-11.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import VERDICTS, Artifact, ArtifactState, TaskState
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_instant, find_first_number, find_first_text
from tracker.providers.kit.status_words import GATEWAY_WORDS, normalise_word
from tracker.providers.kit.tracks import (
    ENDS,
    SongReport,
    SongTrack,
    build_observation,
    find_verdict,
)

_IDS = ("id", "clip_id", "audioId", "audio_id")
_AUDIO = ("audio_url", "audioUrl")
_STREAM = ("stream_audio_url", "streamAudioUrl")
_SOURCE = ("source_audio_url", "sourceAudioUrl")
_IMAGE = ("image_large_url", "image_url", "imageUrl")
_VIDEO = ("video_url", "videoUrl")
_WORDS = ("metadata.prompt", "lyric", "prompt")
_LENGTH = ("duration", "metadata.duration")
_REASONS = ("metadata.error_message", "error_message", "errorMessage", "metadata.error_type")
_FACTS = {
    "title": ("title",),
    "tags": ("tags", "metadata.tags"),
    "model_name": ("model_name", "modelName", "major_model_version"),
    "created_at": ("created_at", "createTime", "create_time"),
}
_TEXTS = 20_000
"""Characters of lyrics that are kept."""
_NO_FILE = "none.mp3"
"""The end of an address that was made of nothing (github.com/gcui-art/suno-api/issues/135)."""


def find_id(value: Any) -> str | None:
    """Return the id of a song, which right after its create may have no status yet."""
    return find_first_text(value, _IDS, limit=200) if isinstance(value, dict) else None


def is_over(clip: SongTrack) -> bool:
    """Tell whether a song's own word is one of an end, whether or not it can be heard."""
    return GATEWAY_WORDS.get(normalise_word(clip.word)) in VERDICTS


def read_clip(value: Any) -> SongTrack | None:
    """Read a song that has a status of its own; None when it is none."""
    if not isinstance(value, dict):
        return None
    word = find_first_text(value, ("status", "state"), limit=100)
    id_ = find_first_text(value, _IDS, limit=200)
    if word is None or id_ is None:
        return None
    audio = _read_audio(value, _AUDIO)
    state: ArtifactState | None = None
    told = GATEWAY_WORDS.get(normalise_word(word))
    if told in (TaskState.FAILED, TaskState.CANCELLED):
        state = ArtifactState.FAILED
    elif audio is not None:
        is_done = told is TaskState.SUCCEEDED
        state = ArtifactState.READY if is_done else ArtifactState.PREVIEW
    return SongTrack(id_, word, state, audio, value, _read_reason(value), _read_code(value))


def record_of(value: Any) -> SongTrack | None:
    """Read a song of a record, which has no status: what it can be heard by tells how far it is."""
    if not isinstance(value, dict):
        return None
    id_ = find_first_text(value, _IDS, limit=200)
    ready = _read_audio(value, _AUDIO)
    heard = ready or _read_audio(value, _STREAM)
    if id_ is None:
        return None
    state = None if heard is None else ArtifactState.PREVIEW
    return SongTrack(id_, "", ArtifactState.READY if ready else state, heard, value)


def list_pieces(
    clips: Sequence[SongTrack], *, has_ended: bool, expires_at: datetime | None
) -> tuple[Artifact, ...]:
    """Return the pieces of songs: audio first, with everything that is known of the song.

    has_ended: whether also songs are named of which there is nothing, so that they are waited for.
    """
    found: list[Artifact] = []
    for place, clip in enumerate(clips):
        state = clip.state
        if state is None and not has_ended:
            continue
        found += _list_pieces(
            clip, clip.id or str(place), state or ArtifactState.PREVIEW, expires_at
        )
    return tuple(found)


def list_texts(clips: Sequence[SongTrack]) -> tuple[Artifact, ...]:
    """Return the lyrics alone, of songs that cannot be heard yet."""
    found = [_read_text(clip, clip.id or str(place)) for place, clip in enumerate(clips)]
    return tuple(piece for piece in found if piece is not None)


def observe(told: SongReport, **more: Any) -> Observation:
    """Return the statement about a task with songs.

    more: further fields of Observation; `expires_at` of the files; `texts`, the pieces of a task
    of which nothing can be heard yet.
    """
    verdict = find_verdict(told)
    expires_at, texts = more.pop("expires_at", None), more.pop("texts", ())
    pieces = list_pieces(told.tracks, has_ended=verdict[0] in ENDS, expires_at=expires_at)
    return build_observation(told, verdict, pieces or texts, **more)


def _list_pieces(
    clip: SongTrack, key: str, state: ArtifactState, expires_at: datetime | None
) -> list[Artifact]:
    fields = clip.fields
    extra: dict[str, Any] = {
        name: text for name, names in _FACTS.items() if (text := find_first_text(fields, names))
    }
    links = {"stream_audio_url": _STREAM, "source_audio_url": _SOURCE}
    extra |= {name: url for name, names in links.items() if (url := _read_url(fields, names))}
    if clip.reason:
        extra["error_message"] = clip.reason
    audio = None if state is ArtifactState.FAILED else clip.audio
    length = find_first_number(fields, _LENGTH)
    pieces = [
        Artifact(
            "audio", audio, clip.id, length, extra, key=key, state=state, expires_at=expires_at
        )
    ]
    if state is ArtifactState.FAILED or audio is None:
        return pieces
    for kind, names in (("image", _IMAGE), ("video", _VIDEO)):
        if url := _read_url(fields, names):
            pieces.append(Artifact(kind, url, clip.id, key=f"{key}/{kind}", expires_at=expires_at))
    words = _read_text(clip, key)
    return pieces if words is None else [*pieces, words]


def _read_text(clip: SongTrack, key: str) -> Artifact | None:
    words = find_first_text(clip.fields, _WORDS, limit=_TEXTS)
    return Artifact("text", build_text_url(words), clip.id, key=f"{key}/text") if words else None


def _read_reason(fields: dict[str, Any]) -> str | None:
    return find_first_text(fields, _REASONS)


def _read_code(fields: dict[str, Any]) -> str | None:
    return find_first_text(fields, ("metadata.error_type",), limit=100)


def _read_audio(fields: dict[str, Any], names: Sequence[str]) -> str | None:
    url = _read_url(fields, names)
    return None if url is None or url.lower().endswith(_NO_FILE) else url


def _read_url(fields: dict[str, Any], names: Sequence[str]) -> str | None:
    return next((url for name in names if (url := read_web_url(fields.get(name)))), None)


def find_creation_time(clips: Sequence[SongTrack]) -> datetime | None:
    """Return when the first song was made, as far as its time can be read."""
    times = [find_first_instant(one.fields, _FACTS["created_at"]) for one in clips]
    return next((time for time in times if time is not None), None)
