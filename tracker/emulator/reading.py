"""Reading requests: path, query and body as plain values. Hostile input ends in Refusal.

Source: reference: Kling API, legacy capability pages, as of 2026-09.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote

from starlette.requests import Request

from tracker.emulator.operations import OPERATIONS, Operation
from tracker.emulator.wire import Refusal

__all__ = [
    "Target",
    "base_url_of",
    "find_target",
    "logged_body",
    "marked_texts",
    "parse_body",
    "query_number",
    "read_body",
    "try_key",
]

_COSTS = ("account/costs", "v1/account/costs")
_LONGEST_MARKED_TEXT = 3000
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: an operation and perhaps one task of it, or the account's costs."""

    operation: Operation | None
    """None: the account's costs."""
    reference: str = ""
    """A task id or external id; empty: all tasks of the operation."""


def find_target(request: Request, prefixes: Sequence[str]) -> Target:
    """What the path names, under the first prefix that makes sense; raises Refusal (1203)."""
    # The raw path: an external id may hold an escaped slash.
    raw = request.scope.get("raw_path") or request.scope["path"].encode("utf-8", "replace")
    path = raw.decode("latin-1")
    for prefix in prefixes:
        if path.startswith(f"{prefix}/"):
            found = _find(path.removeprefix(f"{prefix}/").rstrip("/"))
            if found is not None:
                return found
    raise Refusal(1203, "The requested resource does not exist")


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
    request: Request, name: str, *, default: int | None = None, least: int = 1, most: int
) -> int:
    """A whole number from the query; raises Refusal (1201) when it is wrong or missing."""
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    good = text is not None and text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not good or text is None or not least <= int(text) <= most:
        raise Refusal(1201, f"{name} must be an integer from {least} to {most}")
    return int(text)


def marked_texts(body: Mapping[str, object]) -> list[str]:
    """Texts a scenario marker may stand in: any short one at the top, where prompts are."""
    texts = [value for name, value in body.items() if name != "callback_url"]
    return [text for text in texts if isinstance(text, str) and len(text) <= _LONGEST_MARKED_TEXT]


def try_key(body: Mapping[str, object], raw: bytes) -> str:
    """What makes two create calls tries of one thing: the external id, else the whole body."""
    return str(body.get("external_task_id") or hashlib.sha256(raw).hexdigest())


def base_url_of(request: Request) -> str:
    """Scheme and host the caller used; the server's own address when Host is no host."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("127.0.0.1", 80)
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"


def _find(path: str) -> Target | None:
    if path in _COSTS:
        return Target(None)
    version, _, rest = path.partition("/")
    parts = rest.split("/")
    for length in (3, 2):  # the longer name first: videos/avatar/image2video
        operation = OPERATIONS.get("/".join(parts[:length]))
        if version == "v1" and operation is not None:
            return Target(operation, unquote("/".join(parts[length:])))
    return None


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)
