"""The creates: what they need, and whether their answer is a list.

Sources: https://www.recraft.ai/docs/api-reference/endpoints and
https://github.com/recraft-ai/mcp-recraft-server, read 2026-11. What a model limits by
itself is not checked: it changes with each.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from tracker.providers.kit.table import CreatePath, OpenInputs

GENERATIONS = "images/generations"
FILES = ("image", "file", "mask")
"""Fields of a form that are files."""

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Count = Annotated[int, Field(ge=1, le=6)] | Annotated[str, Field(pattern="^[1-6]$")]
Media = Annotated[str, Field(pattern="^data:")]


class _RecraftInput(OpenInputs):
    n: Count = 1
    response_format: Annotated[str, Field(pattern="^(url|b64_json)$")] = "url"


class _RecraftDrawing(_RecraftInput):
    prompt: Text
    model: str | None = None
    size: str | None = None
    style: str | None = None
    style_id: str | None = None
    controls: OpenInputs | None = None
    text_layout: list[OpenInputs] | None = None


class _RecraftChange(_RecraftInput):
    image: Media
    prompt: Text


class _RecraftMasked(_RecraftChange):
    mask: Media


class _RecraftVariation(_RecraftInput):
    image: Media


class _RecraftTool(_RecraftInput):
    """One picture becomes one picture. `file` holds it; some callers say `image`."""

    file: Media | None = None
    image: Media | None = None
    mask: Media | None = None


_LISTS: Mapping[str, type[OpenInputs]] = {
    "generations": _RecraftDrawing,
    "imageToImage": _RecraftChange,
    "inpaint": _RecraftMasked,
    "outpaint": _RecraftChange,
    "replaceBackground": _RecraftChange,
    "generateBackground": _RecraftMasked,
    "variateImage": _RecraftVariation,
}
_TOOLS = ("vectorize", "removeBackground", "crispUpscale", "creativeUpscale", "eraseRegion")
_INPUTS: Mapping[str, type[OpenInputs]] = {**_LISTS, **dict.fromkeys(_TOOLS, _RecraftTool)}
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {f"images/{name}": CreatePath(f"images/{name}", inputs) for name, inputs in _INPUTS.items()}
)
LISTS = frozenset(f"images/{name}" for name in _LISTS)
"""Operations whose answer holds `data`; that of all others holds one `image`."""
