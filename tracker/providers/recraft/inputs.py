"""The creates: what they need, and whether their answer is a list.

Sources: https://www.recraft.ai/docs/api-reference/endpoints and
https://github.com/recraft-ai/mcp-recraft-server, read 2026-11. Names of models, styles and sizes
are not checked: they change with each model. Each file of a form may be a link in JSON instead
(https://www.recraft.ai/docs/api-reference/image-inputs-and-results, read 2026-11-30).
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.form_inputs import check_number
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs

GENERATIONS = "images/generations"
FILES = ("image", "file", "mask")
"""Fields of a form that are files."""
LINKS: Mapping[str, str] = MappingProxyType(
    {"image": "image_url", "file": "image_url", "mask": "mask_url"}
)
"""Fields of JSON, an address or a data URI, by that of a form which they stand for."""

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Count = Annotated[int, Field(ge=1, le=6)]
Media = Annotated[str, Field(pattern="^data:")]
Link = Annotated[str, Field(pattern="^(https?|data):")]


class _RecraftInput(OpenInputs):
    n: Count = 1
    response_format: Annotated[str, Field(pattern="^(url|b64_json)$")] = "url"


class _Controls(OpenInputs):
    artistic_level: Annotated[int, Field(ge=0, le=5)] | None = None


class _RecraftDrawing(_RecraftInput):
    prompt: Text
    model: str | None = None
    size: str | None = None
    style: str | None = None
    style_id: str | None = None
    controls: _Controls | None = None
    text_layout: list[OpenInputs] | None = None


class _RecraftPictured(_RecraftInput):
    """Pictures come as files, or as links; which ones are needed, `list_flaws` says."""

    image: Media | None = None
    image_url: Link | None = None
    mask: Media | None = None
    mask_url: Link | None = None


class _RecraftChange(_RecraftPictured):
    prompt: Text


class _RecraftImageToImage(_RecraftChange):
    strength: Annotated[Any, BeforeValidator(check_number(0, 1))]


class _RecraftTool(_RecraftPictured):
    """One picture becomes one picture. `file` holds it; some callers say `image`."""

    file: Media | None = None


_LISTS: Mapping[str, type[OpenInputs]] = {
    "generations": _RecraftDrawing,
    "generations/raster": _RecraftDrawing,
    "generations/vector": _RecraftDrawing,
    "imageToImage": _RecraftImageToImage,
    "inpaint": _RecraftChange,
    "outpaint": _RecraftChange,
    "replaceBackground": _RecraftChange,
    "generateBackground": _RecraftChange,
    "variateImage": _RecraftPictured,
}
_TOOLS = ("vectorize", "removeBackground", "crispUpscale", "creativeUpscale", "eraseRegion")
_INPUTS: Mapping[str, type[OpenInputs]] = {**_LISTS, **dict.fromkeys(_TOOLS, _RecraftTool)}
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {f"images/{name}": CreatePath(f"images/{name}", inputs) for name, inputs in _INPUTS.items()}
)
LISTS = frozenset(f"images/{name}" for name in _LISTS)
"""Operations whose answer holds `data`; that of all others holds one `image`."""
DRAWINGS = frozenset(name for name in LISTS if name.startswith(GENERATIONS))
"""Operations that take no picture."""
_MASKED = frozenset({"images/inpaint", "images/generateBackground"})
_EARLIER = re.compile("recraftv[23]")
_MOST_EARLIER = 1000
"""Characters of a prompt of these models."""


def list_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of an input that its shape allows and Recraft refuses."""
    flaws = []
    picture = ("image",) if operation in LISTS else ("file", "image")
    if operation not in DRAWINGS and not {*picture, LINKS["image"]} & body.keys():
        flaws.append(FieldError(picture[0], "is missing"))
    if operation in _MASKED and not {"mask", LINKS["mask"]} & body.keys():
        flaws.append(FieldError("mask", "is missing"))
    if body.get("style_id") and (body.get("style") or body.get("substyle")):
        flaws.append(FieldError("style_id", "excludes style and substyle"))
    is_earlier = _EARLIER.match(str(body.get("model") or "")) is not None
    if is_earlier and len(body.get("prompt") or "") > _MOST_EARLIER:
        flaws.append(FieldError("prompt", f"at most {_MOST_EARLIER} characters with this model"))
    return flaws
