"""Reading requests: path, host and body as plain values. Hostile input ends in Refusal."""

import json
import re

from starlette.requests import Request

from tracker.emulator.core.refusals import Refusal, RefusalKind

__all__ = ["find_base_url", "format_body", "get_raw_path", "read_body"]

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def get_raw_path(request: Request) -> str:
    """Return the path as it was sent: an external id may hold an escaped slash."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode("utf-8", "replace")
    return str(raw.decode("latin-1"))


async def read_body(request: Request, *, most: int) -> bytes:
    """Return the whole body, at most so many bytes; raises Refusal (too large) beyond."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > most:
            text = f"The request body is larger than {most} bytes"
            raise Refusal(RefusalKind.TOO_LARGE, text)
        body += chunk
    return bytes(body)


def format_body(raw: bytes) -> object:
    """Return a body for the log: its JSON, or its first characters."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:500].decode("utf-8", "replace")


def find_base_url(request: Request) -> str:
    """Return scheme and host the caller used; the server's own address when Host is no host."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("127.0.0.1", 80)
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"
