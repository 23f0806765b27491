"""Ids in OpenAI's inputs: of files, of items of responses, and of what tools of responses read.

Source: https://github.com/openai/openai-python (3.57.0, types/responses), read 2026-11.
"""

from tracker.providers.openai.passing import CHARACTER, FILE
from tracker.providers.openai.responses import BEFORE, RESPONSES, find_containers
from tracker.providers.ports.objects import NamedObject, ObjectIds

_ITEM = "item"
_CONTAINER = NamedObject("container")

OBJECTS = ObjectIds(
    fields={
        # A file may have been uploaded to the account past this service.
        **dict.fromkeys(("file_id", "file_ids"), NamedObject(FILE, may_be_public=True)),
        # Items of a response's input: a picture that an earlier one made, and calls of tools.
        "id": NamedObject(_ITEM, may_be_public=True),
        # Objects with an `id`, in a create of a video.
        "characters": NamedObject(CHARACTER),
        # What these hold is shown to whoever names them. Tools of responses make containers; the
        # others are not made here.
        "container": _CONTAINER,
        "container_id": _CONTAINER,
        "conversation": NamedObject("conversation", is_strict=True),
        "vector_store_ids": NamedObject("vector_store"),
        "skill_id": NamedObject("skill"),
    },
    made_by={RESPONSES: _ITEM},
    results={_CONTAINER.kind: find_containers},
    continued=(_ITEM,),
    tasks=(BEFORE,),
)
