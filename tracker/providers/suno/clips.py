"""Songs ("clips") in every spelling: their pieces, and the verdict that they allow.

Sources: https://github.com/SunoAI-API/Suno-API, https://github.com/gcui-art/suno-api (AudioInfo)
and https://docs.sunoapi.org, read 2026-11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, ArtifactState, TaskError, TaskState
from tracker.providers.kit.pieces import text_url, web_url
from tracker.providers.kit.reading import first_instant, first_number, first_text

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


@dataclass(frozen=True, slots=True)
class Clip:
    """One song.

    word:  its own status word; empty where the protocol gives songs none.
    state: None while there is nothing of it.
    audio: where it can be heard; it changes at the end of streaming.
    """

    id: str | None
    word: str
    state: ArtifactState | None
    audio: str | None
    fields: dict[str, Any]

    @property
    def reason(self) -> str | None:
        """Return why it failed, in the provider's words."""
        return first_text(self.fields, _REASONS)


def clip_of(value: Any) -> Clip | None:
    """Read a song that has a status of its own; None when it is none."""
    if not isinstance(value, dict):
        return None
    word = first_text(value, ("status", "state"), limit=100)
    id_ = first_text(value, _IDS, limit=200)
    if word is None or id_ is None:
        return None
    audio = _audio(value, _AUDIO)
    state: ArtifactState | None = None
    match word.lower():
        case "error" | "failed":
            state = ArtifactState.FAILED
        case "complete" | "succeeded" | "success":
            state = ArtifactState.READY if audio else None
        case _:
            state = ArtifactState.PREVIEW if audio else None
    return Clip(id_, word, state, audio, value)


def record_of(value: Any) -> Clip | None:
    """Read a song of a record, which has no status: what it can be heard by tells how far it is."""
    if not isinstance(value, dict):
        return None
    id_ = first_text(value, _IDS, limit=200)
    ready = _audio(value, _AUDIO)
    heard = ready or _audio(value, _STREAM)
    if id_ is None:
        return None
    state = None if heard is None else ArtifactState.PREVIEW
    return Clip(id_, "", ArtifactState.READY if ready else state, heard, value)


def pieces_of(
    clips: Sequence[Clip], *, has_ended: bool, expires_at: datetime | None = None
) -> tuple[Artifact, ...]:
    """Return the pieces of songs: audio first, with everything that is known of the song.

    has_ended: whether also songs are named of which there is nothing, so that they are waited for.
    """
    found: list[Artifact] = []
    for place, clip in enumerate(clips):
        state = clip.state
        if state is None and not has_ended:
            continue
        found += _pieces(clip, clip.id or str(place), state or ArtifactState.PREVIEW, expires_at)
    return tuple(found)


def texts_of(clips: Sequence[Clip]) -> tuple[Artifact, ...]:
    """Return the lyrics alone, of songs that cannot be heard yet."""
    found = [_text(clip, clip.id or str(place)) for place, clip in enumerate(clips)]
    return tuple(piece for piece in found if piece is not None)


@dataclass(frozen=True, slots=True)
class Told:
    """A task and its songs, as one answer tells of them.

    state:    of the task; None where only the songs tell.
    word:     of the task; empty where only the songs tell.
    doubtful: whether a failure is of a kind that is taken back.
    wanted:   how many songs there must be at least, for their end to be the task's.
    """

    clips: Sequence[Clip]
    state: TaskState | None = None
    word: str = ""
    reason: str | None = None
    doubtful: bool = False
    wanted: int = 2


def verdict_of(told: Told) -> tuple[TaskState, str | None]:
    """Return how a task with songs stands, and a note where its parts differ.

    A song that can be fetched is a result, whatever the task's own word says: gateways fail tasks
    whose song exists (https://github.com/SunoAI-API/Suno-API, 600 s, and one of two songs).
    """
    ready = [one for one in told.clips if one.state is ArtifactState.READY]
    failed = [one for one in told.clips if one.state is ArtifactState.FAILED]
    are_over = len(ready) + len(failed) == len(told.clips) and bool(told.clips)
    are_all = are_over and len(told.clips) >= told.wanted
    ends = told.state in (TaskState.SUCCEEDED, TaskState.FAILED)
    if ready and (are_all or ends):
        return TaskState.SUCCEEDED, _note(told, len(ready), failed)
    if are_over and not ready and (ends or (told.state is None and are_all)):
        return TaskState.FAILED, _first_reason(failed) or told.reason
    if told.state is not None:
        return told.state, told.reason
    has_begun = any(one.state is ArtifactState.PREVIEW for one in told.clips)
    is_queued = all(one.word.lower() in ("submitted", "queued") for one in told.clips)
    state = TaskState.SUBMITTED if is_queued and not (has_begun or ready) else TaskState.RUNNING
    return state, None


