"""The fields of a create body in plain values, of either dialect. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.emulator.providers.kling.operations import KlingOperation

__all__ = [
    "CreateFields",
    "read_legacy_fields",
    "read_seconds",
    "read_standard_fields",
    "read_text",
]

_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFields:
    """A create request that passed validation, as far as the emulator acts on it."""

    external_id: str | None = None
    callback_url: str | None = None
    callback_secret: str | None = None
    duration: float = 5.0
    """Seconds."""
    mode: str = "std"
    pictures: int = 1
    is_series: bool = False
    session_id: str | None = None
    parent_id: str | None = None
    parent_url: str | None = None


def read_legacy_fields(
    body: Mapping[str, object], operation: KlingOperation, *, callback_field: str = "callback_url"
) -> CreateFields:
    """Read the fields of a body with everything at the top level."""
    number = body.get("n", 1)
    return CreateFields(
        external_id=read_text(body, "external_task_id") or None,
        callback_url=read_text(body, callback_field) or None,
        duration=read_seconds(body.get("duration")),
        mode=read_text(body, "mode"),
        pictures=number if isinstance(number, int) and operation.costs_pictures else 1,
        is_series=body.get("result_type") == "series",
        session_id=read_text(body, "session_id") or None,
        parent_id=read_text(body, "video_id") or None,
        parent_url=read_text(body, "video_url") or None,
    )


def read_standard_fields(body: Mapping[str, object]) -> CreateFields:
    """Read a body with `settings` and `options`; whatever else stands at the top is ignored."""
    settings, options = body.get("settings"), body.get("options")
    settings = settings if isinstance(settings, Mapping) else {}
    options = options if isinstance(options, Mapping) else {}
    return CreateFields(
        external_id=read_text(options, "external_task_id") or None,
        callback_url=read_text(options, "callback_url") or None,
        duration=read_seconds(settings.get("duration")),
        mode="pro" if settings.get("resolution") in {"1080p", "4k"} else "std",
    )


def read_seconds(value: object) -> float:
    """Requested seconds; what cannot be read counts as the default of 5."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 5.0
    except (ValueError, OverflowError):
        return 5.0
    return seconds if 0 < seconds <= 300 else 5.0


def read_text(body: Mapping[str, object], name: str) -> str:
    """Return a text of a body, cut to a sane length; empty when there is none."""
    value = body.get(name)
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
