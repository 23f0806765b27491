"""The entry of all providers' calls: reads a call, finds its service, writes both down."""

from dataclasses import replace

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.emulator.core.calls import ApiCall, ApiService, Pieces, Reply
from tracker.emulator.core.emulator import Emulator, RequestRecord
from tracker.emulator.core.journal import trim
from tracker.emulator.core.provider import EmulatedProvider
from tracker.emulator.core.refusals import BrokenAnswerSignal, Refusal, RefusalKind
from tracker.emulator.core.words import CoreWord
from tracker.emulator.http.answers import build_broken_answer, build_json_answer, build_response
from tracker.emulator.http.reading import find_base_url, format_body, get_raw_path, read_body

__all__ = ["RequestGate"]

_Mount = tuple[str, EmulatedProvider[object], ApiService]


class RequestGate:
    """ASGI app for everything that the providers and their gateways serve."""

    def __init__(self, emulator: Emulator) -> None:
        """Serve the emulator's providers; of two prefixes that fit the longer one counts."""
        self._emulator = emulator
        mounts = [
            (prefix, provider, service)
            for provider in emulator.providers
            for service in provider.services
            for prefix in service.prefixes
        ]
        self._mounts: list[_Mount] = sorted(mounts, key=lambda m: len(m[0]), reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write it down."""
        request = Request(scope, receive)
        record = RequestRecord(
            at=self._emulator.get_now_ms(),
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
        path = get_raw_path(request)
        found = next((mount for mount in self._mounts if path.startswith(f"{mount[0]}/")), None)
        if found is None:
            record.status, record.answer = 404, "no provider"
            return build_json_answer({"error": "no provider is served under this path"}, 404)
        prefix, provider, service = found
        record.provider = provider.name
        host = find_base_url(request)
        call = ApiCall(
            method=request.method,
            path=path.removeprefix(prefix),
            headers={name.lower(): value for name, value in request.headers.items()},
            params=dict(request.query_params),
            query=request.query_params.multi_items(),
            base_url=(self._emulator.config.public_url or host).rstrip("/"),
            root_url=f"{host}{prefix}",
            request_id=self._emulator.make_request_id(),
        )
        try:
            call = await self._read(request, call, record, provider)
            reply = await service.answer(call)
        except BrokenAnswerSignal as signal:
            record.answer = signal.how.value
            return build_broken_answer(signal.how, self._emulator.closing)
        except Refusal as refusal:
            reply = _add_retry_after(service.refuse(refusal, call), refusal)
        record.status, record.answer = reply.status, _trim_for_log(reply)
        return build_response(reply)

    async def _read(
        self,
        request: Request,
        call: ApiCall,
        record: RequestRecord,
        provider: EmulatedProvider[object],
    ) -> ApiCall:
        """Return the call with its body; raises Refusal."""
        raw = await read_body(request, most=self._emulator.config.max_body_bytes)
        if raw:
            record.body = trim(format_body(raw))
        if provider.engine.scenario.has(CoreWord.DOWN):
            raise Refusal(RefusalKind.UNAVAILABLE, "temporarily unavailable")
        return replace(call, raw=raw)


def _add_retry_after(reply: Reply, refusal: Refusal) -> Reply:
    if refusal.retry_after is None:
        return reply
    return replace(reply, headers={"retry-after": str(refusal.retry_after), **reply.headers})


def _trim_for_log(reply: Reply) -> object:
    if isinstance(reply.body, bytes):
        return f"{len(reply.body)} bytes"
    if isinstance(reply.body, Pieces):
        return "a stream"
    return trim(reply.body)
