"""The operations that make a task, and what each takes and gives. A table, no behaviour.

Source: https://kling.ai/document-api (legacy pages: videos, images, audio, general), read
2026-09; the pages list the fields, the limits and the result of every path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "MODELS",
    "OPERATIONS",
    "PRODUCTS",
    "SOLUTIONS",
    "KlingDialect",
    "KlingOperation",
    "Output",
]


class Output(StrEnum):
    """The kinds of results that a finished task holds."""

    VIDEOS = "videos"
    IMAGES = "images"
    AUDIOS = "audios"
    VIDEOS_AND_AUDIOS = "videos_and_audios"
    VOICES = "voices"
    ELEMENTS = "elements"


class KlingDialect(StrEnum):
    """Through which door a task was made; its answers and callbacks are shaped by it."""

    LEGACY = "legacy"
    STANDARD = "standard"
    SOLUTION = "solution"
    NEW_API = "new-api"
    PIAPI = "piapi"
    ACEDATA = "acedata"


@dataclass(frozen=True, slots=True)
class KlingOperation:
    """One task-shaped operation, named by its path: after `/v1/`, or before the model."""

    path: str
    output: Output
    required: tuple[str, ...] = ()
    """Fields that must be there and not empty; a dot leads into an object."""
    one_of: tuple[str, ...] = ()
    """At least one of these must be there and not empty."""
    has_parent: bool = False
    """True: task_info names the video that was worked on."""

    @property
    def is_strict(self) -> bool:
        """Return whether every field is checked, not only the required ones."""
        return self.path == "videos/multi-image2video"

    @property
    def costs_pictures(self) -> bool:
        """Return whether a task takes one slot per picture instead of one."""
        return self.output is Output.IMAGES and self.path != "images/kolors-virtual-try-on"


_VIDEO = Output.VIDEOS
_IMAGE = Output.IMAGES

_ALL = (
    KlingOperation("videos/text2video", _VIDEO, one_of=("prompt", "multi_prompt")),
    KlingOperation("videos/image2video", _VIDEO, one_of=("image", "image_tail")),
    KlingOperation("videos/multi-image2video", _VIDEO, ("image_list",)),
    KlingOperation("videos/multi-elements", _VIDEO, ("session_id", "edit_mode", "prompt")),
    KlingOperation("videos/video-extend", _VIDEO, ("video_id",), has_parent=True),
    KlingOperation("videos/lip-sync", _VIDEO, ("input", "input.mode"), has_parent=True),
    KlingOperation(
        "videos/advanced-lip-sync", _VIDEO, ("session_id", "face_choose"), has_parent=True
    ),
    KlingOperation("videos/avatar/image2video", _VIDEO, ("image",), ("audio_id", "sound_file")),
    KlingOperation("videos/effects", _VIDEO, ("effect_scene", "input")),
    KlingOperation(
        "videos/motion-control",
        _VIDEO,
        ("image_url", "video_url", "character_orientation", "mode"),
    ),
    KlingOperation("videos/omni-video", _VIDEO),
    KlingOperation("images/generations", _IMAGE, ("prompt",)),
    KlingOperation("images/multi-image2image", _IMAGE, ("subject_image_list",)),
    KlingOperation("images/omni-image", _IMAGE, ("prompt",)),
    KlingOperation(
        "images/editing/expand",
        _IMAGE,
        (
            "image",
            "up_expansion_ratio",
            "down_expansion_ratio",
            "left_expansion_ratio",
            "right_expansion_ratio",
        ),
    ),
    KlingOperation("images/kolors-virtual-try-on", _IMAGE, ("human_image", "cloth_image")),
    KlingOperation("audio/text-to-audio", Output.AUDIOS, ("prompt", "duration")),
    KlingOperation(
        "audio/video-to-audio",
        Output.VIDEOS_AND_AUDIOS,
        one_of=("video_id", "video_url"),
        has_parent=True,
    ),
    KlingOperation("general/ai-multi-shot", _IMAGE, ("element_frontal_image",)),
    KlingOperation(
        "general/custom-voices", Output.VOICES, ("voice_name",), ("voice_url", "video_id")
    ),
    KlingOperation("general/advanced-custom-elements", Output.ELEMENTS),
    KlingOperation("general/custom-elements", Output.ELEMENTS),
)

OPERATIONS: Mapping[str, KlingOperation] = MappingProxyType({each.path: each for each in _ALL})

PRODUCTS: Mapping[str, KlingOperation] = MappingProxyType(
    {
        "text-to-video": KlingOperation("text-to-video", _VIDEO, ("prompt",)),
        "image-to-video": KlingOperation("image-to-video", _VIDEO, ("contents",)),
        "omni-video": KlingOperation("omni-video", _VIDEO, ("contents",)),
        "motion-control": KlingOperation("motion-control", _VIDEO, ("contents",)),
    }
)
"""The new standard's operations; the model stands behind them in the path.

Source: https://kling.ai/document-api (new-standard pages), read 2026-09.
"""
MODELS = frozenset(
    {"kling-3.0-turbo", "kling-3.0", "kling-3.0-omni", "kling-v3-omni", "kling-o1"}
    | {"kling-2.6", "kling-2.5-turbo"}
)
"""Models of any product: which product offers which one varies."""
SOLUTIONS = KlingOperation("solutions", _VIDEO)
"""All solutions; their names stand where the model does."""
