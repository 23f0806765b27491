"""Files of providers: every hop of the way is checked, and again on the address really dialled.

One connection for each file, which goes with it: files are few and large.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpcore
from ssrfguard import Resolver, SSRFGuardError

from tracker.call_failures import explain_failure
from tracker.domain.errors import BrokenTransfer, TrailingBytes, UnkeepableFile
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpStream
from tracker.domain.minimum_pace import MinimumPace
from tracker.egress.authorities import load_system_tls
from tracker.egress.decoding import Decoder, Undecodable
from tracker.egress.guarded import FAILURES, find_refusal, open_guarded, read_target, request_for
from tracker.egress.sent import FirstByte

MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_RATIO = 200
"""A coding may make so much of little; files of media shrink by a few per cent."""
_SILENCES = 10
"""Spans of silence within which some bytes must come, or one origin could hold a place for ever."""
_FREE_OF_RATIO = 16 * 1024 * 1024
"""Bytes that come out before the ratio is looked at."""


class Downloading:
    """Opens files; see services.storage.Downloads."""

    def __init__(
        self,
        allow: Sequence[str],
        *,
        cap: int,
        silence_s: float,
        resolver: Resolver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """allow: networks in CIDR notation that may be reached although they lie inside.

        cap:       bytes of one file.
        silence_s: how long the other side may send nothing.
        resolver:  in the place of the system's.
        clock:     monotonic, in seconds; by it the pace of a file is measured.
        """
        self._allow = tuple(allow)
        self._tls = load_system_tls()
        self._cap, self._silence_s = cap, silence_s
        self._resolver = resolver
        self._clock = clock

    async def open_file(
        self, url: str, headers: Mapping[str, str], secrets: Mapping[str, Mapping[str, str]]
    ) -> HttpStream | HttpFailure:
        """Ask for a file, behind up to MOST_REDIRECTS redirects.

        secrets: further headers by host; a host that a redirect leads to gets its own or none.
        Returns a failure as NOT_SENT where the URL's own host was not reached.
        """
        for hop in range(MOST_REDIRECTS + 1):
            url = _escape_url(url)
            refusal = find_refusal(url, self._allow)
            if refusal is not None:
                return HttpFailure(Certainty.NOT_SENT, refusal)
            host = (urlsplit(url).hostname or "").lower()
            sent = dict(headers)
            if url.startswith("https:") or host in _LOOPBACK:
                sent |= secrets.get(host, {})
            answer = await self._ask(HttpCall("GET", url, sent))
            if hop and isinstance(answer, HttpFailure):  # the first host has answered
                return HttpFailure(Certainty.UNKNOWN, answer.reason)
            if isinstance(answer, HttpFailure) or answer.status not in _REDIRECTS:
                return answer
            await answer.chunks.aclose()
            location = answer.headers.get("location")
            if location is None:
                return HttpFailure(Certainty.UNKNOWN, "it redirects without saying where to")
            try:  # headers are read as Latin-1, so that each character is a byte of it
                url = urljoin(url, quote(location.encode("latin-1"), safe=_ASCII))
            except ValueError:
                return HttpFailure(
                    Certainty.UNKNOWN, "may not be called: it redirects to what is no URL"
                )
        return HttpFailure(Certainty.UNKNOWN, f"more than {MOST_REDIRECTS} redirects")

    async def _ask(self, call: HttpCall) -> HttpStream | HttpFailure:
        sent = FirstByte()
        connection: httpcore.AsyncHTTPConnection | None = None
        try:
            target = read_target(call.url, self._allow)
            connection = open_guarded(
                call.url, target.origin, self._allow, self._tls, self._resolver
            )
            async with asyncio.timeout(self._silence_s):
                response = await connection.handle_async_request(request_for(call, target, sent))
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            decoder = Decoder(headers.get("content-encoding", ""), cap=self._cap)
        except BaseException as error:
            if connection is not None:
                await asyncio.shield(connection.aclose())
            reason = _describe_failure(error, self._silence_s)
            if reason is None:
                raise
            return sent.describe_failure(reason)
        chunks = self._iterate_chunks(response, decoder, connection)
        return HttpStream(response.status, headers, _FileBody(chunks, connection))

    async def _iterate_chunks(
        self,
        response: httpcore.Response,
        decoder: Decoder,
        connection: httpcore.AsyncHTTPConnection,
    ) -> AsyncGenerator[bytes, None]:
        raw_size, size = 0, 0
        pace = MinimumPace(_SILENCES * self._silence_s, self._clock)
        pieces = response.aiter_stream().__aiter__()
        try:
            while True:
                async with asyncio.timeout(self._silence_s):
                    raw = await anext(pieces, None)
                if raw is None:
                    decoder.finish()
                    if _has_more(connection):
                        raise TrailingBytes
                    return
                raw_size += len(raw)
                if (slow := pace.explain_slowness(raw_size)) is not None:
                    raise BrokenTransfer(slow)
                for piece in decoder.feed(raw):
                    size += len(piece)
                    if size > _FREE_OF_RATIO and size > _MOST_RATIO * raw_size:
                        raise UnkeepableFile(
                            f"{raw_size} bytes unpack to more than {_MOST_RATIO} times as many"
                        )
                    yield piece
        except Undecodable as error:
            raise UnkeepableFile(str(error)) from None
        except (TimeoutError, *FAILURES) as error:
            raise BrokenTransfer(_describe_failure(error, self._silence_s) or "") from None


def _has_more(connection: httpcore.AsyncHTTPConnection) -> bool:
    """Tell whether bytes came behind the end of an answer, other than an empty line.

    h11 has them, and httpcore has no way to it.
    """
    protocol = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    return protocol is not None and bool(protocol.trailing_data[0].strip(b"\r\n"))


class _FileBody(AsyncGenerator[bytes, None]):
    """The bytes of an answer, and the connection that goes with them, read or not.

    A generator that was never begun does nothing when it is closed.
    """

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], connection: httpcore.AsyncHTTPConnection
    ) -> None:
        self._chunks = chunks
        self._connection = connection

    async def asend(self, value: Any) -> bytes:
        """Return the next bytes."""
        return await self._chunks.asend(value)

    async def athrow(self, *raised: Any) -> bytes:
        """Raise where the bytes are waited for."""
        return await self._chunks.athrow(*raised)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._chunks.aclose()
        with contextlib.suppress(*FAILURES):
            await asyncio.shield(self._connection.aclose())


def _escape_url(url: str) -> str:
    """Return a URL as browsers ask for it (https://url.spec.whatwg.org/, read 2026-11-30).

    Spaces around it are dropped; those in its path and query, which some origins write, are
    escaped.
    """
    scheme, there, rest = url.strip(" ").partition("://")
    if not there:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{there}{host}{slash}{path.replace(' ', '%20')}"


_ASCII = "".join(map(chr, range(128)))
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _describe_failure(error: BaseException, silence_s: float) -> str | None:
    """Say why a call failed; None for what is no failure of a call."""
    if isinstance(error, TimeoutError):
        return f"not a byte came for {silence_s:g} s"
    if isinstance(error, SSRFGuardError):
        return f"may not be called: {error}"
    if isinstance(error, Undecodable):
        return str(error)
    if isinstance(error, FAILURES):
        return explain_failure(error)
    return None
