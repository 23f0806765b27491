"""Video operations: fields and limits. Source: Kling's legacy video pages, 2026-02 and -09."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from tracker.domain.validation import FieldFlaw
from tracker.providers.kling.fields import (
    AspectRatio,
    Double,
    Filled,
    HttpUrl,
    Image,
    Mode,
    NestedObject,
    OperationInput,
    Prompt,
    Seconds,
    ShotPrompt,
    Sound,
    Switch,
    Text120,
    Unit,
    YesNo,
)


class ImageItem(NestedObject):
    """One of `image_list`."""

    image: Image


class MultiImage2Video(OperationInput):
    """`videos/multi-image2video`: one video from several images."""

    image_list: list[ImageItem] = Field(min_length=1, max_length=4)
    model_name: Literal["kling-v1-6"] = "kling-v1-6"
    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    mode: Literal["std", "pro"] = "std"
    duration: Literal["5", "10"] = "5"
    aspect_ratio: AspectRatio = "16:9"


class CameraConfig(NestedObject):
    """One of these is not zero; each −10..10."""

    horizontal: float | None = Field(None, ge=-10, le=10)
    vertical: float | None = Field(None, ge=-10, le=10)
    pan: float | None = Field(None, ge=-10, le=10)
    tilt: float | None = Field(None, ge=-10, le=10)
    roll: float | None = Field(None, ge=-10, le=10)
    zoom: float | None = Field(None, ge=-10, le=10)


class CameraControl(NestedObject):
    """How the camera moves."""

    type: Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]
    config: CameraConfig | None = None


class Shot(NestedObject):
    """One of `multi_prompt`."""

    index: int | None = None
    prompt: ShotPrompt
    duration: str | None = None


class VideoGeneration(OperationInput):
    """The fields that text2video and image2video share."""

    model_name: Filled | None = None
    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    sound: Switch | None = None
    cfg_scale: Unit | None = None
    mode: Mode | None = None
    camera_control: CameraControl | None = None
    duration: Seconds | None = None
    multi_shot: bool | None = None
    shot_type: Literal["customize", "intelligence"] | None = None
    multi_prompt: list[Shot] | None = Field(None, min_length=1, max_length=6)
    voice_list: list[dict[str, Any]] | None = Field(None, max_length=2)


class Text2Video(VideoGeneration):
    """`videos/text2video`."""

    aspect_ratio: AspectRatio | None = None

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not self.prompt and not self.multi_prompt:
            raise FieldFlaw("prompt", "prompt is required (or multi_prompt)")
        return self


class Point(NestedObject):
    """A place in the image, in pixels from the lower left."""

    x: float
    y: float


class DynamicMask(NestedObject):
    """One moving area."""

    mask: Image
    trajectories: list[Point] = Field(min_length=2, max_length=77)


class Image2Video(VideoGeneration):
    """`videos/image2video`."""

    image: Image | None = None
    image_tail: Image | None = None
    static_mask: Image | None = None
    dynamic_masks: list[DynamicMask] | None = Field(None, max_length=6)
    element_list: list[dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        if self.image is None and self.image_tail is None:
            raise FieldFlaw("image", "image or image_tail is required")
        masks = self.static_mask is not None or bool(self.dynamic_masks)
        used = [self.image_tail is not None, masks, self.camera_control is not None]
        if sum(used) > 1:
            field = "image_tail" if self.image_tail is not None else "camera_control"
            raise FieldFlaw(field, "image_tail, masks and camera_control exclude each other")
        return self


class MultiElements(OperationInput):
    """`videos/multi-elements`."""

    session_id: Filled
    edit_mode: Literal["addition", "swap", "removal"]
    prompt: Prompt = Field(min_length=1)
    negative_prompt: Prompt | None = None
    image_list: list[ImageItem] | None = Field(None, max_length=2)
    mode: Mode | None = None
    duration: Literal["5", "10"] | None = None


class VideoExtend(OperationInput):
    """`videos/video-extend`."""

    video_id: Filled
    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    cfg_scale: Unit | None = None


class LipSyncInput(NestedObject):
    """The nested `input` of lip-sync."""

    mode: Literal["text2video", "audio2video"]
    video_id: str | None = None
    video_url: HttpUrl | None = None
    text: Text120 | None = None
    voice_id: str | None = None
    voice_language: Literal["zh", "en"] | None = None
    voice_speed: float | None = Field(None, ge=0.8, le=2.0)
    audio_type: Literal["file", "url"] | None = None
    audio_file: Sound | None = None
    audio_url: HttpUrl | None = None

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        if not self.video_id and not self.video_url:
            raise FieldFlaw("video_id", "video_id or video_url is required")
        if self.mode == "text2video" and not self.text:
            raise FieldFlaw("text", "text is required in mode text2video")
        if self.mode == "audio2video" and not (self.audio_file or self.audio_url):
            raise FieldFlaw("audio_file", "audio_file or audio_url is required in mode audio2video")
        return self


class LipSync(OperationInput):
    """`videos/lip-sync`."""

    input: LipSyncInput


class SoundOrId(NestedObject):
    """One sound, as a file or by its id."""

    audio_id: str | None = None
    sound_file: Sound | None = None

    @model_validator(mode="after")
    def _require_one_sound(self) -> Self:
        if bool(self.audio_id) == bool(self.sound_file):
            raise FieldFlaw("audio_id", "exactly one of audio_id and sound_file is required")
        return self


class Face(SoundOrId):
    """The one face of advanced-lip-sync; times in ms."""

    face_id: Filled
    sound_start_time: int | None = Field(None, ge=0)
    sound_end_time: int | None = Field(None, ge=0)
    sound_insert_time: int | None = Field(None, ge=0)
    sound_volume: Double | None = None
    original_audio_volume: Double | None = None


class AdvancedLipSync(OperationInput):
    """`videos/advanced-lip-sync`."""

    session_id: Filled
    face_choose: list[Face] = Field(min_length=1, max_length=1)


class Avatar(SoundOrId, OperationInput):
    """`videos/avatar/image2video`."""

    image: Image
    prompt: Prompt | None = None
    mode: Mode | None = None


class Effects(OperationInput):
    """`videos/effects`."""

    effect_scene: Filled
    input: dict[str, Any]


class MotionControl(OperationInput):
    """`videos/motion-control`."""

    model_name: Filled | None = None
    image_url: Image
    video_url: HttpUrl
    character_orientation: Literal["image", "video"]
    mode: Mode
    keep_original_sound: YesNo | None = None
    prompt: Prompt | None = None
    element_list: list[dict[str, Any]] | None = Field(None, max_length=1)


class OmniVideoImage(NestedObject):
    """One of `image_list`."""

    image_url: Image
    type: Literal["first_frame", "end_frame"] | None = None


class OmniVideoItem(NestedObject):
    """The one of `video_list`."""

    video_url: HttpUrl
    refer_type: Literal["feature", "base"] | None = None
    keep_original_sound: YesNo | None = None


class OmniVideo(OperationInput):
    """`videos/omni-video`."""

    model_name: Filled | None = None
    prompt: Prompt | None = None
    image_list: list[OmniVideoImage] | None = None
    element_list: list[dict[str, Any]] | None = None
    video_list: list[OmniVideoItem] | None = Field(None, max_length=1)
    mode: Mode | None = None
    aspect_ratio: str | None = None
    duration: Seconds | None = None
    multi_shot: bool | None = None
    shot_type: Literal["customize", "intelligence"] | None = None
    multi_prompt: list[Shot] | None = Field(None, min_length=1, max_length=6)

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not self.prompt and not self.multi_prompt:
            raise FieldFlaw("prompt", "prompt is required (or multi_prompt)")
        return self
