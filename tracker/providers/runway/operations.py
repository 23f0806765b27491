"""Runway's creates: paths, the fields that are checked, and the kind of what each makes.

Fields differ by model and change often: what must be there is checked, and the limits that are
known of a model; everything else is passed on.

Sources: https://docs.dev.runwayml.com/api and the official SDK
(https://github.com/runwayml/sdk-python, 5.24.0: src/runwayml/types), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, create_model

from tracker.domain.errors import FieldError
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs

VERSION = "2024-11-06"
"""Of the API, sent with every call; a constant of the SDK."""
WORKFLOWS = "workflows"
"""The operation that runs a workflow; its tasks have a path of their own."""
_MOST_UNITS = 1000
_MOST_UNITS_OF_ANY = 5000
_MOST_IMAGES = 20
_LONGEST_URI = 50_000_000
_UPLOADED = "runway://"
_RATIOS = ("1280:720", "720:1280", "1104:832", "832:1104", "960:960", "1584:672")
_OLD_RATIOS = ("1280:768", "768:1280")

Name = Annotated[str, Field(min_length=1)]


def count_utf16_units(text: str) -> int:
    """Return the length of a text as Runway counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _check_media(value: str) -> str:
    if not value.startswith(("https://", "http://", "data:", _UPLOADED)):
        raise ValueError(f"must be an https URL, a data: URI or a {_UPLOADED} URI")
    return value


Media = Annotated[str, Field(min_length=1), AfterValidator(_check_media)]


class _RunwayInputs(OpenInputs):
    """Fields of every create; those that are not named here are passed on."""

    seed: int | None = Field(None, ge=0, le=4294967295)
    promptText: str | None = Field(None, min_length=1)  # noqa: N815 - their name


def _check_prompt_image(value: Any) -> Any:
    if isinstance(value, str):
        return _check_media(value)
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_IMAGES:
        raise ValueError(f"must be a URI, or a list of 1 to {_MOST_IMAGES} objects with uri")
    if any(
        not isinstance(find_first_text(one, ("uri",), limit=_LONGEST_URI), str) for one in value
    ):
        raise ValueError("must have a uri in each object")
    for one in value:
        _check_media(one["uri"])
        if one.get("position") not in (None, "first", "last"):
            raise ValueError("has a position that is neither first nor last")
    return value


class _ModelInputs(_RunwayInputs):
    """A create that names a model."""

    model: Name
    ratio: str | None = None
    duration: int | float | None = Field(None, gt=0)


@dataclass(frozen=True, slots=True)
class _ModelLimits:
    """The limits that are known of one model. Empty: none."""

    units: int = _MOST_UNITS_OF_ANY
    ratios: tuple[str, ...] = ()
    durations: tuple[int, ...] = ()


_ANY = _ModelLimits()
_OF_PICTURES = frozenset({"gen4_turbo", "gen3a_turbo"})
"""Models that make videos of pictures alone."""
_VEO = _ModelLimits(durations=(4, 6, 8))
_LIMITS: Mapping[str, _ModelLimits] = MappingProxyType(
    {
        "gen4.5": _ModelLimits(units=_MOST_UNITS, ratios=_RATIOS, durations=tuple(range(2, 11))),
        # Clients of gateways send it the older model's ratios (2026-11-30).
        "gen4_turbo": _ModelLimits(_MOST_UNITS, (*_RATIOS, *_OLD_RATIOS), (5, 10)),
        "gen3a_turbo": _ModelLimits(units=_MOST_UNITS, ratios=_OLD_RATIOS, durations=(5, 10)),
        "gen4_image": _ModelLimits(units=_MOST_UNITS),
        "gen4_image_turbo": _ModelLimits(units=_MOST_UNITS),
        "gen4_aleph": _ModelLimits(units=_MOST_UNITS),
        "veo3.1": _VEO,
        "veo3.1_fast": _VEO,
    }
)


