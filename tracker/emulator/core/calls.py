"""Calls and answers as plain values, and the table that finds a path's handler. No HTTP."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NoReturn, Protocol
from urllib.parse import unquote

from tracker.emulator.core.refusals import Refusal, RefusalKind

__all__ = [
    "ApiCall",
    "ApiRoute",
    "ApiService",
    "Handler",
    "Pieces",
    "Reply",
    "RouteTable",
    "parse_json",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call to a provider, read whole."""

    method: str
    path: str
    """Still escaped, as it was sent, without the service's own prefix; begins with a slash."""
    headers: Mapping[str, str]
    """Names in lower case."""
    params: Mapping[str, str]
    """The query; of a repeated name the last."""
    query: Sequence[tuple[str, str]] = ()
    """The query as it came."""
    raw: bytes = b""
    base_url: str
    """Where result media are served, without a trailing slash."""
    root_url: str = ""
    """Scheme, host and prefix that the caller used: the base of per-task addresses."""
    request_id: str
    values: Mapping[str, str] = field(default_factory=dict)
    """The parts of the path that a route's pattern names, unescaped."""

    def parse_object(self) -> dict[str, object]:
        """Return the body as a JSON object; raises Refusal (invalid)."""
        body = parse_json(self.raw)
        if not isinstance(body, dict):
            raise Refusal(RefusalKind.INVALID, "the request body must be a JSON object")
        return body

    def query_values(self, name: str) -> Sequence[str]:
        """Return every value of a repeated name."""
        return [value for field_name, value in self.query if field_name == name]

    def parse_number(self, name: str, *, default: int, least: int = 0, most: int) -> int:
        """Return a whole number of the query; raises Refusal (invalid)."""
        text = self.params.get(name)
        if text is None:
            return default
        good = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not good or not least <= int(text) <= most:
            raise Refusal(RefusalKind.INVALID, f"{name} must be an integer from {least} to {most}")
        return int(text)


def parse_json(raw: bytes) -> object:
    """Return the parsed JSON, or None when it is none (NaN and Infinity are none)."""
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A body that comes piece by piece. Where its source raises BrokenAnswerSignal, it is cut."""

    source: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: JSON, or bytes with their media type."""

    body: object
    """Any JSON value; bytes and Pieces are sent as they are."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    """Of bytes; None: JSON, or octets."""


class ApiService(Protocol):
    """One protocol under its prefixes: a provider's own, or a gateway's in front of it."""

    @property
    def prefixes(self) -> Sequence[str]:
        """Paths under which it is served, each standing for a host of its own."""
        ...

    async def answer(self, call: ApiCall) -> Reply:
        """Answer; raises Refusal or BrokenAnswerSignal."""
        ...

    def refuse(self, refusal: Refusal, call: ApiCall) -> Reply:
        """Word a refusal as this protocol does."""
        ...


Handler = Callable[[ApiCall], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """A method and a path pattern, such as `/v1/jobs/{id}`, and the handler of its calls.

    A name in braces matches one segment; `{name:path}` matches the rest, slashes included.
    """

    method: str
    pattern: str
    handler: Handler

    @property
    def expression(self) -> re.Pattern[str]:
        """The pattern as a regular expression over the escaped path."""
        return _compile_pattern(self.pattern)


class RouteTable:
    """Finds the handler of a call by its method and path."""

    def __init__(self, routes: Sequence[ApiRoute]) -> None:
        """Take the routes; of two that fit, the first counts."""
        self._routes = routes

    async def answer(self, call: ApiCall) -> Reply:
        """Hand a call to its handler; raises Refusal for an unknown path or a wrong method."""
        is_known_path = False
        for route in self._routes:
            found = route.expression.fullmatch(call.path)
            if found is None:
                continue
            is_known_path = True
            if route.method == call.method:
                values = {name: unquote(text) for name, text in found.groupdict().items()}
                return await route.handler(replace(call, values=values))
        if is_known_path:
            raise Refusal(RefusalKind.WRONG_METHOD, "method not allowed")
        raise Refusal(RefusalKind.NO_SUCH_PATH, "no such path")


@cache
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a route's pattern, once for all emulators of a process."""
    pieces = re.split(r"(\{\w+(?::path)?\})", pattern)
    return re.compile("".join(_compile_piece(piece) for piece in pieces))


def _compile_piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    name, _, kind = piece[1:-1].partition(":")
    return f"(?P<{name}>{'.+' if kind else '[^/]+'})"
