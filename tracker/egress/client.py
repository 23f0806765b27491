"""HttpCall → HttpResult: bounded in time and size, no redirects, certain about failure.

Providers are called through httpx, by way of the proxy that the call names and of no proxy that the
environment names; users' URLs are called in guarded.py.
"""

import asyncio
import logging
import ssl
import sys
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx
from ssrfguard import Resolver

from tracker import __version__
from tracker.domain.encoded_secrets import encoded
from tracker.domain.errors import Broken, StorageError
from tracker.domain.exchange import (
    Certainty,
    HttpCall,
    HttpFailure,
    HttpResult,
    HttpStream,
    MaySend,
    OpenPieces,
    OpenSink,
    always,
)
from tracker.domain.redaction import Redactor
from tracker.egress import policy
from tracker.egress.decoding import ACCEPTED, Decoder, Undecodable
from tracker.egress.guarded import GuardedCalls
from tracker.egress.inline import InlineFiles, RawFile
from tracker.egress.sent import FirstByte, NotNow

log = logging.getLogger(__name__)

MAX_DESTINATIONS = 256
"""Clients that are kept: one small pool per destination and proxy, as httpx slows with its pool's
size."""
PROVIDER_ANSWER_BYTES = 8 * 1024 * 1024
"""Decoded, of one answer."""
INLINE_ANSWER_BYTES = 512 * 1024 * 1024
"""Decoded, of an answer whose files go straight into custody."""
STREAMED_ANSWER_BYTES = 64 * 1024 * 1024
"""Decoded, of an answer that is taken piece by piece: nothing of it is held here."""
_RAW = frozenset({"image", "video", "audio", "model"})
"""Top-level types of answers that are a file themselves."""
SMALL_ANSWER_BYTES = 256 * 1024
LARGE_AT_ONCE = 4
"""Answers above SMALL_ANSWER_BYTES that are held at once; others wait, within their call's time."""
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=15)
_SLOW_LIMITS = httpx.Limits(max_connections=512, max_keepalive_connections=16, keepalive_expiry=15)
"""Of calls whose answer takes long: hundreds of them wait for nothing but their answers."""
_CONNECT_TIMEOUT_S = 10.0
_SEARCHED_AT_ONCE = 128 * 1024
"""Bytes that are searched for secrets in the event loop, in some 5 ms at worst."""
_CREDENTIALS = ("authorization", "x-api-key")
"""Headers that hold nothing but a credential and the word Bearer."""
PROXY_REFUSES = "the account's proxy refuses its user and password (407)"
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, ValueError)
"""The exceptions of a call to a provider."""


