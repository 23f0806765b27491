"""The provider's street side: reads a call, finds its face, writes both down. No protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.emulator.core.engine import Emulator, RequestRecord
from tracker.emulator.core.journal import trimmed
from tracker.emulator.core.task_access import Spoil
from tracker.emulator.http.answers import json_answer, spoiled
from tracker.emulator.http.reading import base_url_of, logged_body, raw_path, read_body
from tracker.emulator.providers.kling.wire import Refusal
from tracker.emulator.providers.kling.words import Name

__all__ = ["Call", "Door", "Face"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, read whole."""

    method: str
    path: str
    """As it was sent, still escaped, without the face's own prefix; begins with a slash."""
    headers: Mapping[str, str]
    """Names in lower case."""
    params: Mapping[str, str]
    raw: bytes = b""
    base_url: str
    """Where result media are served, without a trailing slash."""
    request_id: str


class Face(Protocol):
    """One protocol: the provider's own, or a gateway's."""

    @property
    def prefixes(self) -> Sequence[str]:
        """Paths under which it is served, each standing for a host of its own."""
        ...

    async def answer(self, call: Call) -> object:
        """The JSON of a good answer (HTTP 200); raises Refusal or Spoil."""
        ...

    def refuse(self, refusal: Refusal, call: Call) -> tuple[int, object]:
        """HTTP status and JSON of a bad one."""
        ...


class Door:
    """ASGI app for everything that the provider and its gateways serve."""

    def __init__(self, emulator: Emulator, faces: Sequence[Face]) -> None:
        """Serve these faces; of two prefixes that fit the longer one counts."""
        self._emulator = emulator
        pairs = [(prefix, face) for face in faces for prefix in face.prefixes]
        self._faces = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write it down."""
        request = Request(scope, receive)
        record = RequestRecord(
            at=self._emulator.now_ms(),
            method=request.method,
            path=scope["path"][:500],
            query=scope["query_string"][:500].decode("latin-1"),
        )
        self._emulator.requests.add(record)
        try:
            response = await self._answer(request, record)
        except ClientDisconnect:
            record.answer = "caller went away"
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, record: RequestRecord) -> Response:
        face, path = self._find(raw_path(request))
        call = Call(
            method=request.method,
            path=path,
            headers={name.lower(): value for name, value in request.headers.items()},
            params=dict(request.query_params),
            base_url=(self._emulator.config.public_url or base_url_of(request)).rstrip("/"),
            request_id=self._emulator.new_request_id(),
        )
        headers: dict[str, str] = {}
        try:
            call = await self._read(request, call, record)
            status, body = 200, await face.answer(call)
        except Spoil as spoil:
            record.answer = spoil.how.value
            return spoiled(spoil.how, self._emulator.closing)
        except Refusal as refusal:
            status, body = face.refuse(refusal, call)
            if refusal.retry_after is not None:
                headers["retry-after"] = str(refusal.retry_after)
        record.status, record.answer = status, trimmed(body)
        return json_answer(body, status, headers)

    async def _read(self, request: Request, call: Call, record: RequestRecord) -> Call:
        """The call with its body; raises Refusal."""
        raw = await read_body(request, most=self._emulator.config.max_body_bytes)
        if raw:
            record.body = trimmed(logged_body(raw))
        if self._emulator.scenario.has(Name.DOWN):
            raise Refusal(5001, "Server temporarily unavailable, usually for maintenance")
        return replace(call, raw=raw)

    def _find(self, path: str) -> tuple[Face, str]:
        for prefix, face in self._faces:
            if path.startswith(f"{prefix}/"):
                return face, path.removeprefix(prefix)
        return self._faces[-1][1], path  # the face without a prefix says no
