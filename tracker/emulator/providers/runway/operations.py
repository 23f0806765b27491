"""The creates of Runway's API: required fields, kinds of results, prices. A table.

Source: https://github.com/runwayml/sdk-python (5.24.0, src/runwayml/types), read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_integer,
    accept_number,
    accept_one_of,
    accept_text,
    is_web_url,
    list_of,
    record,
)

__all__ = ["RUNWAY_OPERATIONS", "WEB_TASK", "WORKFLOW", "RunwayOperation"]

_LONGEST_URI = 8_000_000


def _check_uri(value: object) -> Flaw | None:
    """Accept an https URL, a data: URI or a runway:// URI."""
    is_text = isinstance(value, str) and len(value) <= _LONGEST_URI
    if isinstance(value, str) and is_text and value.startswith(("data:", "runway://")):
        return None
    if isinstance(value, str) and is_text and is_web_url(value, ("https", "http")):
        return None
    return Flaw("", "must be an https, data or runway URI")


def _check_prompt_image(value: object) -> Flaw | None:
    """Accept a URI, or a list of frames."""
    frame = record(
        {"uri": _check_uri, "position": accept_one_of("first", "last")}, required=("uri",)
    )
    return list_of(frame, least=1, most=20)(value) if isinstance(value, list) else _check_uri(value)


def _check_prompt(value: object) -> Flaw | None:
    if isinstance(value, str) and 0 < len(value.encode("utf-16-le", "surrogatepass")) // 2 <= 1000:
        return None
    return Flaw("", "must be 1 to 1000 UTF-16 code units")


@dataclass(frozen=True, kw_only=True)
class RunwayOperation:
    """One create."""

    name: str
    kind: str = "video"
    """video, image or audio: what it makes."""
    required: tuple[str, ...] = ()
    has_model: bool = True
    fields: Mapping[str, Check] = field(default_factory=dict)

    def find_flaw(self, body: Mapping[str, object]) -> Flaw | None:
        """Return the first mistake of a body; unknown fields are none."""
        required = (*(("model",) if self.has_model else ()), *self.required)
        return record({**_COMMON, **self.fields}, required=required)(body)

    @property
    def artifact(self) -> str:
        """The name of its result."""
        return {"video": "video.mp4", "image": "image.png", "audio": "audio.mp3"}[self.kind]

    def compute_credits(self, body: Mapping[str, object]) -> int:
        """Return the most that a create costs: 5 credits a second of video."""
        duration = body.get("duration")
        seconds = duration if isinstance(duration, int | float) else 5
        return round(seconds * 5) if self.kind == "video" else 5


_COMMON: Mapping[str, Check] = MappingProxyType(
    {
        "model": accept_text(least=1),
        "promptText": _check_prompt,
        "ratio": accept_text(least=1),
        "seed": accept_integer(least=0, most=4294967295),
        "duration": accept_number(least=1, most=60),
    }
)
_MEDIA: Mapping[str, Check] = MappingProxyType(
    {"videoUri": _check_uri, "imageUri": _check_uri, "audioUri": _check_uri}
)

WORKFLOW = RunwayOperation(name="workflows", has_model=False)
WEB_TASK = RunwayOperation(
    name="tasks",
    required=("taskType", "options"),
    has_model=False,
    fields={"taskType": accept_one_of("gen2", "europa", "gen3a_turbo"), "options": record({})},
)
RUNWAY_OPERATIONS = (
    RunwayOperation(
        name="image_to_video",
        required=("promptImage",),
        fields={"promptImage": _check_prompt_image},
    ),
    RunwayOperation(name="text_to_video"),
    RunwayOperation(name="video_to_video"),
    RunwayOperation(name="text_to_image", kind="image", required=("promptText",)),
    RunwayOperation(name="character_performance", required=("character", "reference")),
    RunwayOperation(name="avatar_videos", required=("avatar", "speech")),
    RunwayOperation(name="video_upscale", required=("videoUri",), fields=_MEDIA),
    RunwayOperation(name="image_upscale", kind="image", required=("imageUri",), fields=_MEDIA),
    RunwayOperation(name="video_to_hdr", required=("videoUri",), fields=_MEDIA),
    RunwayOperation(name="text_to_speech", kind="audio", required=("promptText",)),
    RunwayOperation(name="sound_effect", kind="audio", required=("promptText",)),
    RunwayOperation(name="speech_to_speech", kind="audio", required=("media", "voice")),
    RunwayOperation(
        name="voice_dubbing", kind="audio", required=("audioUri", "targetLang"), fields=_MEDIA
    ),
    RunwayOperation(name="voice_isolation", kind="audio", required=("audioUri",), fields=_MEDIA),
    RunwayOperation(name="video_to_audio", kind="audio", required=("videoUri",), fields=_MEDIA),
    *(
        RunwayOperation(
            name=f"generate/{kind}", kind=kind, required=("configId", "input"), has_model=False
        )
        for kind in ("audio", "image", "video")
    ),
    *(
        RunwayOperation(
            name=f"recipes/{name}", kind=kind, required=("version", *required), has_model=False
        )
        for name, kind, required in (
            ("product_campaign_image", "image", ("image", "prompt")),
            (
                "product_swap",
                "video",
                ("newProductImages", "originalProductImage", "referenceVideo"),
            ),
            ("product_ugc", "video", ("characterImage", "productImage")),
            ("product_ad", "video", ("productImages",)),
            ("ad_localization", "image", ("referenceImage", "targetLanguage")),
            ("multi_shot_video", "video", ("mode",)),
            ("marketing_stock_image", "image", ("prompt",)),
        )
    ),
)
