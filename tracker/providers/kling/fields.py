"""Field types that several operations share. Limits: Kling's capability pages, 2026-09."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import core_schema

from tracker.domain.long_texts import measure_base64

WATERMARK = "watermark_url"
"""The field of a piece that callbacks leave out."""
MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_SOUND_BYTES = 5 * 1024 * 1024
MAX_ID_CHARS = 256
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _check_http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable or _CONTROL.search(value) or " " in value:
        raise ValueError("must be an absolute http or https URL")
    return value


def _check_url_or_base64(value: str, *, limit: int) -> str:
    if value.startswith("data:"):
        raise ValueError("must be raw base64 without the data: prefix, or a URL")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
        return _check_http_url(value)
    try:
        size = measure_base64(value)
    except ValueError:  # also for text beyond ASCII
        raise ValueError("must be an http or https URL, or raw base64") from None
    if not size:
        raise ValueError("must not be empty")
    if size > limit:
        raise ValueError(f"at most {limit // (1024 * 1024)} MB, got {size} bytes")
    return value


def _check_image(value: str) -> str:
    return _check_url_or_base64(value, limit=MAX_IMAGE_BYTES)


def _check_sound(value: str) -> str:
    return _check_url_or_base64(value, limit=MAX_SOUND_BYTES)


def check_id(value: str) -> str:
    """Return an external id; raises ValueError when it is too long or not printable."""
    if len(value) > MAX_ID_CHARS:
        raise ValueError(f"at most {MAX_ID_CHARS} characters, got {len(value)}")
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


@dataclass(frozen=True, slots=True)
class _AtMost:
    """A limit of characters, in words of ours, that the JSON Schema names too."""

    limit: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "maxLength": self.limit}

    def _check(self, value: str) -> str:
        if len(value) > self.limit:
            raise ValueError(f"at most {self.limit} characters, got {len(value)}")
        return value


_ID_SCHEMA = WithJsonSchema({"type": "string", "maxLength": MAX_ID_CHARS})
ExternalId = Annotated[str, AfterValidator(check_id), _ID_SCHEMA]


HttpUrl = Annotated[str, AfterValidator(_check_http_url)]
CallbackUrl = Annotated[str, AfterValidator(lambda value: value and _check_http_url(value))]
"""Empty means none, as with the external id: generated clients send every field they know."""
Image = Annotated[str, AfterValidator(_check_image)]
Sound = Annotated[str, AfterValidator(_check_sound)]
Filled = Annotated[str, Field(min_length=1)]
Prompt = Annotated[str, _AtMost(2500)]
ShortPrompt = Annotated[str, _AtMost(200)]
ShotPrompt = Annotated[str, _AtMost(512)]
Text120 = Annotated[str, _AtMost(120)]
VoiceName = Annotated[str, Field(min_length=1), _AtMost(20)]
Unit = Annotated[float, Field(ge=0, le=1)]
Double = Annotated[float, Field(ge=0, le=2)]
Count = Annotated[int, Field(ge=1, le=9)]
Mode = Literal["std", "pro", "4k"]
Switch = Literal["on", "off"]
YesNo = Literal["yes", "no"]
Seconds = Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]
AspectRatio = Literal["16:9", "9:16", "1:1"]
ImageRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]


def list_wishes(watermark_info: dict[str, Any] | None) -> tuple[str, ...]:
    """List the requested results that only queries show (callbacks page, 2026-09)."""
    return (WATERMARK,) if (watermark_info or {}).get("enabled") is True else ()


class NestedObject(BaseModel):
    """A nested object: the known fields checked, unknown ones passed through."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        protected_namespaces=(),
        defer_build=True,  # dozens of models, of which a process uses few
    )


class OperationInput(NestedObject):
    """The fields of every operation.

    lists_every_field: the fields of Kling's page are all here, so that another is worth a warning.
    """

    lists_every_field: ClassVar[bool] = True

    callback_url: CallbackUrl | None = None
    external_task_id: ExternalId | None = None
    watermark_info: dict[str, Any] | None = None

    def count_slots(self) -> int:
        """Return how many of the account's concurrency slots the task takes (concurrency page)."""
        return 1
