"""Inputs of fal's creates: the model's own input, and what the queue is told besides.

The names are those of the official clients' options (PyPI fal-client 1.0.3, npm @fal-ai/client
1.10.1), the headers those of https://docs.fal.ai/model-endpoints/queue; read 2026-11.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_PART = r"[A-Za-z0-9][\w.-]{0,63}"
_NAMESPACES = ("workflows", "comfy")
"""Words that may stand before the owner (npm @fal-ai/client, utils.ts)."""
APP = re.compile(rf"(?:(?:{'|'.join(_NAMESPACES)})/)?{_PART}/{_PART}(?:/{_PART}){{0,6}}", re.ASCII)
"""A model's name: `owner/app`, and mostly a path behind it."""


def _check_hint(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("must be printable ASCII")
    return value


class FalInputs(BaseModel):
    """Nothing is known of the model's own input: each has a schema of its own."""

    model_config = ConfigDict(extra="forbid", strict=True)

    input: dict[str, Any]
    priority: Literal["normal", "low"] | None = None
    start_timeout: Annotated[float, Field(gt=1, le=86_400)] | None = None
    hint: Annotated[str, Field(max_length=200), AfterValidator(_check_hint)] | None = None
    no_retry: bool | None = None
    store_io: bool | None = None
    object_lifecycle: dict[str, Any] | None = None


def build_queue_headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers for what the queue is told of a create."""
    found: dict[str, str] = {}
    if "priority" in body:
        found["x-fal-queue-priority"] = body["priority"]
    if "start_timeout" in body:
        found["x-fal-request-timeout"] = f"{body['start_timeout']:g}"
    if "hint" in body:
        found["x-fal-runner-hint"] = body["hint"]
    if body.get("no_retry"):
        found["x-fal-no-retry"] = "1"
    if "store_io" in body:
        found["x-fal-store-io"] = str(int(body["store_io"]))
    if "object_lifecycle" in body:
        found["x-fal-object-lifecycle-preference"] = json.dumps(body["object_lifecycle"])
    return found


def read_app(operation: str) -> str:
    """Return the part of a model's name that the addresses of its requests have: `owner/app`."""
    parts = operation.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])
