"""Ids in Kling's inputs: of voices, elements and sessions, and of videos and sounds made before.

Source: Kling's capability pages (lip-sync, video-extend, video-to-audio, avatar, library), 2026-09,
and https://piapi.ai/docs/kling-api (`origin_task_id`), read 2026-11.
"""

from collections.abc import Iterable

from tracker.domain.task import Task
from tracker.providers.kit.result_ids import build_id_lister
from tracker.providers.ports.objects import NamedObject, ObjectIds

SESSION, VOICE, ELEMENT, VIDEO, AUDIO = "session", "voice", "element", "video", "audio"
_KINDS = ("video", "file")


def _iterate_videos(task: Task) -> Iterable[str | None]:
    """Return the ids of videos; PiAPI gives them none, and takes the id of their task."""
    named = [piece.id for piece in task.artifacts if piece.kind in _KINDS]
    return [id_ or task.provider_task_id for id_ in named]


OBJECTS = ObjectIds(
    fields={
        # In `voice_list`, `element_list` and `contents`, and beside the prompt.
        "session_id": NamedObject(SESSION, is_strict=True),
        "voice_id": NamedObject(VOICE, may_be_public=True),
        "element_id": NamedObject(ELEMENT, may_be_public=True),
        "video_id": NamedObject(VIDEO),
        "origin_task_id": NamedObject(VIDEO),
        "audio_id": NamedObject(AUDIO),
    },
    made_by={
        "general/custom-voices": VOICE,
        "general/custom-elements": ELEMENT,
        "general/advanced-custom-elements": ELEMENT,
    },
    results={VIDEO: _iterate_videos, AUDIO: build_id_lister("audio")},
    continued=(VIDEO, AUDIO),
    # A face is named by its number within a session.
    others=("external_task_id", "face_id"),
)
