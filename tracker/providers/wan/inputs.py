"""Inputs of DashScope's asynchronous video and image creates.

Source: https://help.aliyun.com/zh/model-studio (Wan: text, image, keyframes and references to
video; text and image to image), read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds

_MOST_PROMPT, _MOST_PROMPT_WAN3 = 800, 20_000
_EARLIER = re.compile(r"wanx?2\.[0-6]")
"""Models with the shorter prompts; those of other makers here have limits of their own."""

_Text = Annotated[str, Field(min_length=1)]


class _Medium(OpenInputs):
    type: _Text
    url: _Text


class _WanInput(OpenInputs):
    prompt: str | None = Field(None, max_length=_MOST_PROMPT_WAN3)
    negative_prompt: str | None = Field(None, max_length=500)
    img_url: _Text | None = None
    audio_url: _Text | None = None
    media: list[_Medium] | None = Field(None, min_length=1)
    reference_video_urls: list[_Text] | None = Field(None, min_length=1, max_length=3)
    template: str | None = None


class _WanParameters(OpenInputs):
    size: str | None = Field(None, pattern=r"^\d{2,5}\*\d{2,5}$")
    resolution: str | None = None
    duration: int | None = Field(None, ge=1, le=60)
    ratio: str | None = None
    prompt_extend: bool | None = None
    audio: bool | None = None
    shot_type: Literal["single", "multi"] | None = None
    watermark: bool | None = None
    seed: int | None = Field(None, ge=0, le=2147483647)
    n: int | None = Field(None, ge=1, le=4)


class _WanTask(OpenInputs):
    model: _Text
    input: _WanInput
    parameters: _WanParameters | None = None


class _WanMessages(OpenInputs):
    messages: Annotated[list[OpenInputs], Field(min_length=1)]


class _WanPictures(OpenInputs):
    size: str | None = None
    n: int | None = Field(None, ge=1, le=15)
    seed: int | None = Field(None, ge=0, le=2147483647)


class _WanChat(OpenInputs):
    """Pictures of models that are asked as a chat: `wan2.6-t2i`, `wan2.6-image`, `qwen-image-3.0`.

    https://help.aliyun.com/zh/model-studio/text-to-image-v2-api-reference, read 2026-11-30.
    """

    model: _Text
    input: _WanMessages
    parameters: _WanPictures | None = None


PREFIX = "services/aigc/"
CHAT = "image-generation/generation"
_CREATES: Mapping[str, type[BaseModel]] = {
    "video-generation/video-synthesis": _WanTask,
    "image2video/video-synthesis": _WanTask,
    "text2image/image-synthesis": _WanTask,
    "image2image/image-synthesis": _WanTask,
    CHAT: _WanChat,
}
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {name: CreatePath(f"{PREFIX}{name}", model) for name, model in _CREATES.items()}
)


OBJECTS = ObjectIds(
    # A temporary file, whose upload takes the account's key.
    texts=(NamingText(re.compile("(oss://.+)"), NamedObject("temporary_file"), "oss://a/b.png"),),
)


def list_flaws(body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of an input that its shape allows and the model refuses."""
    prompt, model = body["input"].get("prompt") or "", str(body["model"])
    if _EARLIER.match(model) and len(prompt) > _MOST_PROMPT:
        return [FieldError("input.prompt", f"at most {_MOST_PROMPT} characters")]
    return []


def is_oss_used(value: Any) -> bool:
    """Tell whether an input names a temporary file of DashScope's, `oss://…`."""
    if isinstance(value, str):
        return value.startswith("oss://")
    inner = list(value.values()) if isinstance(value, dict) else value
    return isinstance(inner, list) and any(is_oss_used(one) for one in inner)
