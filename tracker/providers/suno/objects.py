"""Ids in Suno's inputs: of songs, of personas made from them, and of voices.

A voice is named where a persona is, with the `personaModel` `voice_persona`.
Sources: https://docs.sunoapi.org/suno-api and https://docs.kie.ai/suno-api, read 2026-11, of voices
https://docs.sunoapi.org/suno-api/suno-voice-generate, read 2026-11-30.
"""

from collections.abc import Iterable

from tracker.domain.task import Task
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.providers.suno.gateway import GatewayDialect
from tracker.providers.suno.naming import CLIP_FIELDS, TASK_FIELDS
from tracker.providers.suno.raw import RawDialect, SelfHostedDialect
from tracker.providers.suno.reseller import ResellerDialect

_CLIP, _PERSONA = "clip", "persona"
_MADE = ("personaId", "voiceId")
_MAKING = [
    operation
    for dialect in (GatewayDialect, RawDialect, ResellerDialect, SelfHostedDialect)
    for operation in dialect.creates
    if "lyrics" not in operation
]
"""Operations whose artifacts are songs, or files of songs."""


def _iterate_personas(task: Task) -> Iterable[str | None]:
    return [find_first_text(task.detail, (f"data.{name}",), limit=256) for name in _MADE]


OBJECTS = ObjectIds(
    fields={
        **dict.fromkeys(CLIP_FIELDS, NamedObject(_CLIP, may_be_public=True)),
        "personaId": NamedObject(_PERSONA),
        "persona_id": NamedObject(_PERSONA),
        "voiceId": NamedObject(_PERSONA),
    },
    made_by=dict.fromkeys(_MAKING, _CLIP),
    results={_PERSONA: _iterate_personas},
    continued=(_CLIP,),
    tasks=TASK_FIELDS,
)
