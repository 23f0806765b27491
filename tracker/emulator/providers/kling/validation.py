"""Checks of a create request, field by field. Says no by raising KlingRefusal; changes nothing.

Source: https://kling.ai/document-api (capability pages, error codes), read 2026-09. Texts follow
refusals seen in public material where there are any.
"""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from tracker.emulator.providers.kling.operations import KlingOperation
from tracker.emulator.providers.kling.refusals import KlingRefusal

__all__ = ["check_callback_url", "check_create", "find_field"]

_BAD_VALUE = 1201
_LONGEST_PROMPT = 2500
_MOST_IMAGES = 4
_MOST_PICTURES = 9
_LARGEST_IMAGE = 10 * 1024 * 1024
_ENUMS: Mapping[str, tuple[str, ...]] = {
    "model_name": ("kling-v1-6",),
    "mode": ("std", "pro"),
    "duration": ("5", "10"),
    "aspect_ratio": ("16:9", "9:16", "1:1"),
}


def check_create(operation: KlingOperation, body: Mapping[str, object]) -> None:
    """Refuse a create request the way the provider does; unknown fields are no reason."""
    for name in operation.required:
        if _is_missing(find_field(body, name)):
            raise KlingRefusal(_BAD_VALUE, f"{name} can not be null")
    if operation.one_of and all(_is_missing(body.get(name)) for name in operation.one_of):
        raise KlingRefusal(_BAD_VALUE, f"{' or '.join(operation.one_of)} can not be null")
    _check_common(body)
    if operation.is_strict:
        _check_multi_image(body)


def find_field(body: Mapping[str, object], name: str) -> object:
    """Return a field of a request; a dot in the name leads into an object."""
    value: object = body
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_missing(value: object) -> bool:
    return value is None or value in ("", [], {})


def _check_common(body: Mapping[str, object]) -> None:
    for name in ("prompt", "negative_prompt"):
        if len(_read_text(body, name)) > _LONGEST_PROMPT:
            raise KlingRefusal(_BAD_VALUE, f"{name} must be at most {_LONGEST_PROMPT} characters")
    _read_text(body, "external_task_id")
    check_callback_url(_read_text(body, "callback_url"))
    if body.get("n", 1) not in range(1, _MOST_PICTURES + 1) or not isinstance(
        body.get("n", 1), int
    ):
        raise KlingRefusal(_BAD_VALUE, f"n must be an integer from 1 to {_MOST_PICTURES}")
    if not isinstance(body.get("watermark_info", {}), dict | list | None):
        raise KlingRefusal(_BAD_VALUE, "watermark_info must be an object")


def _check_multi_image(body: Mapping[str, object]) -> None:
    images = body["image_list"]
    if not isinstance(images, list) or not 1 <= len(images) <= _MOST_IMAGES:
        raise KlingRefusal(_BAD_VALUE, f"image_list must hold 1 to {_MOST_IMAGES} images")
    for item in images:
        _check_image(item.get("image") if isinstance(item, dict) else None)
    for name, allowed in _ENUMS.items():
        if body.get(name) is not None and body[name] not in allowed:
            raise KlingRefusal(_BAD_VALUE, f"{name} must be one of {', '.join(allowed)}")


def _check_image(image: object) -> None:
    if not isinstance(image, str) or not image:
        raise KlingRefusal(_BAD_VALUE, "image can not be null")
    if image.startswith(("http://", "https://")):
        return
    try:
        size = len(base64.b64decode(image, validate=True))
    except (binascii.Error, ValueError):  # also a `data:` prefix: raw base64 only
        raise KlingRefusal(_BAD_VALUE, "File is not in a valid base64 format") from None
    if size > _LARGEST_IMAGE:
        raise KlingRefusal(_BAD_VALUE, "image must be at most 10MB")


def check_callback_url(url: str) -> None:
    """Refuse (1201) what is no absolute URL; an empty one is none."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise KlingRefusal(_BAD_VALUE, "callback_url is not a valid URL")


def _read_text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise KlingRefusal(_BAD_VALUE, f"{name} must be a string")
    return value
