"""Names of songs: ours, which lead to the task and its account, and the provider's."""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import Task
from tracker.providers.kit.piece_names import read_piece_name

SOURCE_FIELDS = (
    *("cover_clip_id", "upsample_clip_id", "edited_clip_id"),
    *("underpainting_clip_id", "overpainting_clip_id", "stem_from_id"),
)
"""Fields of Suno's own create, which gateways pass on, that name the song that is worked on.

As callers of gateways send them on 2026-11-30, e.g. to `/suno/submit/music` with `task: cover`.
"""
CLIP_FIELDS = ("continue_clip_id", "clip_id", "audioId", "audio_id", *SOURCE_FIELDS)
TASK_FIELDS = ("task_id", "taskId")


def parent_in(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (field, name) of the task of ours that an input continues; None for none.

    Raises InvalidRequest where the song is one of another task than the one that is named.
    """
    named = [(name, str(body[name])) for name in TASK_FIELDS if body.get(name)]
    songs = [
        (name, song[0])
        for name in CLIP_FIELDS
        if (song := read_piece_name(body.get(name))) is not None
    ]
    if named and songs and songs[0][1] != named[0][1]:
        raise InvalidRequest(
            FieldError(songs[0][0], f"is a song of another task than {named[0][0]}")
        )
    return next(iter([*named, *songs]), None)


def put_their_names(body: Mapping[str, Any], parent: Task | None) -> dict[str, Any]:
    """Return the body with the provider's ids in place of ours.

    A song that the parent does not have yet keeps our name, which the provider refuses.
    """
    sent = dict(body)
    if parent is None:
        return sent
    known = song_ids(parent)
    for name in TASK_FIELDS:
        if sent.get(name):
            sent[name] = parent.provider_task_id
    for name in CLIP_FIELDS:
        song = read_piece_name(sent.get(name))
        if song is not None and song[1] < len(known):
            sent[name] = known[song[1]]
    return sent


def song_ids(task: Task) -> Sequence[str]:
    """Return the provider's ids of a task's songs, as far as they are known, in their order."""
    told = [piece.id for piece in task.artifacts if piece.kind == "audio" and piece.id]
    named = (task.provider_task_id or "").split(",")
    return named if len(named) > 1 else told