def observe(told: Told, *, word: str | None = None, **more: Any) -> Observation:
    """Return the statement about a task with songs. more: further fields of Observation."""
    state, note = verdict_of(told)
    has_ended = state in (TaskState.SUCCEEDED, TaskState.FAILED)
    failed = [one for one in told.clips if one.state is ArtifactState.FAILED]
    error = None
    if state is TaskState.FAILED:
        heard = any(one.audio for one in told.clips if one.state is ArtifactState.PREVIEW)
        code = first_text(failed[0].fields, ("metadata.error_type",)) if failed else None
        reason = note or "the provider gave no reason"
        error = TaskError("provider", code, reason, doubtful=told.doubtful or heard)
    pieces = pieces_of(told.clips, has_ended=has_ended, expires_at=more.pop("expires_at", None))
    return Observation(
        state=state,
        word=word or told.word or "+".join(one.word for one in told.clips)[:200],
        message=note,
        artifacts=pieces or more.get("texts", ()),
        error=error,
        **{name: value for name, value in more.items() if name != "texts"},
    )


def _note(told: Told, ready: int, failed: Sequence[Clip]) -> str | None:
    if told.state is TaskState.FAILED:
        return f"{ready} of {len(told.clips)} songs exist, although the task failed: {told.reason}"
    if failed:
        why = _first_reason(failed) or "no reason given"
        return f"{len(failed)} of {len(told.clips)} songs failed: {why}"
    return told.reason


def _first_reason(failed: Sequence[Clip]) -> str | None:
    return next((reason for one in failed if (reason := one.reason)), None)


def _pieces(
    clip: Clip, key: str, state: ArtifactState, expires_at: datetime | None
) -> list[Artifact]:
    fields = clip.fields
    extra: dict[str, Any] = {
        name: text for name, names in _FACTS.items() if (text := first_text(fields, names))
    }
    links = {"stream_audio_url": _STREAM, "source_audio_url": _SOURCE}
    extra |= {name: url for name, names in links.items() if (url := _url(fields, names))}
    if clip.reason:
        extra["error_message"] = clip.reason
    audio = None if state is ArtifactState.FAILED else clip.audio
    length = first_number(fields, _LENGTH)
    pieces = [
        Artifact(
            "audio", audio, clip.id, length, extra, key=key, state=state, expires_at=expires_at
        )
    ]
    if state is ArtifactState.FAILED or audio is None:
        return pieces
    for kind, names in (("image", _IMAGE), ("video", _VIDEO)):
        if url := _url(fields, names):
            pieces.append(Artifact(kind, url, clip.id, key=f"{key}/{kind}", expires_at=expires_at))
    words = _text(clip, key)
    return pieces if words is None else [*pieces, words]


def _text(clip: Clip, key: str) -> Artifact | None:
    words = first_text(clip.fields, _WORDS, limit=_TEXTS)
    return Artifact("text", text_url(words), clip.id, key=f"{key}/text") if words else None


def _audio(fields: dict[str, Any], names: Sequence[str]) -> str | None:
    url = _url(fields, names)
    return None if url is None or url.lower().endswith(_NO_FILE) else url


def _url(fields: dict[str, Any], names: Sequence[str]) -> str | None:
    return next((url for name in names if (url := web_url(fields.get(name)))), None)


def made_at(clips: Sequence[Clip]) -> datetime | None:
    """Return when the first song was made, as far as its time can be read."""
    times = [first_instant(one.fields, _FACTS["created_at"]) for one in clips]
    return next((time for time in times if time is not None), None)
