"""Inputs of Pika's creates, of gateways and of the API that takes forms.

Sources: https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api/pika.ts) and
https://github.com/comfyanonymous/ComfyUI (comfy_api_nodes/nodes_pika.py, apis/pika_api.py), read
2026-11. The faster model, `pikatwists` and `2.2/multiframe` are known from callers of
https://devapi.pika.art alone (seen 2026-11-30).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from tracker.providers.kit.form_inputs import check_form_file, check_number
from tracker.providers.kit.table_inputs import OpenInputs

EFFECTS = (
    *("Levitate", "Decapitate", "Eye-pop", "Ta-da", "Deflate", "Crumble", "Dissolve", "Squish"),
    *("Inflate", "Melt", "Crush", "Cake-ify", "Explode", "Peel", "Poke", "Tear"),
)
_MOST_SEED = 2**32 - 1


def _check_effect(value: str) -> str:
    if value not in ("", *EFFECTS):
        raise ValueError(f"must be one of {', '.join(EFFECTS)}")
    return value


def _check_files(least: int, most: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        files = value if isinstance(value, list) else [value]
        if not least <= len(files) <= most:
            raise ValueError(f"must be {least} to {most} files")
        for one in files:
            check_form_file(one)
        return value

    return check


def _check_five_or_ten(value: Any) -> Any:
    check_number(5, 10)(value)
    if float(value) not in (5, 10):
        raise ValueError("must be 5 or 10")
    return value


Text = Annotated[str, Field(min_length=1)]
File = Annotated[Any, AfterValidator(check_form_file)]
Seed = Annotated[Any, AfterValidator(check_number(0, _MOST_SEED))]
Duration = Annotated[Any, AfterValidator(check_number(5, 10))]
ShortOrLong = Annotated[Any, AfterValidator(_check_five_or_ten)]
Ratio = Annotated[Any, AfterValidator(check_number(0.4, 2.5))]
Effect = Annotated[str, AfterValidator(_check_effect)]


class GatewayVideo(OpenInputs):
    """A create of a gateway; `pikaffect` needs a picture."""

    pikaffect: Effect | None = None
    promptText: str | None = None  # noqa: N815 - their name
    model: str | float | None = None
    image: str | None = None
    video: str | None = None
    options: OpenInputs | None = None


class _Form(OpenInputs):
    negativePrompt: str | None = None  # noqa: N815 - their name
    seed: Seed | None = None


class _Sized(_Form):
    resolution: Literal["1080p", "720p"] | None = None
    duration: Duration | None = None


class TextToVideo(_Sized):
    """`2.2/t2v`, `turbo/t2v`."""

    duration: ShortOrLong | None = None
    promptText: Text  # noqa: N815 - their name
    aspectRatio: Ratio | None = None  # noqa: N815 - their name


class ImageToVideo(_Sized):
    """`2.2/i2v`, `turbo/i2v`."""

    duration: ShortOrLong | None = None
    image: File
    promptText: str | None = None  # noqa: N815 - their name


class Frames(_Sized):
    """`2.2/pikaframes`: the first and the last picture."""

    keyFrames: Annotated[Any, AfterValidator(_check_files(2, 2))]  # noqa: N815 - their name
    promptText: Text  # noqa: N815 - their name


class Scenes(_Sized):
    """`2.2/pikascenes`, `turbo/pikascenes`."""

    ingredientsMode: Literal["creative", "precise"]  # noqa: N815 - their name
    images: Annotated[Any, AfterValidator(_check_files(1, 5))]
    promptText: str | None = None  # noqa: N815 - their name
    aspectRatio: Ratio | None = None  # noqa: N815 - their name


class Additions(_Form):
    """`pikadditions`."""

    video: File
    image: File
    promptText: str | None = None  # noqa: N815 - their name


class Swaps(_Form):
    """`pikaswaps`: of a region that a mask or words tell."""

    video: File
    image: File | None = None
    modifyRegionMask: File | None = None  # noqa: N815 - their name
    modifyRegionRoi: str | None = None  # noqa: N815 - their name
    promptText: str | None = None  # noqa: N815 - their name


class Twists(_Form):
    """`pikatwists`."""

    video: File
    image: File | None = None
    promptText: str | None = None  # noqa: N815 - their name


class ManyFrames(_Form):
    """`2.2/multiframe`: a way through several pictures, each step with words and seconds."""

    keyFrames: Annotated[Any, AfterValidator(_check_files(1, 20))]  # noqa: N815 - their name


class PikaEffects(_Form):
    """`pikaffects`."""

    image: File
    pikaffect: Effect
    promptText: str | None = None  # noqa: N815 - their name


FORMS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "2.2/t2v": TextToVideo,
        "2.2/i2v": ImageToVideo,
        "2.2/pikaframes": Frames,
        "2.2/pikascenes": Scenes,
        "pikadditions": Additions,
        "pikaswaps": Swaps,
        "pikaffects": PikaEffects,
        "turbo/t2v": TextToVideo,
        "turbo/i2v": ImageToVideo,
        "turbo/pikascenes": Scenes,
        "2.2/multiframe": ManyFrames,
        "pikatwists": Twists,
    }
)
"""By the path below `generate/`."""
TEXTS_ALONE = frozenset({"2.2/t2v", "turbo/t2v"})
"""Creates without files, whose form is urlencoded."""
FILES = frozenset({"image", "video", "images", "keyFrames", "modifyRegionMask"})
"""Fields that are files."""
