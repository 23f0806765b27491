"""The new standard: the model in the path, outputs and billing in lists (general since 2026-07-15).

Source: Kling's pages on 2.6 text-to-video, 3.0 Turbo image-to-video and drama-subtitle, 2026-09.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.validation import FieldFlaw, list_field_errors
from tracker.providers.kling.fields import (
    CallbackUrl,
    ExternalId,
    Filled,
    NestedObject,
    Prompt,
    list_wishes,
)
from tracker.providers.kling.given import set_fields
from tracker.providers.ports.adapter import Request

PRODUCTS = ("text-to-video", "image-to-video", "omni-video", "motion-control", "solutions")
"""First parts of the path; the second is a model, or a solution's name."""
_OPERATION = re.compile(rf"({'|'.join(PRODUCTS)})/[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}")
SOLUTIONS = "solutions/"
_MISPLACED = ("callback_url", "external_task_id")
"""Fields of the legacy dialect's top level. Kling ignores them here (an integrator's live checks,
2026-09-28), and the caller would wait for a callback that never comes."""


class VideoSettings(NestedObject):
    """`settings`."""

    resolution: Literal["480p", "720p", "1080p", "4k"] | None = None
    aspect_ratio: Filled | None = None
    duration: int | None = Field(None, ge=1, le=60)
    audio: Literal["native", "off", "original"] | None = None


class Options(NestedObject):
    """`options`."""

    callback_url: CallbackUrl | None = None
    external_task_id: ExternalId | None = None
    watermark_info: dict[str, Any] | None = None


class Content(NestedObject):
    """One of `contents`."""

    type: Filled


class Solution(NestedObject):
    """`solutions/{name}`: each has fields of its own, but the options are common."""

    options: Options | None = None


class Generation(Solution):
    """The four products that make a video."""

    prompt: Prompt | None = None
    contents: list[Content] | None = Field(None, min_length=1)
    settings: VideoSettings | None = None

    @field_validator("contents", mode="after")
    @classmethod
    def _require_content(cls, value: list[Content] | None) -> list[Content] | None:
        for number, content in enumerate(value or ()):
            said = content.model_extra or {}
            if not any(said.get(name) for name in ("text", "url", "element_id")):
                raise ValueError(f"item {number} needs a text, a url or an element_id")
        return value

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not self.prompt and not self.contents:
            raise FieldFlaw("prompt", "prompt is required (or contents)")
        return self


def is_standard(operation: str) -> bool:
    """Return true if an operation is of this dialect, e.g. `text-to-video/kling-3.0`."""
    return _OPERATION.fullmatch(operation) is not None


def is_solution(operation: str) -> bool:
    """Tell whether an operation is a solution: these have a query path of their own."""
    return operation.startswith(SOLUTIONS)


def find_model(operation: str) -> type[Solution | Generation]:
    """Return the model of an operation of this dialect."""
    return Solution if is_solution(operation) else Generation


def check(operation: str, input_: Mapping[str, Any]) -> Request:
    """Return the input of an operation, validated, without what is not set.

    Unknown fields pass through. Raises InvalidRequest naming every wrong field, and what stands
    where nobody would read it.
    """
    model = find_model(operation)
    input_ = set_fields(model, input_, is_strict=True)
    wrong = [
        FieldError(name, "belongs under options here; at the top level the provider ignores it")
        for name in _MISPLACED
        if input_.get(name)
    ]
    try:
        read = model.model_validate(input_)
    except ValidationError as error:
        raise InvalidRequest(*wrong, *list_field_errors(error)) from None
    if wrong:
        raise InvalidRequest(*wrong)
    options = read.options or Options()
    body = {name: value for name, value in input_.items() if name not in _MISPLACED}
    if "options" in body:
        body["options"] = {k: v for k, v in body["options"].items() if k not in _MISPLACED}
    return Request(
        body=body,
        external_task_id=options.external_task_id or None,
        callback_url=options.callback_url or None,
        wants=list_wishes(options.watermark_info),
    )


def move_to_options(
    body: Mapping[str, Any], *, external_task_id: str, callback_url: str | None
) -> dict[str, Any]:
    """Return the body as it is sent: our id and our callback URL under `options`."""
    options = dict(body.get("options") or {}) | {"external_task_id": external_task_id}
    if callback_url is not None:
        options["callback_url"] = callback_url
    return dict(body) | {"options": options}
