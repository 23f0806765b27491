"""Inputs of Domo's creates.

Source: https://docs.domoai.app (enterprise API: video endpoints), read 2026-11. Its page about
authentication writes `duration`; the pages of the endpoints say that the field is `seconds`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from tracker.providers.kit.table_inputs import OpenInputs

_BYTES, _URI, _UPLOADED = "bytes_base64_encoded", "domoai_uri", "domoai://"
_MOST_BASE64 = 10 * 1024 * 1024 * 4 // 3 + 4
"""Characters of 10 MB in base64."""
TEMPLATES = (
    *("kissing_screen", "looping_animation", "hug", "groove_dance", "kiss", "french_kiss"),
    *("360_view", "zoom_in", "zoom_out", "crane_up"),
)


def _check_media(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"must be an object with {_BYTES} or {_URI}")  # noqa: TRY004
    content, uri = value.get(_BYTES), value.get(_URI)
    if (content is None) == (uri is None):
        raise ValueError(f"must have either {_BYTES} or {_URI}")
    if uri is not None:
        if not isinstance(uri, str) or not uri.startswith(_UPLOADED):
            raise ValueError(f"{_URI} must begin with {_UPLOADED}")
        return value
    if not isinstance(content, str) or not content or content.startswith("data:"):
        raise ValueError(f"{_BYTES} must be base64 without a data: prefix")
    if len(content) > _MOST_BASE64:
        raise ValueError(f"{_BYTES} holds more than 10 MB")
    return value


def _check_template(value: str) -> str:
    if value not in TEMPLATES:
        raise ValueError(f"must be one of {', '.join(TEMPLATES)}")
    return value


Media = Annotated[Any, AfterValidator(_check_media)]
Ratio = Literal["16:9", "9:16", "1:1", "4:3", "3:4"]
Seconds = Annotated[int, Field(ge=1, le=10)]


class _DomoVideo(OpenInputs):
    prompt: str | None = Field(None, max_length=2000)
    aspect_ratio: Ratio | None = None


class DomoText(_DomoVideo):
    """`text2video`."""

    prompt: str = Field(min_length=1, max_length=2000)
    seconds: Seconds
    model: str | None = None
    style: (
        Literal[
            "japanese_anime",
            "realistic",
            "pixel",
            "cartoon_game",
            "flat_color_anime",
            "90s_style",
        ]
        | None
    ) = None


class DomoImage(_DomoVideo):
    """`image2video`."""

    model: str = Field(min_length=1)
    image: Media
    seconds: Seconds


class DomoTemplate(_DomoVideo):
    """`template2video`."""

    template: Annotated[str, AfterValidator(_check_template)]
    images: list[Media] = Field(min_length=1, max_length=1)
    seconds: Seconds


class DomoRestyled(_DomoVideo):
    """`video2video`."""

    model: str = Field(min_length=1)
    video: Media
    seconds: Seconds | None = None


class DomoAvatar(_DomoVideo):
    """`talking-avatar`, of a picture or of a video, as callers send it (seen 2026-11-30)."""

    image: Media | None = None
    video: Media | None = None
    audio: Media
    seconds: int = Field(ge=1, le=60)
    model: str | None = None


AVATAR = "video/talking-avatar"
INPUTS: Mapping[str, tuple[str, type[BaseModel]]] = MappingProxyType(
    {
        "video/text2video": ("TEXT_TO_VIDEO", DomoText),
        "video/image2video": ("IMAGE_TO_VIDEO", DomoImage),
        "video/template2video": ("TEMPLATE_TO_VIDEO", DomoTemplate),
        "video/video2video": ("VIDEO_TO_VIDEO", DomoRestyled),
        AVATAR: ("TALKING_AVATAR", DomoAvatar),
    }
)
"""By operation: Domo's word for its tasks, and the model."""
