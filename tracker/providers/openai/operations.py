"""The creates: what they need, and whether a form can hold an input.

Sources: https://github.com/openai/openai-python (3.57.0, resources/videos.py),
https://learn.microsoft.com/en-us/azure/foundry/reference/rest (video edits and extensions) and
https://github.com/QuantumNous/new-api (relay/common/relay_info.go), read 2026-11. A gateway passes
the fields on to the model's own upstream: only what every model needs is checked here.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from tracker.providers.kit.forms import FormFile, read_file
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs

VIDEOS, REMIX, GENERATIONS = "videos", "videos/remix", "video/generations"
EDITS, EXTENSIONS = "videos/edits", "videos/extensions"
CHANGES = (EDITS, EXTENSIONS)
"""Creates whose `video` is a file, an address at some gateways, or an object that names a task."""
UNIFIED, UNIFIED_QUERY = "video/create", "video/query"
"""The create that many closed gateways have for every model, and its query by `?id=`.

As their clients' code and notes show them on 2026-11-30: answers are `{id, status,
status_update_time}`, with `pending` first, and at the end `video_url` and `enhanced_prompt`.
"""
SOURCE = "video"
_FILES = ("input_reference", SOURCE)
"""The fields of a form that may be files."""
_METADATA = "metadata"

Text = Annotated[str, Field(min_length=1)]


class _OpenAIVideo(OpenInputs):
    model: Text
    prompt: Text
    seconds: str | int | None = None
    size: str | None = None
    input_reference: str | dict[str, Any] | None = None
    metadata: str | dict[str, Any] | None = None


class _OpenAIRemix(OpenInputs):
    """`id` names the task of ours that is changed."""

    id: Text
    prompt: Text


class _SourceVideo(OpenInputs):
    """`id` names a task of ours; gateways take a `url`."""

    id: Text | None = None


class _OpenAIVideoEdit(OpenInputs):
    prompt: Text
    video: Text | _SourceVideo


class _OpenAIVideoExtension(_OpenAIVideoEdit):
    seconds: str | int | None = None


class _GatewayVideo(OpenInputs):
    model: Text
    prompt: Text
    image: str | None = None
    images: list[str] | None = None
    size: str | None = None
    metadata: str | dict[str, Any] | None = None


CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        VIDEOS: CreatePath("videos", _OpenAIVideo),
        REMIX: CreatePath("videos/{id}/remix", _OpenAIRemix),
        EDITS: CreatePath(EDITS, _OpenAIVideoEdit),
        EXTENSIONS: CreatePath(EXTENSIONS, _OpenAIVideoExtension),
        GENERATIONS: CreatePath(GENERATIONS, _GatewayVideo),
        UNIFIED: CreatePath(UNIFIED, _GatewayVideo),
    }
)


def find_parent(operation: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the field that names the task that a create changes, and its name; None for none."""
    if operation == REMIX:
        return "id", body["id"]
    source = body.get(SOURCE) if operation in CHANGES else None
    name = source.get("id") if isinstance(source, dict) else None
    return None if name is None else (f"{SOURCE}.id", name)


def put_parent(operation: str, body: Mapping[str, Any], theirs: str) -> dict[str, Any]:
    """Return a body that names the provider's task in the place of ours."""
    if operation == REMIX:
        return {**body, "id": theirs}
    return {**body, SOURCE: {**body[SOURCE], "id": theirs}}


def build_form(body: Mapping[str, Any]) -> list[tuple[str, str | FormFile]] | None:
    """Return the fields of a form with this content; None where only JSON can hold it.

    An object of `metadata` becomes its JSON: gateways read it from either.
    """
    fields: list[tuple[str, str | FormFile]] = []
    for name, value in body.items():
        written = _write_field(name, value)
        if written is None:
            return None
        fields.append((name, written))
    return fields


def _write_field(name: str, value: Any) -> str | FormFile | None:
    if name == _METADATA and isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if name in _FILES and (file := read_file(value)) is not None:
        return file
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def get_seconds(operation: str, input_: Mapping[str, Any]) -> Decimal | None:
    """Return the length of a video of Sora that asks for none; gateways' models have their own.

    https://developers.openai.com/api/reference/resources/videos, read 2026-11-30.
    """
    is_sora = str(input_.get("model") or "sora-2").startswith("sora")
    return Decimal(4) if operation == VIDEOS and is_sora else None
