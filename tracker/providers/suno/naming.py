"""Names of songs: ours, which lead to the task and its account, and the provider's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import Task
from tracker.providers.kit.piece_names import read_piece_name

SOURCE_FIELDS = (
    *("cover_clip_id", "upsample_clip_id", "edited_clip_id"),
    *("underpainting_clip_id", "overpainting_clip_id", "stem_from_id"),
    *("mashup_clip_ids", "playlist_clip_ids"),
)
"""Fields of Suno's own create, which gateways pass on, that name the songs that are worked on.

As callers of gateways send them on 2026-11-30, e.g. to `/suno/submit/music` with `task: cover`. The
last two are lists: https://suno.com's own page sends them to `/api/generate/v2-web/`.
"""
CLIP_FIELDS = (
    *("continue_clip_id", "clip_id", "clip_ids", "audioId", "audio_id", "artist_clip_id"),
    *SOURCE_FIELDS,
)
"""The artist's clip is the song that a persona was made from."""
TASK_FIELDS = ("task_id", "taskId")


def find_parent(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (field, name) of the task of ours that an input continues; None for none.

    Raises InvalidRequest for songs of two tasks: only the names of one's songs are known.
    """
    named = [(name, str(body[name])) for name in TASK_FIELDS if body.get(name)]
    found = [*named, *_iterate_own_songs(body, "")]
    other = next((field for field, task in found if task != found[0][1]), None)
    if other is not None:
        raise InvalidRequest(FieldError(other, f"is a song of another task than {found[0][0]}"))
    return next(iter(found), None)


def _iterate_own_songs(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (field, task) of each song that is named by our name, at any depth."""
    for name, one in value.items() if isinstance(value, dict) else ():
        field = f"{path}.{name}" if path else name
        if name in CLIP_FIELDS:
            songs = map(read_piece_name, one if isinstance(one, list) else [one])
            yield from ((field, song[0]) for song in songs if song is not None)
        else:
            yield from _iterate_own_songs(one, field)


def put_their_names(body: Mapping[str, Any], parent: Task | None) -> dict[str, Any]:
    """Return the body with the provider's ids in place of ours.

    A song that the parent does not have yet keeps our name, which the provider refuses.
    """
    sent = dict(body)
    if parent is None:
        return sent
    known = list_song_ids(parent)
    for name, value in body.items():
        if name in TASK_FIELDS and value:
            sent[name] = parent.provider_task_id
        elif name in CLIP_FIELDS and isinstance(value, list):
            sent[name] = [_find_upstream_name(one, known) for one in value]
        elif name in CLIP_FIELDS:
            sent[name] = _find_upstream_name(value, known)
        elif isinstance(value, dict):
            sent[name] = put_their_names(value, parent)
    return sent


def _find_upstream_name(name: Any, known: Sequence[str]) -> Any:
    song = read_piece_name(name)
    return known[song[1]] if song is not None and song[1] < len(known) else name


def list_song_ids(task: Task) -> Sequence[str]:
    """Return the provider's ids of a task's songs, as far as they are known, in their order."""
    told = [piece.id for piece in task.artifacts if piece.kind == "audio" and piece.id]
    named = (task.provider_task_id or "").split(",")
    return named if len(named) > 1 else told
