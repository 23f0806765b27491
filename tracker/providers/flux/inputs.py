"""Inputs of Flux's creates, by the endpoint that each is POSTed to.

Sources: https://docs.bfl.ai/api-reference and the official client's models of inputs
(https://pypi.org/project/blackforest, 0.1.3), read 2026-11.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, ObjectIds

VIDEO = "flux-3-video"
_THIRD = "flux-3-"
"""Creates of the third generation: the one that is documented has no webhook fields."""
_OTHERS = re.compile(r"flux-(?:tools/)?[a-z0-9][a-z0-9.-]{0,80}")
"""Models that came before or will come, e.g. `flux-dev`: their fields are passed on as they are."""
VIDEOS = frozenset({VIDEO, "flux-tools/video-upscale-v1"})
_WIDEST = 21 / 9


OBJECTS = ObjectIds(fields={"finetune_id": NamedObject("finetune")})  # none is made here


def _check_ratio(value: str) -> str:
    width, _, height = value.partition(":")
    numbers = [int(one) if one.isascii() and one.isdigit() else 0 for one in (width, height)]
    if not all(0 < one < 10_000 for one in numbers):
        raise ValueError("must be a ratio such as 16:9")
    ratio = numbers[0] / numbers[1]
    if not 1 / _WIDEST <= ratio <= _WIDEST:
        raise ValueError("must be a ratio from 21:9 to 9:21")
    return value


def _check_seconds(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if value != "auto" and not (is_number and 5 <= value <= 20):
        raise ValueError("must be a whole number from 5 to 20, or auto")
    return value


Text = Annotated[str, Field(min_length=1)]
Ratio = Annotated[str, AfterValidator(_check_ratio)]
Side = Annotated[int, Field(ge=256, le=2048)]
SideBy32 = Annotated[int, Field(ge=256, le=1440, multiple_of=32)]
Pixels = Annotated[int, Field(ge=0, le=2048)]
Tolerance = Annotated[int, Field(ge=0, le=6)]
Format = Literal["jpeg", "png", "webp"]


class _Inputs(OpenInputs):
    seed: int | None = None
    safety_tolerance: Tolerance | None = None
    prompt_upsampling: bool | None = None
    output_format: Format | None = None
    webhook_secret: str | None = None


class _Pictures(_Inputs):
    input_image: Text | None = None
    input_image_2: Text | None = None
    input_image_3: Text | None = None
    input_image_4: Text | None = None


class _Flux2(_Pictures):
    prompt: Text
    input_image_5: Text | None = None
    input_image_6: Text | None = None
    input_image_7: Text | None = None
    input_image_8: Text | None = None
    input_image_9: Text | None = None
    width: Side | None = None
    height: Side | None = None
    safety_tolerance: Annotated[int, Field(ge=0, le=5)] | None = None
    output_format: Literal["jpeg", "png"] | None = None


class _Flux2Flex(_Flux2):
    steps: Annotated[int, Field(ge=1)] | None = None
    guidance: float | None = None


class _Pro11(_Inputs):
    """A prompt may be empty beside an `image_prompt`."""

    prompt: str
    image_prompt: Text | None = None
    width: SideBy32 | None = None
    height: SideBy32 | None = None


class _Ultra(_Inputs):
    prompt: str
    aspect_ratio: Ratio | None = None
    raw: bool | None = None
    image_prompt: Text | None = None
    image_prompt_strength: Annotated[float, Field(ge=0, le=1)] | None = None


class _Kontext(_Pictures):
    prompt: Text
    aspect_ratio: Ratio | None = None


class _Edit(_Inputs):
    prompt: str | None = None
    steps: Annotated[int, Field(ge=15, le=50)] | None = None
    guidance: Annotated[float, Field(ge=1, le=100)] | None = None


class _Fill(_Edit):
    image: Text
    mask: Text | None = None


class _Expand(_Edit):
    image: Text
    top: Pixels | None = None
    bottom: Pixels | None = None
    left: Pixels | None = None
    right: Pixels | None = None


class _Control(_Edit):
    """`control_image`, or `preprocessed_image` in its place."""

    prompt: str
    control_image: Text | None = None
    preprocessed_image: Text | None = None


class _Erase(_Inputs):
    image: Text
    mask: Text
    dilate_pixels: Annotated[int, Field(ge=0, le=25)] | None = None


class _TryOn(_Inputs):
    prompt: Text
    person: Text
    garment: Text


class _Upscale(_Inputs):
    input_video: Text
    upscale_factor: Annotated[float, Field(ge=1.5, le=3)] | None = None
    creativity: Annotated[float, Field(ge=0, le=1)] | None = None


class _Flux3Video(_Inputs):
    mode: Literal["t2v", "i2v", "v2v", "draft_enhance"]
    prompt: Text | None = None
    duration: Annotated[Any, AfterValidator(_check_seconds)] = "auto"
    resolution: Literal["hd", "fhd"] | None = None
    aspect_ratio: Text | None = None
    generate_audio: bool | None = None
    keyframes: Annotated[list[Any], Field(min_length=1, max_length=10)] | None = None
    start_video: Text | None = None
    draft: bool | None = None
    draft_cache: Text | None = None
    safety_tolerance: Annotated[int, Field(ge=0, le=4)] | None = None
    version: Text | None = None


INPUTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "flux-2-max": _Flux2,
        "flux-2-pro": _Flux2,
        "flux-2-flex": _Flux2Flex,
        "flux-2-klein-4b": _Flux2,
        "flux-2-klein-9b": _Flux2,
        "flux-pro-1.1": _Pro11,
        "flux-pro-1.1-ultra": _Ultra,
        "flux-kontext-pro": _Kontext,
        "flux-kontext-max": _Kontext,
        "flux-pro-1.0-fill": _Fill,
        "flux-pro-1.0-expand": _Expand,
        "flux-pro-1.0-canny": _Control,
        "flux-pro-1.0-depth": _Control,
        "flux-tools/erase-v1": _Erase,
        "flux-tools/vto-v1": _TryOn,
        "flux-tools/video-upscale-v1": _Upscale,
        VIDEO: _Flux3Video,
    }
)


class FluxCreates(dict[str, CreatePath]):
    """Creates by endpoint; of one that is not named here no field is checked."""

    def __missing__(self, name: str) -> CreatePath:
        """Return the create of another model."""
        return CreatePath(name, OpenInputs)


CREATES = FluxCreates({name: CreatePath(name, inputs) for name, inputs in INPUTS.items()})


def is_endpoint(name: str) -> bool:
    """Tell whether a text can be the endpoint of a create."""
    return name in INPUTS or _OTHERS.fullmatch(name) is not None


def has_webhook(endpoint: str) -> bool:
    """Tell whether a create takes our URL."""
    return not endpoint.startswith(_THIRD)