def list_model_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of a valid input that its model does not take."""
    model = body.get("model")
    limits = _LIMITS.get(model, _ANY) if isinstance(model, str) else _ANY
    flaws = []
    if operation == "image_to_video" and model is None:
        flaws.append(FieldError("model", "is required"))
    if operation == "text_to_video" and model in _OF_PICTURES:
        flaws.append(FieldError("model", "needs a picture: use image_to_video"))
    text, ratio, duration = (body.get(name) for name in ("promptText", "ratio", "duration"))
    if text is not None and count_utf16_units(text) > limits.units:
        flaws.append(FieldError("promptText", f"at most {limits.units} UTF-16 code units"))
    if limits.ratios and ratio is not None and ratio not in limits.ratios:
        known = ", ".join(f'"{one}"' for one in limits.ratios)
        flaws.append(FieldError("ratio", f"must be one of {known} for this model"))
    if limits.durations and duration not in (None, *limits.durations):
        known = ", ".join(map(str, limits.durations))
        flaws.append(FieldError("duration", f"must be one of {known} for this model"))
    return flaws


_TEXT = (Annotated[str, Field(min_length=1)], ...)
_URI = (Media, ...)
_THING = (dict[str, Any], ...)
_IMAGES = (Annotated[Any, AfterValidator(_check_prompt_image)], ...)


def _make_inputs(
    name: str, base: type[_RunwayInputs] = _ModelInputs, **needs: Any
) -> type[BaseModel]:
    model: type[BaseModel] = create_model(f"_{name}", __base__=base, **needs)
    return model


def _make_recipe(name: str, **needs: Any) -> type[BaseModel]:
    return _make_inputs(f"Recipe_{name}", _RunwayInputs, version=_TEXT, **needs)


# Gateways take one of theirs where none is named: docs.crazyrouter.com/video/runway, 2026-11-30.
IMAGE_TO_VIDEO = _make_inputs("ImageToVideo", promptImage=_IMAGES, model=(Name | None, None))
_MODELS: Mapping[str, tuple[str, type[BaseModel]]] = {
    "image_to_video": ("video", IMAGE_TO_VIDEO),
    "text_to_video": ("video", _make_inputs("TextToVideo")),
    "video_to_video": ("video", _make_inputs("VideoToVideo")),
    "text_to_image": ("image", _make_inputs("TextToImage", promptText=_TEXT)),
    "character_performance": (
        "video",
        _make_inputs("CharacterPerformance", character=_THING, reference=_THING),
    ),
    "avatar_videos": ("video", _make_inputs("AvatarVideos", avatar=_THING, speech=_THING)),
    "video_upscale": ("video", _make_inputs("VideoUpscale", videoUri=_URI)),
    "image_upscale": ("image", _make_inputs("ImageUpscale", imageUri=_URI)),
    "video_to_hdr": ("video", _make_inputs("VideoToHdr", videoUri=_URI)),
    "text_to_speech": ("audio", _make_inputs("TextToSpeech", promptText=_TEXT)),
    "sound_effect": ("audio", _make_inputs("SoundEffect", promptText=_TEXT)),
    "speech_to_speech": ("audio", _make_inputs("SpeechToSpeech", media=_THING, voice=_THING)),
    "voice_dubbing": ("audio", _make_inputs("VoiceDubbing", audioUri=_URI, targetLang=_TEXT)),
    "voice_isolation": ("audio", _make_inputs("VoiceIsolation", audioUri=_URI)),
    "video_to_audio": ("audio", _make_inputs("VideoToAudio", videoUri=_URI)),
    "generate/audio": (
        "audio",
        _make_inputs("GenerateAudio", _RunwayInputs, configId=_TEXT, input=_THING),
    ),
    "generate/image": (
        "image",
        _make_inputs("GenerateImage", _RunwayInputs, configId=_TEXT, input=_THING),
    ),
    "generate/video": (
        "video",
        _make_inputs("GenerateVideo", _RunwayInputs, configId=_TEXT, input=_THING),
    ),
    "recipes/product_campaign_image": (
        "image",
        _make_recipe("product_campaign_image", image=_THING, prompt=_TEXT),
    ),
    "recipes/product_swap": (
        "video",
        _make_recipe(
            "product_swap",
            newProductImages=(list[dict[str, Any]], ...),
            originalProductImage=_THING,
            referenceVideo=(Any, ...),
        ),
    ),
    "recipes/product_ugc": (
        "video",
        _make_recipe("product_ugc", characterImage=_THING, productImage=_THING),
    ),
    "recipes/product_ad": (
        "video",
        _make_recipe("product_ad", productImages=(list[dict[str, Any]], ...)),
    ),
    "recipes/ad_localization": (
        "image",
        _make_recipe("ad_localization", referenceImage=(Any, ...), targetLanguage=_TEXT),
    ),
    "recipes/multi_shot_video": ("video", _make_recipe("multi_shot_video", mode=_TEXT)),
    "recipes/marketing_stock_image": (
        "image",
        _make_recipe("marketing_stock_image", prompt=_TEXT),
    ),
    WORKFLOWS: ("file", _make_inputs("Workflow", _RunwayInputs, id=_TEXT)),
}
KINDS: Mapping[str, str] = MappingProxyType({name: kind for name, (kind, _) in _MODELS.items()})
"""The kind of the artifacts of each operation: answers do not say it."""
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        name: CreatePath(f"v1/{name}" + ("/{id}" if name == WORKFLOWS else ""), inputs)
        for name, (_, inputs) in _MODELS.items()
    }
)


WEB = "tasks"
"""The one operation of the older web dialect."""


class WebTask(OpenInputs):
    """A create of the older web dialect (https://github.com/Dooy/chatgpt-web-midjourney-proxy)."""

    taskType: Literal["gen2", "europa", "gen3a_turbo"]  # noqa: N815 - their name
    internal: bool | None = None
    options: OpenInputs
