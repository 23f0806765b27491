"""Reading requests: path, query and body as plain values. Hostile input ends in Refusal.

Source: reference: Kling API, legacy capability pages, as of 2026-09.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import NoReturn

from starlette.requests import Request

from tracker.emulator.providers.kling.wire import Refusal

__all__ = [
    "base_url_of",
    "logged_body",
    "parse_body",
    "query_number",
    "raw_path",
    "read_body",
    "try_key",
]

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def raw_path(request: Request) -> str:
    """The path as it was sent: an external id may hold an escaped slash."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode("utf-8", "replace")
    return str(raw.decode("latin-1"))


async def read_body(request: Request, *, most: int) -> bytes:
    """The whole body, at most so many bytes; raises Refusal (1200) beyond."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > most:
            raise Refusal(1200, f"The request body is larger than {most} bytes")
        body += chunk
    return bytes(body)


def parse_body(raw: bytes) -> dict[str, object]:
    """The JSON object of a create request; raises Refusal (1200)."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal(1200, "The request body must be a JSON object")
    return body


def logged_body(raw: bytes) -> object:
    """A body for the log, whatever it is."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:500].decode("utf-8", "replace")


def query_number(
    params: Mapping[str, str], name: str, *, default: int | None = None, least: int = 1, most: int
) -> int:
    """A whole number from the query; raises Refusal (1201) when it is wrong or missing."""
    text = params.get(name)
    if text is None and default is not None:
        return default
    good = text is not None and text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not good or text is None or not least <= int(text) <= most:
        raise Refusal(1201, f"{name} must be an integer from {least} to {most}")
    return int(text)


def try_key(external_id: object, raw: bytes) -> str:
    """What makes two create calls tries of one thing: the external id, else the whole body."""
    return str(external_id or hashlib.sha256(raw).hexdigest())


def base_url_of(request: Request) -> str:
    """Scheme and host the caller used; the server's own address when Host is no host."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("127.0.0.1", 80)
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)
