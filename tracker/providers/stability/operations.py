"""Stability's creates: their paths, what they make, whether they are answered with the result.

Source: https://platform.stability.ai/docs/api-reference (v2beta), read 2026-11. Limits of single
fields differ by model and change: few are checked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.form_inputs import check_form_file, check_number
from tracker.providers.kit.forms import read_file
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import ObjectIds

MOST_BYTES = 10 * 1024 * 1024
"""Of a request."""
_MOST_PROMPT = 10_000

File = Annotated[Any, AfterValidator(check_form_file)]
Prompt = Annotated[str, Field(min_length=1, max_length=_MOST_PROMPT)]
Word = Annotated[str, Field(min_length=1)]
Seed = Annotated[Any, BeforeValidator(check_number(0, 4_294_967_294))]
Share = Annotated[Any, BeforeValidator(check_number(0, 1))]


class _StabilityForm(OpenInputs):
    negative_prompt: Annotated[str, Field(max_length=_MOST_PROMPT)] | None = None
    seed: Seed = None
    output_format: Word | None = None


class _Generate(_StabilityForm):
    prompt: Prompt
    aspect_ratio: Word | None = None
    style_preset: Word | None = None
    model: Word | None = None
    image: File = None
    strength: Share = None
    cfg_scale: Annotated[Any, BeforeValidator(check_number(1, 10))] = None


class _Picture(_StabilityForm):
    """One picture, and a prompt where the operation takes one."""

    image: File
    prompt: Annotated[str, Field(max_length=_MOST_PROMPT)] | None = None
    mask: File = None
    control_strength: Share = None


class _Prompted(_Picture):
    prompt: Prompt


class _Search(_Prompted):
    search_prompt: Prompt


class _Recolor(_Prompted):
    select_prompt: Prompt


class _Creative(_Prompted):
    creativity: Annotated[Any, BeforeValidator(check_number(0, 0.5))] = None


class _Transfer(_StabilityForm):
    init_image: File
    style_image: File


class _Relight(_StabilityForm):
    subject_image: File
    background_reference: File = None
    background_prompt: Annotated[str, Field(max_length=_MOST_PROMPT)] | None = None


class _Speaks(_StabilityForm):
    prompt: Prompt
    duration: Annotated[Any, BeforeValidator(check_number(1, 190))] = None


class _Sounds(_Speaks):
    audio: File


class _Film(OpenInputs):
    image: File
    seed: Seed = None
    cfg_scale: Annotated[Any, BeforeValidator(check_number(0, 10))] = None
    motion_bucket_id: Annotated[Any, BeforeValidator(check_number(1, 255))] = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One create.

    kind: of what it makes. has_id: whether it is answered with an id, and the result is asked for.
    """

    inputs: type[BaseModel]
    kind: str = "image"
    has_id: bool = False


_EDIT, _CONTROL = "stable-image/edit/", "stable-image/control/"
_AUDIO = "audio/stable-audio-2/"
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "stable-image/generate/ultra": Operation(_Generate),
        "stable-image/generate/core": Operation(_Generate),
        "stable-image/generate/sd3": Operation(_Generate),
        f"{_EDIT}erase": Operation(_Picture),
        f"{_EDIT}inpaint": Operation(_Prompted),
        f"{_EDIT}outpaint": Operation(_Picture),
        f"{_EDIT}search-and-replace": Operation(_Search),
        f"{_EDIT}search-and-recolor": Operation(_Recolor),
        f"{_EDIT}remove-background": Operation(_Picture),
        f"{_EDIT}replace-background-and-relight": Operation(_Relight, has_id=True),
        "stable-image/upscale/fast": Operation(_Picture),
        "stable-image/upscale/conservative": Operation(_Prompted),
        "stable-image/upscale/creative": Operation(_Creative, has_id=True),
        f"{_CONTROL}sketch": Operation(_Prompted),
        f"{_CONTROL}structure": Operation(_Prompted),
        f"{_CONTROL}style": Operation(_Prompted),
        f"{_CONTROL}style-transfer": Operation(_Transfer),
        "3d/stable-fast-3d": Operation(_Picture, "model"),
        "3d/stable-point-aware-3d": Operation(_Picture, "model"),
        f"{_AUDIO}text-to-audio": Operation(_Speaks, "audio"),
        f"{_AUDIO}audio-to-audio": Operation(_Sounds, "audio"),
        f"{_AUDIO}inpaint": Operation(_Sounds, "audio"),
        "image-to-video": Operation(_Film, "video", has_id=True),
    }
)
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {name: CreatePath(f"v2beta/{name}", one.inputs) for name, one in OPERATIONS.items()}
)
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {"image": "image/*", "audio": "audio/*", "video": "video/*", "model": "model/gltf-binary"}
)
"""Words of `Accept` for the bytes of a result, by its kind."""


def drop_empty(input_: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an input without what is empty: clients add an empty file so that a form has parts."""
    return {name: value for name, value in input_.items() if not _is_empty(value)}


def list_flaws(body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields that cannot stand in a form, and of a request that is too large the file.

    A form has texts, numbers, flags and files: nothing within another.
    """
    flaws = [
        FieldError(name, "must be a text, a number, true or false, or a data: URI")
        for name, value in body.items()
        if not isinstance(value, str | int | float)
    ]
    sizes = {name: len(value) for name, value in body.items() if isinstance(value, str)}
    if sum(sizes.values()) * 3 > MOST_BYTES * 4:
        largest = max(sizes, key=sizes.__getitem__)
        flaws.append(FieldError(largest, "the request is larger than 10 MB"))
    return flaws


def _is_empty(value: Any) -> bool:
    if value in (None, ""):
        return True
    file = read_file(value)
    return file is not None and not file.content


OBJECTS = ObjectIds(others=("motion_bucket_id",))  # how much a picture moves
