"""Build calls whose body is a form (RFC 7578), and read the files that inputs hold as data URIs."""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from tracker.domain.exchange import HttpCall

_ENDINGS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file that an input holds."""

    media_type: str
    content: bytes = field(repr=False)


def read_file(uri: Any) -> FormFile | None:
    """Return the file that a data URI holds; None for anything else."""
    if not isinstance(uri, str) or not uri.startswith("data:"):
        return None
    head, comma, text = uri.removeprefix("data:").partition(",")
    media_type, _, rest = head.partition(";")
    if not comma:
        return None
    try:
        is_base64 = rest.lower().endswith("base64")
        content = b64decode(text, validate=True) if is_base64 else unquote_to_bytes(text)
    except (binascii.Error, ValueError):
        return None
    return FormFile(media_type.strip().lower() or "application/octet-stream", content)


def build_urlencoded_post(
    url: str, fields: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> HttpCall:
    """Build a POST of a urlencoded form."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return HttpCall("POST", url, dict(headers) | kind, urlencode(fields).encode())


def build_multipart(
    url: str, fields: Sequence[tuple[str, str | FormFile]], headers: Mapping[str, str]
) -> HttpCall:
    """Build a POST of a multipart form. Equal fields make equal bytes."""
    parts = [_encode_part(name, value, place) for place, (name, value) in enumerate(fields)]
    boundary = sha256(b"".join(parts)).hexdigest()
    opening = f"--{boundary}\r\n".encode()
    body = b"".join(opening + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return HttpCall("POST", url, dict(headers) | kind, body)


def _encode_part(name: str, value: str | FormFile, place: int) -> bytes:
    disposition = f'content-disposition: form-data; name="{name}"'
    if isinstance(value, str):
        return f"{disposition}\r\n\r\n{value}".encode("utf-8", "replace")
    ending = _ENDINGS.get(value.media_type, "bin")
    head = f'{disposition}; filename="{place}.{ending}"\r\ncontent-type: {value.media_type}\r\n\r\n'
    return head.encode("utf-8", "replace") + value.content
