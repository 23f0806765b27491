"""Every task-shaped operation, by its path after `/v1/`; and how an input is checked against it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from tracker.domain.errors import InvalidRequest
from tracker.domain.validation import list_field_errors
from tracker.providers.kling import image_audio, video
from tracker.providers.kling.fields import OperationInput, list_wishes
from tracker.providers.kling.given import set_fields
from tracker.providers.ports.adapter import Request

OPERATIONS: Mapping[str, type[OperationInput]] = MappingProxyType(
    {
        "videos/multi-image2video": video.MultiImage2Video,
        "videos/text2video": video.Text2Video,
        "videos/image2video": video.Image2Video,
        "videos/multi-elements": video.MultiElements,
        "videos/video-extend": video.VideoExtend,
        "videos/lip-sync": video.LipSync,
        "videos/advanced-lip-sync": video.AdvancedLipSync,
        "videos/avatar/image2video": video.Avatar,
        "videos/effects": video.Effects,
        "videos/motion-control": video.MotionControl,
        "videos/omni-video": video.OmniVideo,
        "images/generations": image_audio.Generations,
        "images/multi-image2image": image_audio.MultiImage2Image,
        "images/omni-image": image_audio.OmniImage,
        "images/editing/expand": image_audio.Expand,
        "images/kolors-virtual-try-on": image_audio.TryOn,
        "audio/text-to-audio": image_audio.TextToAudio,
        "audio/video-to-audio": image_audio.VideoToAudio,
        "general/ai-multi-shot": image_audio.MultiShot,
        "general/custom-voices": image_audio.CustomVoice,
        "general/advanced-custom-elements": image_audio.CustomElement,
        "general/custom-elements": image_audio.CustomElement,
    }
)
_FILLED_IN = frozenset({"videos/multi-image2video"})
"""Operations whose defaults the contract fixes: they are sent, not left to a gateway's own."""
_KINDS_WANTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "audio/text-to-audio": ("audio",),
        "audio/video-to-audio": ("audio",),
        "general/custom-voices": ("voice",),
        "general/advanced-custom-elements": ("element",),
        "general/custom-elements": ("element",),
    }
)
"""Results that callbacks do not list; queries do (callbacks page, 2026-09)."""
_OURS = frozenset({"callback_url", "external_task_id"})
"""Placed anew for each attempt."""


def check(operation: str, input_: Mapping[str, Any]) -> Request:
    """Return the input of an operation, validated, without what is not set.

    Unknown fields pass through. Raises InvalidRequest naming every wrong field.
    """
    model = OPERATIONS[operation]
    input_ = set_fields(model, input_)
    try:
        read = model.model_validate(input_)
    except ValidationError as error:
        raise InvalidRequest(*list_field_errors(error)) from None
    body = {name: value for name, value in input_.items() if name not in _OURS}
    if operation in _FILLED_IN:
        body = _list_defaults(read) | body
    return Request(
        body=body,
        external_task_id=read.external_task_id or None,
        callback_url=read.callback_url or None,
        slots=read.count_slots(),
        wants=(*list_wishes(read.watermark_info), *_KINDS_WANTED.get(operation, ())),
    )


def _list_defaults(read: OperationInput) -> dict[str, Any]:
    return {
        name: field.default
        for name, field in type(read).model_fields.items()
        if not field.is_required() and field.default is not None
    }
