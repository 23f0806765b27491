"""Inputs of Jimeng's creates, by `req_key`.

Source: https://www.volcengine.com/docs/85621 (pages of the single models), read 2026-11.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.errors import FieldError
from tracker.domain.task import Task
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, ObjectIds

_OTHERS = re.compile(r"(?:jimeng|realman|pippit|high_aes|general)_[A-Za-z0-9_.]{1,100}")
"""Digital humans, models before 3.0 (`jimeng_high_aes_general_v21_L`, `high_aes_general_v20_L`),
agents (`pippit_iv2v_v20_cvtob`) and what comes: their fields are passed on as they are. Names:
https://www.volcengine.com/docs/85621 and 6791/1359424, as their callers send them on 2026-11-30.
"""
_MOST_BASE64 = 4_700_000 * 4 // 3 + 4
"""Characters of 4.7 MB in base64."""
Prompt = Annotated[str, Field(min_length=1, max_length=800)]
Side = Annotated[int, Field(ge=1)]
Url = Annotated[str, Field(min_length=1)]


class _Common(OpenInputs):
    req_key: str | None = None
    prompt: Prompt | None = None
    seed: Annotated[int, Field(ge=-1)] | None = None
    req_json: str | None = None


class _PictureInputs(_Common):
    prompt: Prompt
    image_urls: Annotated[list[Url], Field(max_length=10)] | None = None
    size: Side | None = None
    width: Side | None = None
    height: Side | None = None
    scale: Annotated[float, Field(ge=0, le=1)] | None = None
    force_single: bool | None = None


class _VideoCommon(_Common):
    frames: Literal[121, 241] | None = None
    aspect_ratio: Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"] | None = None
    image_urls: Annotated[list[Url], Field(max_length=2)] | None = None
    binary_data_base64: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=_MOST_BASE64)]],
            Field(max_length=2),
        ]
        | None
    ) = None


class _PromptVideo(_VideoCommon):
    prompt: Prompt


class _CameraVideo(_VideoCommon):
    template_id: Annotated[str, Field(min_length=1)]
    camera_strength: str | None = None


MODELS: Mapping[str, type[OpenInputs]] = MappingProxyType(
    {
        "jimeng_t2i_v40": _PictureInputs,
        "jimeng_t2i_v31": _PictureInputs,
        "jimeng_t2i_v30": _PictureInputs,
        "jimeng_i2i_v30": _PictureInputs,
        "jimeng_ti2v_v30_pro": _PromptVideo,
        "jimeng_t2v_v30": _PromptVideo,
        "jimeng_t2v_v30_1080p": _PromptVideo,
        "jimeng_i2v_first_v30": _VideoCommon,
        "jimeng_i2v_first_v30_1080": _VideoCommon,
        "jimeng_i2v_first_tail_v30": _VideoCommon,
        "jimeng_i2v_first_tail_v30_1080": _VideoCommon,
        "jimeng_i2v_recamera_v30": _CameraVideo,
    }
)
CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {name: CreatePath("", inputs) for name, inputs in MODELS.items()}
)
_IMAGES = ("image_urls", "binary_data_base64")


ROLE_ID = "resource_id"
_ROLE = "role"


def _iterate_roles(task: Task) -> Iterable[str | None]:
    return [piece.id for piece in task.artifacts if piece.key == ROLE_ID]


OBJECTS = ObjectIds(
    # A digital human, which a task for its picture makes: clients find its id in `resp_data` of
    # that task's result (https://www.volcengine.com/docs/86081, read by clients on 2026-11-30).
    fields={ROLE_ID: NamedObject(_ROLE)},
    results={_ROLE: _iterate_roles},
    continued=(_ROLE,),
    # Words for models and for movements of the camera.
    others=("req_key", "template_id"),
)


def is_model(name: str) -> bool:
    """Tell whether a text can be a `req_key`."""
    return name in MODELS or _OTHERS.fullmatch(name) is not None


def compute_seconds(operation: str, body: Mapping[str, Any]) -> Decimal | None:
    """Return the length of a video by its frames, 24 a second and one more; 121 where none stand.

    https://www.volcengine.com/docs/85621/1792702, read by clients on 2026-11-30.
    """
    is_video = any(mark in operation for mark in ("_t2v_", "_i2v_", "_ti2v_"))
    frames = body.get("frames") or (121 if is_video else None)
    return Decimal((frames - 1) // 24) if isinstance(frames, int) else None


def list_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return what single fields do not show: another model's name, too few or many pictures."""
    found = []
    if body.get("req_key", operation) != operation:
        found.append(FieldError("req_key", f"must be {operation}, or left out"))
    count = max(len(body.get(name) or ()) for name in _IMAGES)
    if "_i2v_" in operation and operation in MODELS:
        wanted = 2 if "_first_tail_" in operation else 1
        if count != wanted:
            reason = f"must have {wanted} pictures, or {_IMAGES[1]} must"
            found.append(FieldError(_IMAGES[0], reason))
    if operation == "jimeng_ti2v_v30_pro" and count > 1:
        found.append(FieldError(_IMAGES[0], "at most one picture"))
    return found
