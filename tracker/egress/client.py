"""HttpCall → HttpResult: bounded in time and size, no redirects, no proxies, certain about failure.

The only module that imports httpx.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
from ssrfguard import SSRFGuardError
from ssrfguard.httpx import AsyncClient as GuardedClient

from tracker.domain.errors import Broken
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult, HttpStream
from tracker.egress import policy

MAX_DESTINATIONS = 256
"""Clients that are kept: one small pool per destination, as httpx slows with its pool's size."""
PROVIDER_ANSWER_BYTES = 8 * 1024 * 1024
GUARDED_ANSWER_BYTES = 64 * 1024
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=15)
_CONNECT_TIMEOUT_S = 10.0


class Egress:
    """All outbound calls of a process. Close it at the end."""

    def __init__(self, allow: Sequence[str]) -> None:
        """allow: networks in CIDR notation that users' URLs may reach although they lie inside."""
        self._allow = tuple(allow)
        self._tls = ssl.create_default_context()
        self._clients: OrderedDict[tuple[str, bool], httpx.AsyncClient] = OrderedDict()

    async def call_provider(self, call: HttpCall) -> HttpResult | HttpFailure:
        """To an address that an operator configured."""
        return await self._call(call, is_guarded=False)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        """To an address that a user gave: refused when what its name resolves to is inside."""
        return await self._call(call, is_guarded=True)

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        """To an address that an operator configured; the answer's body comes piece by piece.

        body: sent piece by piece, in the place of the call's own.
        cap:  bytes of an answer; `call.timeout_s` bounds the whole exchange all the same.
        What `body` raises is raised here.
        """
        until = asyncio.get_running_loop().time() + call.timeout_s
        sent = _FirstByte()
        try:
            async with asyncio.timeout_at(until):
                client = await self._client(call.url, is_guarded=False)
                request = _request(client, call, sent, body=body)
                response = await client.send(request, stream=True)
        except TimeoutError:
            return sent.failure(f"no answer within {call.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return sent.failure(f"{type(error).__name__}: {error}".rstrip(": "))
        chunks = _chunks(response, until=until, cap=cap)
        return HttpStream(response.status_code, _headers_of(response), chunks)

    def refusal(self, url: str) -> str | None:
        """Why a user's URL will never be called; None when it may be."""
        return policy.refusal(url, self._allow)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def _call(self, call: HttpCall, *, is_guarded: bool) -> HttpResult | HttpFailure:
        sent = _FirstByte()
        cap = GUARDED_ANSWER_BYTES if is_guarded else PROVIDER_ANSWER_BYTES
        try:
            async with asyncio.timeout(call.timeout_s):
                client = await self._client(call.url, is_guarded=is_guarded)
                return await _exchange(client, call, sent, cap=cap)
        except TimeoutError:
            return sent.failure(f"no whole answer within {call.timeout_s:g} s")
        except SSRFGuardError as error:
            return HttpFailure(Certainty.NOT_SENT, f"may not be called: {error}")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return sent.failure(f"{type(error).__name__}: {error}".rstrip(": "))

    async def _client(self, url: str, *, is_guarded: bool) -> httpx.AsyncClient:
        parts = urlsplit(url)
        name = (f"{parts.scheme}://{parts.netloc}", is_guarded)
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self._open(url, is_guarded=is_guarded)
        self._clients.move_to_end(name)
        if len(self._clients) > MAX_DESTINATIONS:
            _, oldest = self._clients.popitem(last=False)
            await oldest.aclose()
        return client

    def _open(self, url: str, *, is_guarded: bool) -> httpx.AsyncClient:
        options: dict[str, Any] = {
            "verify": self._tls,
            "limits": _LIMITS,
            "timeout": httpx.Timeout(
                None, connect=_CONNECT_TIMEOUT_S
            ),  # the whole is bounded by the call
            "follow_redirects": False,
            "trust_env": False,
            "headers": {"user-agent": "tracker", "accept": "application/json"},
        }
        if is_guarded:
            return GuardedClient(policy=policy.policy_for(url, self._allow), **options)
        return httpx.AsyncClient(**options)


class _FirstByte:
    """Watches whether anything may have left us."""

    def __init__(self) -> None:
        self._has_left = False

    async def __call__(self, event: str, _info: object) -> None:
        if event.endswith("send_request_headers.started"):
            self._has_left = True

    def failure(self, reason: str) -> HttpFailure:
        certainty = Certainty.UNKNOWN if self._has_left else Certainty.NOT_SENT
        return HttpFailure(certainty, reason[:500])


async def _exchange(
    client: httpx.AsyncClient, call: HttpCall, sent: _FirstByte, *, cap: int
) -> HttpResult:
    response = await client.send(_request(client, call, sent), stream=True)
    try:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > cap:
                del body[cap:]
                break
    finally:
        await response.aclose()
    return HttpResult(response.status_code, _headers_of(response), bytes(body))


async def _chunks(
    response: httpx.Response, *, until: float, cap: int
) -> AsyncGenerator[bytes, None]:
    """The body; see HttpStream. until: on the loop's clock."""
    size, pieces = 0, response.aiter_bytes()
    try:
        while True:
            # Around each piece: the reader may go on in another task than it began in.
            async with asyncio.timeout_at(until):
                piece = await anext(pieces, None)
            if piece is None:
                return
            size += len(piece)
            if size > cap:
                raise Broken(f"the answer is larger than {cap} bytes")
            yield piece
    except TimeoutError:
        raise Broken("the answer did not come in time") from None
    except httpx.HTTPError as error:
        raise Broken(f"the answer broke off: {type(error).__name__}") from None
    finally:
        await response.aclose()


def _request(
    client: httpx.AsyncClient,
    call: HttpCall,
    sent: _FirstByte,
    *,
    body: AsyncIterable[bytes] | None = None,
) -> httpx.Request:
    return client.build_request(
        call.method,
        call.url,
        headers=dict(call.headers),
        content=call.body if body is None else body,
        extensions={"trace": sent},
    )


def _headers_of(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
