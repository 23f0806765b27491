"""Creates of Midjourney proxies: their inputs and limits, and the task that an input continues.

Sources: the submit controllers of https://github.com/novicezk/midjourney-proxy and
https://github.com/trueai-org/midjourney-proxy; https://docs.newapi.pro (Midjourney); read 2026-11.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs

Text = Annotated[str, Field(min_length=1)]
Picture = Annotated[str, Field(min_length=1)]
"""A data URL, or bare base64."""
Named = Annotated[str, Field(min_length=1)] | int
"""A task, by its name; clients send decimal names as numbers."""
Mode = Annotated[str, Field(pattern=r"(?i)^(fast|turbo|relax)$")]
_SIMPLE_CHANGE = re.compile(r"\s*(\S+)\s+([UV][1-4]|R)\s*", re.IGNORECASE)


class _CreateInput(BaseModel):
    """Fields that are not named here are passed on.

    state: the caller's own text; it is shown to the caller, and an id of ours is sent instead.
    mode:  the speed, `fast`, `turbo` or `relax`, where the proxy has paths for them.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    state: Annotated[str, Field(max_length=2000)] | None = None
    mode: Mode | None = None


class _ImagineInput(_CreateInput):
    prompt: Text
    base64Array: list[Picture] | None = None  # noqa: N815 - the wire's names
    base64: str | None = None
    botType: str | None = None  # noqa: N815
    accountFilter: OpenInputs | None = None  # noqa: N815


class _BlendInput(_CreateInput):
    base64Array: list[Picture] = Field(min_length=2, max_length=5)  # noqa: N815
    dimensions: Literal["PORTRAIT", "SQUARE", "LANDSCAPE"] | None = None


class _DescribeInput(_CreateInput):
    base64: Picture | None = None
    link: Text | None = None


class _ShortenInput(_CreateInput):
    prompt: Text


class _ChangeInput(_CreateInput):
    taskId: Named  # noqa: N815
    action: Literal["UPSCALE", "VARIATION", "REROLL"]
    index: int | None = Field(None, ge=1, le=4)


class _SimpleChangeInput(_CreateInput):
    content: str


class _ActionInput(_CreateInput):
    taskId: Named  # noqa: N815
    customId: Text  # noqa: N815


class _ModalInput(_CreateInput):
    taskId: Named  # noqa: N815
    prompt: str | None = None
    maskBase64: str | None = None  # noqa: N815


class _EditInput(_CreateInput):
    prompt: Text
    image: Picture
    maskBase64: str | None = None  # noqa: N815


class _PictureInput(_CreateInput):
    """Operations of one proxy alone: what else they take is passed on."""

    prompt: str | None = None
    image: Picture | None = None
    jobId: str | None = None  # noqa: N815


class _VideoInput(_CreateInput):
    prompt: str | None = None
    image: Picture | None = None
    endImage: Picture | None = None  # noqa: N815
    motion: Literal["low", "high"] | None = None
    loop: bool | None = None
    videoType: str | None = None  # noqa: N815
    batchSize: Literal[1, 2, 4] | None = None  # noqa: N815
    action: str | None = None
    taskId: Named | None = None  # noqa: N815
    index: int | None = Field(None, ge=0, le=3)


class _SwapInput(_CreateInput):
    sourceBase64: Picture  # noqa: N815
    targetBase64: Picture  # noqa: N815


CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        "imagine": CreatePath("submit/imagine", _ImagineInput),
        "blend": CreatePath("submit/blend", _BlendInput),
        "describe": CreatePath("submit/describe", _DescribeInput),
        "shorten": CreatePath("submit/shorten", _ShortenInput),
        "change": CreatePath("submit/change", _ChangeInput),
        "simple-change": CreatePath("submit/simple-change", _SimpleChangeInput),
        "action": CreatePath("submit/action", _ActionInput),
        "modal": CreatePath("submit/modal", _ModalInput),
        "edit": CreatePath("submit/edit", _EditInput),
        "edits": CreatePath("submit/edits", _EditInput),
        "retexture": CreatePath("submit/retexture", _PictureInput),
        "show": CreatePath("submit/show", _PictureInput),
        "video": CreatePath("submit/video", _VideoInput),
        "insight-face/swap": CreatePath("insight-face/swap", _SwapInput),
    }
)
_CONTINUING = frozenset({"change", "action", "modal", "video"})
"""Operations whose input may name a task, as `taskId`."""


def check_whole(operation: str, body: Mapping[str, Any]) -> None:
    """Raise InvalidRequest for a field that others of a valid input ask for."""
    missing = None
    match operation:
        case "describe" if "base64" not in body and "link" not in body:
            missing = "base64"
        case "change" if body["action"] != "REROLL" and "index" not in body:
            missing = "index"
        case "video" if body.get("action") == "extend":
            missing = next((name for name in ("taskId", "index") if name not in body), None)
        case "video" if not body.get("prompt"):
            missing = "prompt"
    if missing is not None:
        raise InvalidRequest(FieldError(missing, "is required"))


def find_continued(operation: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the field that names the task which an input continues, and the name.

    None for an input that continues none.
    """
    if operation == "simple-change":
        found = _SIMPLE_CHANGE.fullmatch(body["content"])
        if found is None:
            raise InvalidRequest(FieldError("content", "must be: ID U1 … U4, V1 … V4 or R"))
        return "content", found[1]
    named = body.get("taskId") if operation in _CONTINUING else None
    return None if named is None or named == "" else ("taskId", str(named))


def put_their_id(operation: str, body: Mapping[str, Any], theirs: str) -> Mapping[str, Any]:
    """Return an input with the proxy's id in place of our name of the task that it continues."""
    if operation != "simple-change":
        return {**body, "taskId": theirs}
    found = _SIMPLE_CHANGE.fullmatch(body["content"])
    change = "" if found is None else found[2].upper()
    return {**body, "content": f"{theirs} {change}"}
