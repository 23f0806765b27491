"""Make pieces of results out of what answers hold: addresses and texts."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tracker.domain.inline_files import is_name
from tracker.domain.outcome import Observed, PollOutcome

_KINDS = MappingProxyType(
    {
        **dict.fromkeys(("mp4", "webm", "mov"), "video"),
        **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif", "avif", "svg"), "image"),
        **dict.fromkeys(("mp3", "wav", "flac", "ogg", "m4a"), "audio"),
    }
)
"""Kinds of media by the ending of a URL's path."""
_PICTURES = MappingProxyType(
    {"jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "svg": "image/svg+xml"}
)
"""Media types by a word for the format."""


def web_url(value: Any) -> str | None:
    """Return an http(s) URL with a host; None for anything else."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return None
    try:
        return value if urlsplit(value).hostname else None
    except ValueError:  # what only begins like a URL
        return None


def expiring(outcome: PollOutcome, at: datetime) -> PollOutcome:
    """Return what a query brought, with the links of its pieces said to die at a time."""
    if not isinstance(outcome, Observed) or not outcome.observation.artifacts:
        return outcome
    pieces = tuple(replace(piece, expires_at=at) for piece in outcome.observation.artifacts)
    return Observed(replace(outcome.observation, artifacts=pieces))


def text_url(text: str) -> str:
    """Return a text as a data URL, for artifacts that are written and not fetched."""
    return f"data:text/plain;charset=utf-8,{quote(text, safe='', errors='replace')}"


def text_in(url: str | None) -> str:
    """Return the text of a data URL that `text_url` made; empty for anything else."""
    head, _, text = (url or "").partition(",")
    return unquote(text) if head.startswith("data:text/plain") else ""


def file_url(value: Any, form: str | None = None) -> str | None:
    """Return a picture that an answer holds as base64 as the URL of an artifact; None for none.

    Large ones were taken out while the answer was read, and a name stands in their place; small
    ones become data URLs. form: such as `webp`; of all other words it is a PNG.
    """
    if not isinstance(value, str) or not value:
        return None
    media_type = _PICTURES.get(form or "", "image/png")
    return value if is_name(value) else f"data:{media_type};base64,{value}"


def base64_in(url: str) -> str | None:
    """Return the base64 of a data URL; None for anything else."""
    head, comma, text = url.partition(",")
    return text if comma and head.startswith("data:") and head.endswith(";base64") else None


def kind_of(url: str) -> str | None:
    """Return the kind of media that the path of a URL ends for; None where it does not tell."""
    try:
        path = urlsplit(url).path
    except ValueError:  # what only begins like a URL
        return None
    return _KINDS.get(path.rsplit(".", 1)[-1].lower())
