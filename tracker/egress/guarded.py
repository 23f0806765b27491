"""Calls to URLs that users gave: checked on the URL, checked again on the address really dialled.

One connection per place and no pool: an httpx client looks at every connection of its pool for
every request, which at 32 of them costs more than the request itself (decision 5). The connections
are httpcore's, which httpx stands on; they are opened by ssrfguard, which looks a name up once and
dials what it checked.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx
from ssrfguard import Resolver, SSRFGuardError

from tracker import __version__
from tracker.call_failures import explain_failure
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.egress import policy
from tracker.egress.greedy import GreedyBackend
from tracker.egress.sent import FirstByte

MOST_IDLE = 512
"""Connections that are kept open for the next call, over all destinations."""
IDLE_S = 4.0
"""How long a connection is kept for the next call. Servers close theirs after 5 s (uvicorn's
timeout_keep_alive, https://www.uvicorn.org/settings/, and Node's server.keepAliveTimeout,
https://nodejs.org/api/http.html, read 2026-11-29) or later: of a create that is written while its
connection is being closed nobody knows whether it arrived, and a delivery is made again."""
ANSWER_BYTES = 16 * 1024
"""Read of an answer; what follows is left, and the connection with it."""
_CONNECT_TIMEOUT_S = 10.0
_USER_AGENT = f"tracker/{__version__}".encode()
FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.InvalidURL,
    OSError,
    ValueError,
)
"""The exceptions of a call: bad addresses, cut connections, malformed answers."""
_STALE = (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)
"""The exceptions of a kept connection that the other end had closed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads.

    name: of the origin, among kept connections.
    host: as the `Host` header has it.
    """

    name: str
    origin: httpcore.Origin
    path: bytes
    host: bytes


class GuardedCalls:
    """All calls of a process to users' URLs. Close it at the end."""

    def __init__(
        self, allow: Sequence[str], tls: ssl.SSLContext, resolver: Resolver | None
    ) -> None:
        """allow: networks in CIDR notation that may be reached although they lie inside.

        resolver: in the place of the system's; its answers are checked all the same.
        """
        self._allow = tuple(allow)
        self._tls = tls
        self._resolver = resolver
        self._idle: OrderedDict[httpcore.AsyncHTTPConnection, str] = OrderedDict()
        self._left: set[asyncio.Task[HttpResult]] = set()
        self._by_origin: dict[str, list[httpcore.AsyncHTTPConnection]] = {}

    async def call(self, call: HttpCall) -> HttpResult | HttpFailure:
        """Carry out one exchange, whole within `call.timeout_s`."""
        sent = FirstByte()
        try:
            refusal = find_refusal(call.url, self._allow)
            if refusal is not None:
                return HttpFailure(Certainty.NOT_SENT, refusal)
            return await self._exchange_in_time(call, read_target(call.url, self._allow), sent)
        except TimeoutError:
            return sent.describe_failure(f"no whole answer within {call.timeout_s:g} s")
        except SSRFGuardError as error:
            return HttpFailure(Certainty.NOT_SENT, f"may not be called: {error}")
        except FAILURES as error:
            return sent.describe_failure(explain_failure(error))

    async def close(self) -> None:
        """Close every connection; what was left to end by itself is waited for."""
        await asyncio.gather(*self._left, return_exceptions=True)
        while self._idle:
            connection, origin = self._idle.popitem()
            self._by_origin[origin].remove(connection)
            await connection.aclose()

    async def _exchange_in_time(
        self, call: HttpCall, target: Target, sent: FirstByte
    ) -> HttpResult:
        """Carry out the exchange; raises TimeoutError when its time is over.

        A name is looked up in a thread, which nothing can interrupt: the exchange is left to end
        by itself, so that a name server that is silent does not hold its caller.
        """
        exchange = asyncio.create_task(self._exchange(call, target, sent))
        try:
            done, _ = await asyncio.wait({exchange}, timeout=call.timeout_s)
        finally:
            if not exchange.done():
                exchange.cancel()
                self._left.add(exchange)
                exchange.add_done_callback(self._left.discard)
        if not done:
            raise TimeoutError
        return exchange.result()

    async def _exchange(self, call: HttpCall, target: Target, sent: FirstByte) -> HttpResult:
        kept = await self._take(target.name)
        if kept is not None:
            try:
                return await self._send(kept, call, target, sent)
            except _STALE:
                # Closed at the other end while it lay idle. Had the request arrived all the same,
                # it comes a second time with the same id: deliveries are at least once.
                pass
        return await self._send(self._open(call.url, target.origin), call, target, sent)

    async def _send(
        self,
        connection: httpcore.AsyncHTTPConnection,
        call: HttpCall,
        target: Target,
        sent: FirstByte,
    ) -> HttpResult:
        try:
            response = await connection.handle_async_request(request_for(call, target, sent))
            body = await _read(response)
        except BaseException:
            await connection.aclose()
            raise
        await self._keep(connection, target.name)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return HttpResult(response.status, headers, body)

    def _open(self, url: str, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        return open_guarded(url, origin, self._allow, self._tls, self._resolver)

    async def _take(self, origin: str) -> httpcore.AsyncHTTPConnection | None:
        """Return a kept connection that is still good, the one used last."""
        kept = self._by_origin.get(origin, [])
        while kept:
            connection = kept.pop()
            del self._idle[connection]
            if not connection.has_expired():
                return connection
            await connection.aclose()
        self._by_origin.pop(origin, None)
        return None

    async def _keep(self, connection: httpcore.AsyncHTTPConnection, origin: str) -> None:
        if not connection.is_idle():
            await connection.aclose()
            return
        self._idle[connection] = origin
        self._by_origin.setdefault(origin, []).append(connection)
        oldest, whose = next(iter(self._idle.items()))
        if len(self._idle) > MOST_IDLE or oldest.has_expired():
            del self._idle[oldest]
            self._by_origin[whose].remove(oldest)
            await oldest.aclose()


def open_guarded(
    url: str,
    origin: httpcore.Origin,
    allow: Sequence[str],
    tls: ssl.SSLContext,
    resolver: Resolver | None,
) -> httpcore.AsyncHTTPConnection:
    """Return a connection that dials only what it has checked. Nothing is dialled yet."""
    backend = GreedyBackend(policy=policy.build_policy(url, allow), resolver=resolver)
    return httpcore.AsyncHTTPConnection(
        origin, ssl_context=tls, keepalive_expiry=IDLE_S, network_backend=backend
    )


@lru_cache(maxsize=4096)
def find_refusal(url: str, allow: tuple[str, ...]) -> str | None:
    """Return why a URL will never be called; None when it may be."""
    return policy.explain_refusal(url, allow)


@lru_cache(maxsize=4096)
def read_target(url: str, allow: tuple[str, ...]) -> Target:
    """Read a URL. Raises SSRFGuardError, httpx.InvalidURL, ValueError."""
    checked = policy.build_policy(url, allow).check_url(url)
    parsed = httpx.URL(url)
    origin = httpcore.Origin(parsed.raw_scheme, checked.host.encode("ascii"), checked.port)
    return Target(str(origin), origin, parsed.raw_path, parsed.netloc)


def request_for(call: HttpCall, target: Target, sent: FirstByte) -> httpcore.Request:
    """Make a request; the call's own headers come last."""
    body = call.body or b""
    headers: list[tuple[bytes, bytes]] = [
        (b"host", target.host),
        (b"user-agent", _USER_AGENT),
        (b"accept", b"*/*"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode("ascii"), value.encode("latin-1")) for name, value in call.headers.items()),
    ]
    return httpcore.Request(
        call.method,
        httpcore.URL(
            scheme=target.origin.scheme,
            host=target.origin.host,
            port=target.origin.port,
            target=target.path,
        ),
        headers=headers,
        content=body,
        extensions={"trace": sent, "timeout": {"connect": _CONNECT_TIMEOUT_S}},
    )


async def _read(response: httpcore.Response) -> bytes:
    """Return the body, up to the cap. The connection is kept only if that was all of it."""
    body = bytearray()
    try:
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > ANSWER_BYTES:
                del body[ANSWER_BYTES:]
                break
    finally:
        await response.aclose()
    return bytes(body)
