"""Inputs of MiniMax's creates, v1 (Hailuo) and v2 (MiniMax-H3).

Source: https://platform.minimax.io/docs (video generation), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.result_ids import build_id_lister
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds

VIDEO = "v1/video_generation"
VIDEO_2, AGAIN_2, CONTEXT_2 = (
    f"v2/{name}" for name in ("video_generation", "video_regeneration", "h3_context_ir")
)
_FROM_A_FRAME = ("I2V-01", "MiniMax-Hailuo-2.3-Fast")
"""Beginnings of models that take a first frame and no text alone."""

_Name = Annotated[str, Field(min_length=1)]


class _Subject(OpenInputs):
    type: _Name
    image: list[_Name] = Field(min_length=1)


class _Hailuo(OpenInputs):
    model: _Name
    prompt: str | None = Field(None, max_length=2000)
    first_frame_image: _Name | None = None
    last_frame_image: _Name | None = None
    subject_reference: list[_Subject] | None = Field(None, min_length=1)
    duration: Literal[6, 10] | None = None
    resolution: Literal["512P", "720P", "768P", "1080P"] | None = None
    prompt_optimizer: bool | None = None
    fast_pretreatment: bool | None = None
    aigc_watermark: bool | None = None


class _Content(OpenInputs):
    type: Literal["text", "image_url", "video_url", "audio_url"]
    role: (
        Literal[
            "first_frame",
            "last_frame",
            "reference_image",
            "reference_video",
            "reference_audio",
            "base_video",
        ]
        | None
    ) = None


class _Generation2(OpenInputs):
    model: _Name
    content: list[_Content] = Field(min_length=1)
    duration: int = Field(ge=4, le=15)
    resolution: Literal["768P", "2K"]
    ratio: str | None = None
    seed: int | None = Field(None, ge=-1, le=2**32 - 1)
    aigc_watermark: bool | None = None


class _Regeneration2(OpenInputs):
    """`source_task_id` names the task of ours that is made once more."""

    source_task_id: _Name


class _Context2(OpenInputs):
    content: list[_Content] = Field(min_length=1)


CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        VIDEO: CreatePath(VIDEO, _Hailuo),
        VIDEO_2: CreatePath(VIDEO_2, _Generation2),
        AGAIN_2: CreatePath(AGAIN_2, _Regeneration2),
        CONTEXT_2: CreatePath(CONTEXT_2, _Context2),
    }
)


_FILE = "file"
OBJECTS = ObjectIds(
    # A file of MiniMax's: an upload, or the video of a task. No upload goes through this service.
    texts=(NamingText(re.compile("mm_file://(.+)"), NamedObject(_FILE), "mm_file://2057"),),
    results={_FILE: build_id_lister("video")},
    continued=(_FILE,),
    tasks=("source_task_id",),
)


def list_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of an input that its model allows and MiniMax refuses."""
    if operation != VIDEO:
        texts = [one for one in body.get("content") or () if one["type"] == "text"]
        return [FieldError("content", "has at most one text")] if len(texts) > 1 else []
    flaws, model = [], str(body["model"])
    if body.get("resolution") == "1080P" and body.get("duration") == 10:
        flaws.append(FieldError("duration", "must be 6 with 1080P"))
    if model.startswith(_FROM_A_FRAME) and not body.get("first_frame_image"):
        flaws.append(FieldError("first_frame_image", "is required by this model"))
    if model.startswith("S2V-01") and not body.get("subject_reference"):
        flaws.append(FieldError("subject_reference", "is required by this model"))
    sources = ("prompt", "first_frame_image", "subject_reference")
    if not flaws and not any(body.get(name) for name in sources):
        flaws.append(FieldError("prompt", "is required where there is no first_frame_image"))
    return flaws