class EgressClient:
    """All outbound calls of a process. Close it at the end."""

    def __init__(
        self,
        allow: Sequence[str],
        resolver: Resolver | None = None,
        *,
        redactor: Redactor | None = None,
    ) -> None:
        """allow: networks in CIDR notation that users' URLs may reach although they lie inside.

        resolver: of the names in users' URLs, in the place of the system's.
        redactor: takes secrets out of every answer and of every reason of a failure.
        """
        _settle_missing_module()
        self._redactor = redactor or Redactor()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._allow = tuple(allow)
        self._tls = ssl.create_default_context()
        self._guarded = GuardedCalls(self._allow, ssl.create_default_context(), resolver)
        self._clients: OrderedDict[tuple[str, str | None, bool], httpx.AsyncClient] = OrderedDict()

    async def call_provider(
        self,
        call: HttpCall,
        *,
        may_send: MaySend = always,
        files: OpenSink | None = None,
        pieces: OpenPieces | None = None,
    ) -> HttpResult | HttpFailure:
        """To an address that an operator configured.

        may_send: asked when the first byte is about to leave; if not, none does.
        files:    where files within the answer go; see inline.InlineFiles.
        pieces:   takes the body of a success while it comes; the result then has none.
                  With `files`, names stand in it in the place of files.
        """
        sent = FirstByte(may_send)
        try:
            async with asyncio.timeout(call.timeout_s):
                client = await self._client(call)
                answer = await _exchange(
                    client, call, sent, self._large, files=files, pieces=pieces
                )
        except TimeoutError:
            return sent.failure(f"no whole answer within {call.timeout_s:g} s")
        except (Undecodable, StorageError, Broken) as error:
            return sent.failure(str(error))
        except NotNow:
            return sent.failure("it was not ours to send any more")
        except _FAILURES as error:
            return sent.failure(self._reason(error, call))
        except Exception:
            # Of a library: raised on, one answer would fail its task's work again and again.
            log.exception("a call to a provider raised")
            return sent.failure("the call raised; see the log")
        if _is_refused_by_proxy(answer.status, call):
            return HttpFailure(Certainty.NOT_SENT, PROXY_REFUSES)
        return await self._redacted(answer, call)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        """To an address that a user gave: refused when what its name resolves to is inside."""
        answer = await self._guarded.call(call)
        if isinstance(answer, HttpFailure):
            return replace(answer, reason=self._redactor.redact(answer.reason, *_secrets_of(call)))
        return await self._redacted(answer, call)

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        """To an address that an operator configured; the answer's body comes piece by piece.

        body: sent piece by piece, in the place of the call's own.
        cap:  bytes of an answer; `call.timeout_s` bounds the whole exchange all the same.
        What `body` raises is raised here.
        """
        until = asyncio.get_running_loop().time() + call.timeout_s
        sent = FirstByte()
        try:
            async with asyncio.timeout_at(until):
                client = await self._client(call)
                request = _request(client, call, sent, body=body)
                response = await client.send(request, stream=True)
        except TimeoutError:
            return sent.failure(f"no answer within {call.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return sent.failure(self._reason(error, call))
        if _is_refused_by_proxy(response.status_code, call):
            await response.aclose()
            return HttpFailure(Certainty.NOT_SENT, PROXY_REFUSES)
        chunks = self._redactor.redact_stream(
            _chunks(response, until=until, cap=cap), *_secrets_of(call)
        )
        return HttpStream(response.status_code, _headers_of(response), chunks)

    def refusal(self, url: str) -> str | None:
        """Why a user's URL will never be called; None when it may be."""
        return policy.refusal(url, self._allow)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
        await self._guarded.close()

    async def _redacted(self, answer: HttpResult, call: HttpCall) -> HttpResult:
        """The answer without secrets that it repeats. A large one is searched in a thread."""
        redact, secrets = self._redactor.redact_bytes, _secrets_of(call)
        if len(answer.body) > _SEARCHED_AT_ONCE:
            body = await asyncio.to_thread(redact, answer.body, *secrets)
        else:
            body = redact(answer.body, *secrets)
        return answer if body is answer.body else replace(answer, body=body)

    def _reason(self, error: Exception, call: HttpCall) -> str:
        """Why a call failed, for people: libraries quote the header that they refuse."""
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        return self._redactor.redact(reason, *_secrets_of(call))

    async def _client(self, call: HttpCall) -> httpx.AsyncClient:
        parts = urlsplit(call.url)
        is_slow = call.lasts_s > 0
        name = f"{parts.scheme}://{parts.netloc}", call.proxy, is_slow
        client = self._clients.get(name)
        if client is None:
            limits = _SLOW_LIMITS if is_slow else _LIMITS
            client = self._clients[name] = self._open(call.proxy, limits)
        self._clients.move_to_end(name)
        if len(self._clients) > MAX_DESTINATIONS:
            _, oldest = self._clients.popitem(last=False)
            await oldest.aclose()
        return client

    def _open(self, proxy: str | None, limits: httpx.Limits) -> httpx.AsyncClient:
        is_encrypted = proxy is not None and proxy.startswith("https:")
        tls = self._tls if is_encrypted else None  # httpx refuses one for an unencrypted proxy
        return httpx.AsyncClient(
            verify=self._tls,
            proxy=None if proxy is None else httpx.Proxy(proxy, ssl_context=tls),
            limits=limits,
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),  # the call bounds the whole
            follow_redirects=False,
            trust_env=False,
            headers={
                "user-agent": f"tracker/{__version__}",
                "accept": "application/json",
                "accept-encoding": ACCEPTED,
            },
        )


def _settle_missing_module() -> None:
    """Have each import of `sniffio` fail at once where it is not installed.

    httpcore tries it eight times a call (httpcore 1.0, `_synchronization.py`), and each time Python
    looks through every folder of its path: 2 ms a call. None in its place stands for a module that
    is not there (https://docs.python.org/3/reference/import.html#the-module-cache, read 2026-11).
    """
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # as documented there


async def _exchange(  # noqa: PLR0913 - one thing each
    client: httpx.AsyncClient,
    call: HttpCall,
    sent: FirstByte,
    large: asyncio.Semaphore,
    *,
    files: OpenSink | None,
    pieces: OpenPieces | None,
) -> HttpResult:
    """Make a call. large: places for answers that are larger than most; see LARGE_AT_ONCE.

    Raises Undecodable for an answer that is too large or badly encoded.
    """
    response = await client.send(_request(client, call, sent), stream=True)
    async with AsyncExitStack() as held:
        held.push_async_callback(response.aclose)
        if pieces is not None and response.is_success:
            await _hand_on(response, pieces, files)
            return HttpResult(response.status_code, _headers_of(response), b"")
        if files is not None and response.is_success:
            body = await _read_files(response, files)
            return HttpResult(response.status_code, _headers_of(response), body)
        decoder = _decoder(response, PROVIDER_ANSWER_BYTES)
        whole, is_large = bytearray(), False
        async for raw in response.aiter_raw():
            for piece in decoder.feed(raw):
                if not is_large and len(whole) + len(piece) > SMALL_ANSWER_BYTES:
                    await held.enter_async_context(large)
                    is_large = True
                whole += piece
                if is_large:
                    await asyncio.sleep(0)  # others go on while much comes out of little
        decoder.finish()
    return HttpResult(response.status_code, _headers_of(response), bytes(whole))


