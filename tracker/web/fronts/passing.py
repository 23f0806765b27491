"""Calls that make no task: passed on to the provider and back, streamed, in its envelope."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tracker.domain.errors import BrokenTransfer
from tracker.domain.exchange import Certainty, HttpFailure, HttpStream
from tracker.providers.kit import reading
from tracker.providers.ports.commands import PassOn
from tracker.providers.ports.front import Front
from tracker.services.fronts.passing import PassedRequest, TextBody
from tracker.web.edge.body import check_json, read_json
from tracker.web.edge.encoding import refuse_encoded
from tracker.web.edge.problems import request_id
from tracker.web.edge.spool import spool_body
from tracker.web.edge.state import Services, get_services, get_tenant
from tracker.web.fronts.refusals import ProviderAway

log = logging.getLogger(__name__)

WHOLE_BYTES = 256 * 1024
"""Answers up to here are read whole and put into the exact envelope; longer ones flow through."""
NAMING_BYTES = 1024 * 1024
"""Of a body that names an object."""
_NO_SNIFF = {"x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class PassingFront:
    """Passes the calls of one front on."""

    provider: str
    front: Front

    async def pass_on(self, request: Request, command: PassOn) -> Response:
        """Pass one call on.

        Raises ProviderAway, WrongMediaType, BodyTooLarge, BodyTooSlow, ClientDisconnect, and what
        `PassThrough.open` raises.
        """
        our = get_services(request)
        passage = PassedRequest(
            provider=self.provider,
            path=command.name,
            tenant=get_tenant(request),
            query=request.scope["query_string"].decode("latin-1"),
            headers={name.lower(): value for name, value in request.headers.items()},
            task=command.task,
            named=command.named,
        )
        if request.method not in ("POST", "PUT"):
            return await self._pass_on(our, passage)
        call = our.passing.call(self.provider, command.name)
        most, timeout_s = our.limits.body_bytes, our.limits.body_timeout_s
        if call.names is not None or call.more_names:
            limit = min(NAMING_BYTES, most)
            parsed = await read_json(request, limit=limit, timeout_s=timeout_s)
            headers = {**passage.headers, "content-type": "application/json"}
            text = TextBody(json.dumps(parsed).encode())
            return await self._pass_on(our, replace(passage, headers=headers, body=text))
        if not call.takes_any_body:
            check_json(request)
        refuse_encoded(request.headers.get("content-encoding", ""))  # it is passed on as it comes
        async with spool_body(request, limit=most, timeout_s=timeout_s) as body:
            return await self._pass_on(our, replace(passage, body=body))

    async def _pass_on(self, our: Services, passage: PassedRequest) -> Response:
        answer = await our.passing.open(passage)
        if isinstance(answer, HttpFailure):
            raise ProviderAway(f"the provider cannot be asked: {answer.reason}", answer.certainty)
        return await self._answer(answer)

    async def _answer(self, answer: HttpStream) -> Response:
        start = bytearray()
        try:
            async for piece in answer.chunks:
                start += piece
                if len(start) > WHOLE_BYTES:
                    break
            else:
                return self._relay_body(answer.status, bytes(start))
        except BrokenTransfer as error:
            raise ProviderAway(str(error), Certainty.UNKNOWN) from None
        if answer.status >= 300:
            await answer.chunks.aclose()
            return self._relay_body(answer.status, b"")
        # Always as JSON: a page of the provider's would otherwise be one of this host.
        return StreamingResponse(
            _iterate_body(bytes(start), answer.chunks),
            headers=_NO_SNIFF,
            media_type="application/json",
        )

    def _relay_body(self, status: int, body: bytes) -> Response:
        try:
            parsed = reading.read_json(body)
        except ValueError:
            parsed = None
        relayed = self.front.relay(status, parsed, request_id())
        if relayed.status >= 500:
            log.warning(
                "a call that was passed on failed: %(provider)s said %(status)d",
                {"provider": self.provider, "status": status},
            )
        return JSONResponse(relayed.body, relayed.status, {**relayed.headers, **_NO_SNIFF})


async def _iterate_body(start: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    try:
        yield start
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()
