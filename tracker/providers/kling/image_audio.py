"""Image, audio and library operations: fields and limits. Source: Kling's legacy pages, 2026-09."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from tracker.domain.validation import FieldFlaw
from tracker.providers.kling.fields import (
    Count,
    Double,
    Filled,
    HttpUrl,
    Image,
    ImageRatio,
    NestedObject,
    OperationInput,
    Prompt,
    ShortPrompt,
    Unit,
    VoiceName,
)


class Pictures(OperationInput):
    """Operations that make `n` images and take as many slots."""

    n: Count | None = None

    def count_slots(self) -> int:
        """Return one for each image (concurrency page)."""
        return self.n or 1


class Generations(Pictures):
    """`images/generations`."""

    model_name: Filled | None = None
    prompt: Prompt = Field(min_length=1)
    negative_prompt: Prompt | None = None
    image: Image | None = None
    image_reference: Literal["subject", "face"] | None = None
    image_fidelity: Unit | None = None
    human_fidelity: Unit | None = None
    resolution: Literal["1k", "2k", "4k"] | None = None
    aspect_ratio: ImageRatio | None = None


class Subject(NestedObject):
    """One of `subject_image_list`."""

    subject_image: Image


class MultiImage2Image(Pictures):
    """`images/multi-image2image`."""

    model_name: Filled | None = None
    subject_image_list: list[Subject] = Field(min_length=1, max_length=4)
    scene_image: Image | None = None
    style_image: Image | None = None
    prompt: Prompt | None = None
    aspect_ratio: ImageRatio | None = None


class OmniImageItem(NestedObject):
    """One of `image_list`."""

    image: Image


class OmniImage(Pictures):
    """`images/omni-image`."""

    model_name: Filled | None = None
    prompt: Prompt = Field(min_length=1)
    image_list: list[OmniImageItem] | None = None
    element_list: list[dict[str, Any]] | None = None
    resolution: Literal["1k", "2k", "4k"] | None = None
    aspect_ratio: ImageRatio | Literal["auto"] | None = None
    result_type: Literal["single", "series"] | None = None
    series_amount: Count | Literal["auto"] | None = None

    def count_slots(self) -> int:
        """Return as many as a series makes; how many `auto` will make is not known yet."""
        if self.result_type == "series" and isinstance(self.series_amount, int):
            return self.series_amount
        return self.n or 1


class Expand(Pictures):
    """`images/editing/expand`."""

    image: Image
    up_expansion_ratio: Double
    down_expansion_ratio: Double
    left_expansion_ratio: Double
    right_expansion_ratio: Double
    prompt: Prompt | None = None


class TryOn(OperationInput):
    """`images/kolors-virtual-try-on`."""

    model_name: Filled | None = None
    human_image: Image
    cloth_image: Image


class TextToAudio(OperationInput):
    """`audio/text-to-audio`."""

    prompt: ShortPrompt = Field(min_length=1)
    duration: float = Field(ge=3.0, le=10.0)


class VideoToAudio(OperationInput):
    """`audio/video-to-audio`."""

    video_id: str | None = None
    video_url: HttpUrl | None = None
    sound_effect_prompt: ShortPrompt | None = None
    bgm_prompt: ShortPrompt | None = None
    asmr_mode: bool | None = None

    @model_validator(mode="after")
    def _has_video(self) -> Self:
        if not self.video_id and not self.video_url:
            raise FieldFlaw("video_id", "video_id or video_url is required")
        return self


class MultiShot(OperationInput):
    """`general/ai-multi-shot`."""

    element_frontal_image: Image


class CustomVoice(OperationInput):
    """`general/custom-voices`."""

    voice_name: VoiceName
    voice_url: HttpUrl | None = None
    video_id: str | None = None

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        if not self.voice_url and not self.video_id:
            raise FieldFlaw("voice_url", "voice_url or video_id is required")
        return self


class CustomElement(OperationInput):
    """`general/advanced-custom-elements` and the older `general/custom-elements`."""

    lists_every_field = False
    element_name: Filled
    element_description: str | None = None