async def _hand_on(response: httpx.Response, pieces: OpenPieces, files: OpenSink | None) -> None:
    """Give an answer away while it comes, with the names of files in their place.

    Raises Undecodable, StorageError, and what its taker raises.
    """
    decoder = _decoder(response, STREAMED_ANSWER_BYTES if files is None else INLINE_ANSWER_BYTES)
    sink = pieces(_headers_of(response))
    reader = None if files is None else InlineFiles(files)
    try:
        async for raw in response.aiter_raw():
            for piece in decoder.feed(raw):
                sink.write(piece if reader is None else await _without_files(reader, piece))
                await asyncio.sleep(0)  # others go on while much comes at once
        decoder.finish()
        if reader is not None:
            sink.write(await reader.finish())
    except ValueError as error:
        raise Undecodable(str(error)) from None
    finally:
        if reader is not None:
            await reader.abort()


async def _without_files(reader: InlineFiles, piece: bytes) -> bytes:
    """Return what a piece adds to the text of an answer. Raises ValueError, Undecodable."""
    await reader.feed(piece)
    if reader.kept_chars > PROVIDER_ANSWER_BYTES:
        raise Undecodable(f"a text in the answer is larger than {PROVIDER_ANSWER_BYTES} bytes")
    return reader.take()


async def _read_files(response: httpx.Response, files: OpenSink) -> bytes:
    """Read an answer whose files go elsewhere. Of one that is no text the name alone is returned.

    Raises Undecodable, StorageError.
    """
    decoder = _decoder(response, INLINE_ANSWER_BYTES)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_raw = kind.partition("/")[0] in _RAW or kind == "application/octet-stream"
    reader = RawFile(files) if is_raw else InlineFiles(files)
    is_over = False
    try:
        async for raw in response.aiter_raw():
            for piece in decoder.feed(raw):
                await reader.feed(piece)
                if reader.kept_chars > PROVIDER_ANSWER_BYTES:
                    raise Undecodable(f"the answer is larger than {PROVIDER_ANSWER_BYTES} bytes")
        decoder.finish()
        body = await reader.finish()
        is_over = True
        return body
    except ValueError as error:
        raise Undecodable(str(error)) from None
    finally:
        if not is_over:
            await reader.abort()


async def _chunks(
    response: httpx.Response, *, until: float, cap: int
) -> AsyncGenerator[bytes, None]:
    """The body; see HttpStream. until: on the loop's clock."""
    pieces = response.aiter_raw()
    try:
        decoder = _decoder(response, cap)
        while True:
            # Around each piece: the reader may go on in another task than it began in.
            async with asyncio.timeout_at(until):
                piece = await anext(pieces, None)
            if piece is None:
                decoder.finish()
                return
            for decoded in decoder.feed(piece):
                yield decoded
    except Undecodable as error:
        raise Broken(str(error)) from None
    except TimeoutError:
        raise Broken("the answer did not come in time") from None
    except httpx.HTTPError as error:
        raise Broken(f"the answer broke off: {type(error).__name__}") from None
    finally:
        await response.aclose()


def _decoder(response: httpx.Response, cap: int) -> Decoder:
    return Decoder(response.headers.get("content-encoding", ""), cap=cap)


def _request(
    client: httpx.AsyncClient,
    call: HttpCall,
    sent: FirstByte,
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


def _is_refused_by_proxy(status: int, call: HttpCall) -> bool:
    """Tell whether a proxy answered in the provider's place, so that the request went no further.

    A tunnel that is refused raises; requests without TLS are answered by the proxy itself.
    """
    is_forwarded = call.proxy is not None and call.url.startswith("http:")
    return is_forwarded and status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED


def _secrets_of(call: HttpCall) -> tuple[str, ...]:
    """List a call's credentials, also a JWT made for it: none may appear in what we store.

    And as base64, hex and the like, in which some providers repeat what they refuse.
    """
    words = [w for name in _CREDENTIALS for w in call.headers.get(name, "").split()]
    plain = (*(word for word in words if word != "Bearer"), *call.secrets)
    return (*plain, *(spelling for one in plain for spelling in encoded(one)))


def _headers_of(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
