"""Make pieces of results out of what answers hold: addresses, texts, small files."""

import re
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tracker.domain.inline_files import is_name, read_lost_reason
from tracker.domain.media_type import FIRST_BYTES, OCTETS, detect_media_type, find_type_flaw
from tracker.domain.outcome import Observed, PollOutcome
from tracker.domain.task import Artifact, ArtifactState

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
_MOST_ENVELOPES = 3
MOST_HELD = 16 * 1024 * 1024
"""Characters of a picture that stands in the text of an answer: more than an answer may have."""
_DATA_HEAD = re.compile(r"data:[\w.+/;=-]*;base64")
_NO_PICTURE = "what stands in its place is no picture"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+", re.ASCII)
_URL_SAFE = str.maketrans("-_", "+/")


_NO_HOSTS = ("", "null", "undefined", "none", "nan")
"""Hosts of URLs that were put together without their value, in lower case."""


def read_web_url(value: Any) -> str | None:
    """Return an http(s) URL with a host, without white space around it; None for anything else."""
    if not isinstance(value, str):
        return None
    url = value.strip()
    if not url[:8].lower().startswith(("https://", "http://")):
        return None
    try:
        return None if (urlsplit(url).hostname or "").strip() in _NO_HOSTS else url
    except ValueError:  # what only begins like a URL
        return None


def set_expiry(outcome: PollOutcome, at: datetime) -> PollOutcome:
    """Return what a query brought, with the links of its pieces said to die at a time."""
    if not isinstance(outcome, Observed) or not outcome.observation.artifacts:
        return outcome
    pieces = tuple(replace(piece, expires_at=at) for piece in outcome.observation.artifacts)
    return Observed(replace(outcome.observation, artifacts=pieces))


def build_text_url(text: str) -> str:
    """Return a text as a data URL, for artifacts that are written and not fetched."""
    return f"data:text/plain;charset=utf-8,{quote(text, safe='', errors='replace')}"


def read_text_url(url: str | None) -> str:
    """Return the text of a data URL that `text_url` made; empty for anything else."""
    head, _, text = (url or "").partition(",")
    return unquote(text) if head.startswith("data:text/plain") else ""


def build_file_url(value: Any, form: str | None = None) -> str | None:
    """Return a picture that an answer holds as base64 as the URL of an artifact; None for none.

    Large ones were taken out while the answer was read, and a name stands in their place; small
    ones become data URLs, however their base64 is written. A text that is none is no picture.
    form: such as `webp`, where the picture does not tell; of all other words it is a PNG.
    """
    if not isinstance(value, str) or not value:
        return None
    if is_name(value):
        return value
    head, comma, text = value.rpartition(",")
    if comma and _DATA_HEAD.fullmatch(head.strip()) is None:
        return None
    plain = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    if len(plain) % 4 == 1 or _BASE64.fullmatch(plain) is None:
        return None
    told = detect_media_type(a2b_base64(f"{plain[: FIRST_BYTES * 2]}==="))
    if find_type_flaw("image", told) is not None:
        return None
    media_type = _PICTURES.get(form or "", "image/png") if told == OCTETS else told
    return f"data:{media_type};base64,{plain}{'=' * (-len(plain) % 4)}"


def list_pictures(parsed: Any) -> Sequence[Mapping[str, Any]] | None:
    """Return the pictures of an answer in the format of OpenAI's images; None where it has none.

    In `data`, in Recraft's `image`, in `images`, or alone; an object, or an address or base64
    without one. `data` may be an envelope of such an answer.
    """
    if isinstance(parsed, str):
        return [_make_picture(parsed)]
    for _ in range(_MOST_ENVELOPES):
        inner = parsed.get("data") if isinstance(parsed, dict) else None
        if not isinstance(inner, dict) or {"b64_json", "url"} & inner.keys():
            break
        parsed = inner
    if not isinstance(parsed, dict):
        return None
    data, image, images = (parsed.get(name) for name in ("data", "image", "images"))
    if not data and isinstance(images, list):
        data = images  # of SiliconFlow: docs.siliconflow.cn, images-generations, read 2026-11-30
    several = [*(data if isinstance(data, list) else [data]), image]
    found = [
        one if isinstance(one, dict) else _make_picture(one)
        for one in several
        if isinstance(one, dict) or (isinstance(one, str) and one)
    ]
    return found if found or isinstance(data, list) else None


def _make_picture(value: str) -> Mapping[str, Any]:
    return {"url": value} if read_web_url(value) else {"b64_json": value}


def find_picture_url(picture: Mapping[str, Any], form: str | None = None) -> str | None:
    """Return the URL of a picture that holds it as base64, or its address, in either field."""
    held, url = picture.get("b64_json"), picture.get("url")
    by_field = build_file_url(held, form) or read_web_url(url) or read_web_url(held)
    return by_field or (build_file_url(url, form) if _is_held(url) else None)


def make_lost_pieces(found: Sequence[Mapping[str, Any]]) -> list[Artifact]:
    """Return the pictures of an answer that cannot be read, each as a piece that failed, with why.

    found: see `list_pictures`.
    """
    pieces = []
    for place, one in enumerate(found):
        held = one.get("b64_json") or one.get("url")
        if (
            find_picture_url(one) is None
            and isinstance(held, str)
            and held
            and not read_web_url(held)
        ):
            pieces.append(
                make_lost_piece("image", f"image-{place}", read_lost_reason(held) or _NO_PICTURE)
            )
    return pieces


def find_common_loss(found: Sequence[Mapping[str, Any]]) -> str | None:
    """Return why no picture of an answer can be read, where each was a file; None: one can.

    Such an answer proves neither a result nor a failure: something was made.
    """
    if any(find_picture_url(one) for one in found):
        return None
    held = [one.get("b64_json") or one.get("url") for one in found]
    reason = next(filter(None, map(read_lost_reason, held)), None)
    return None if reason is None else f"no picture of the answer can be read: {reason}"


def make_lost_piece(kind: str, key: str, reason: str) -> Artifact:
    """Return a piece of a result whose file came and could not be read."""
    return Artifact(kind, None, key=key, state=ArtifactState.FAILED, extra={"error": reason})


def _is_held(url: Any) -> bool:
    return isinstance(url, str) and (is_name(url) or url.startswith("data:"))


def read_base64(url: str) -> str | None:
    """Return the base64 of a data URL; None for anything else."""
    head, comma, text = url.partition(",")
    return text if comma and head.startswith("data:") and head.endswith(";base64") else None


def guess_kind(url: str) -> str | None:
    """Return the kind of media that the path of a URL ends for; None where it does not tell."""
    try:
        path = urlsplit(url).path
    except ValueError:  # what only begins like a URL
        return None
    return _KINDS.get(path.rsplit(".", 1)[-1].lower())
