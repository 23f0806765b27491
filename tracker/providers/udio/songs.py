"""Udio's songs: done once `finished`, with a path; failed by one of three error fields.

Source: https://draw.openai-next.com, its page of Udio, read 2026-11.
"""

from collections.abc import Sequence
from typing import Any

from tracker.domain.task import Artifact, ArtifactState
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text
from tracker.providers.kit.repeated import remove_repeated
from tracker.providers.kit.tracks import SongTrack

_ERRORS = ("error_type", "error_code", "error_id")
_REASONS = ("error_detail", "error_type", "error_code", "error_id")
_FACTS = ("title", "artist", "prompt", "created_at", "generation_id")
_LYRICS = 20_000
"""Characters of lyrics that are kept."""


def find_songs(holder: Any) -> Sequence[Any] | None:
    """Return the list of songs of an answer, out of one envelope at most; None for none."""
    for _ in range(2):
        if isinstance(holder, list):
            return holder
        if not isinstance(holder, dict):
            return None
        holder = holder.get("songs", holder.get("data"))
    return holder if isinstance(holder, list) else None


def read_songs(listed: Sequence[Any]) -> Sequence[SongTrack]:
    """Return the songs of a list."""
    return remove_repeated(song for one in listed if (song := _read_song(one)) is not None)


def _read_song(value: Any) -> SongTrack | None:
    id_ = find_first_text(value, ("id",), limit=200)
    if id_ is None:
        return None
    path = read_web_url(value.get("song_path"))
    code = find_first_text(value, _ERRORS, limit=100)
    is_finished = value.get("finished") in (True, 1, "1", "true", "True")
    if is_finished and path is not None:
        return SongTrack(id_, "finished", ArtifactState.READY, path, value)
    if code is not None:
        reason = find_first_text(value, _REASONS)
        return SongTrack(id_, "error", ArtifactState.FAILED, None, value, reason, code)
    word = "finished" if is_finished else "unfinished"
    return SongTrack(id_, word, ArtifactState.PREVIEW if path else None, path, value)


def list_pieces(songs: Sequence[SongTrack], *, has_ended: bool) -> tuple[Artifact, ...]:
    """Return the pieces of songs. has_ended: whether also songs without a sound are named."""
    found: list[Artifact] = []
    for song in songs:
        if song.state is not None or has_ended:
            found += _list_pieces(song, song.state or ArtifactState.PREVIEW)
    return tuple(found)


def _list_pieces(song: SongTrack, state: ArtifactState) -> list[Artifact]:
    fields, key = song.fields, song.id or ""
    extra: dict[str, Any] = {
        name: text for name in _FACTS if (text := find_first_text(fields, (name,), limit=4000))
    }
    if song.reason:
        extra["error_detail"] = song.reason
    length = find_first_number(fields, ("duration",))
    pieces = [Artifact("audio", song.audio, song.id, length, extra, key=key, state=state)]
    if song.audio is None:
        return pieces
    for kind, name in (("video", "video_path"), ("image", "image_path")):
        if (url := read_web_url(fields.get(name))) is not None:
            pieces.append(Artifact(kind, url, song.id, key=f"{key}/{kind}"))
    lyrics = find_first_text(fields, ("lyrics",), limit=_LYRICS)
    if lyrics:
        pieces.append(Artifact("text", build_text_url(lyrics), song.id, key=f"{key}/text"))
    return pieces
