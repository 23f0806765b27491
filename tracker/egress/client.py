"""HttpCall → HttpResult: bounded in time and size, no redirects, certain about failure.

Providers are called through httpx, by way of the proxy that the call names and of no proxy that the
environment names; users' URLs are called in guarded.py.
"""

import asyncio
import logging
import sys
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx
from ssrfguard import Resolver

from tracker import __version__
from tracker.call_failures import explain_failure
from tracker.domain.encoded_secrets import list_spellings
from tracker.domain.errors import BrokenTransfer, StorageError
from tracker.domain.exchange import (
    Certainty,
    HttpCall,
    HttpFailure,
    HttpResult,
    HttpStream,
    MaySend,
    OpenPieces,
    OpenSink,
    allow_always,
)
from tracker.domain.redaction import Redactor
from tracker.egress import policy
from tracker.egress.answers import AnswerReader, find_decoder, read_headers
from tracker.egress.authorities import load_system_tls
from tracker.egress.decoding import ACCEPTED, Undecodable
from tracker.egress.guarded import IDLE_S, GuardedCalls
from tracker.egress.sent import FirstByte, NotNow
from tracker.precedence import Precedence

log = logging.getLogger(__name__)

MAX_DESTINATIONS = 256
"""Clients that are kept: one small pool per destination and proxy, as httpx slows with its pool's
size."""
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=IDLE_S)
_SLOW_LIMITS = httpx.Limits(
    max_connections=512, max_keepalive_connections=16, keepalive_expiry=IDLE_S
)
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
        precedence: Precedence | None = None,
    ) -> None:
        """allow: networks in CIDR notation that users' URLs may reach although they lie inside.

        resolver: of the names in users' URLs, in the place of the system's.
        redactor: takes secrets out of every answer and of every reason of a failure.
        precedence: given way to by calls whose answer takes long, and by large answers.
        """
        _settle_missing_module()
        self._redactor = redactor or Redactor()
        self._precedence = precedence or Precedence()
        self._answers = AnswerReader(self._precedence)
        self._allow = tuple(allow)
        self._tls = load_system_tls()
        self._guarded = GuardedCalls(self._allow, self._tls, resolver)
        self._clients: OrderedDict[tuple[str, str | None, bool], httpx.AsyncClient] = OrderedDict()

    async def call_provider(
        self,
        call: HttpCall,
        *,
        may_send: MaySend = allow_always,
        files: OpenSink | None = None,
        pieces: OpenPieces | None = None,
    ) -> HttpResult | HttpFailure:
        """Send a call to an address that an operator configured.

        may_send: asked when the first byte is about to leave; if not, none does.
        files:    where files within the answer go; see inline.InlineFiles.
        pieces:   takes the body of a success while it comes; the result then has none.
                  With `files`, names stand in it in the place of files.
        """
        sent = FirstByte(may_send, self._precedence if call.lasts_s > 0 else None)
        try:
            async with asyncio.timeout(call.timeout_s):
                client = await self._get_client(call)
                response = await client.send(_request(client, call, sent), stream=True)
                answer = await self._answers.read(response, files=files, pieces=pieces)
                # It and its stream name each other, so that the request's body of tens of MB would
                # be held until the collector of cycles came by.
                response.stream = httpx.ByteStream(b"")
        except TimeoutError:
            return sent.describe_failure(f"no whole answer within {call.timeout_s:g} s")
        except (Undecodable, StorageError, BrokenTransfer) as error:
            return sent.describe_failure(str(error))
        except NotNow:
            return sent.describe_failure("it was not ours to send any more")
        except _FAILURES as error:
            return sent.describe_failure(self._explain_failure(error, call))
        except Exception:
            # Of a library: raised on, one answer would fail its task's work again and again.
            log.exception("a call to a provider raised")
            return sent.describe_failure("the call raised; see the log")
        if _is_refused_by_proxy(answer.status, call):
            return HttpFailure(Certainty.NOT_SENT, PROXY_REFUSES)
        return await self._redact_answer(answer, call)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        """Send a call to a user's address: refused when its name resolves to one inside."""
        answer = await self._guarded.call(call)
        if isinstance(answer, HttpFailure):
            return replace(
                answer, reason=self._redactor.redact(answer.reason, *_list_secrets(call))
            )
        return await self._redact_answer(answer, call)

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        """Send a call to an operator's address; the answer's body comes piece by piece.

        body: sent piece by piece, in the place of the call's own.
        cap:  bytes of an answer; `call.timeout_s` bounds the whole exchange all the same.
        What `body` raises is raised here.
        """
        until = asyncio.get_running_loop().time() + call.timeout_s
        sent = FirstByte()
        try:
            async with asyncio.timeout_at(until):
                client = await self._get_client(call)
                request = _request(client, call, sent, body=body)
                response = await client.send(request, stream=True)
        except TimeoutError:
            return sent.describe_failure(f"no answer within {call.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return sent.describe_failure(self._explain_failure(error, call))
        if _is_refused_by_proxy(response.status_code, call):
            await response.aclose()
            return HttpFailure(Certainty.NOT_SENT, PROXY_REFUSES)
        chunks = self._redactor.redact_stream(
            _iterate_chunks(response, until=until, cap=cap), *_list_secrets(call)
        )
        headers = self._redact_headers(read_headers(response), _list_secrets(call))
        return HttpStream(response.status_code, headers, chunks)

    def explain_refusal(self, url: str) -> str | None:
        """Return why a user's URL will never be called; None when it may be."""
        return policy.explain_refusal(url, self._allow)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
        await self._guarded.close()

    async def _redact_answer(self, answer: HttpResult, call: HttpCall) -> HttpResult:
        """Return the answer without secrets in it. A large one is searched in a thread."""
        redact, secrets = self._redactor.redact_bytes, _list_secrets(call)
        if len(answer.body) > _SEARCHED_AT_ONCE:
            body = await asyncio.to_thread(redact, answer.body, *secrets)
        else:
            body = redact(answer.body, *secrets)
        headers = self._redact_headers(answer.headers, secrets)
        if body is answer.body and headers is answer.headers:
            return answer
        return replace(answer, headers=headers, body=body)

    def _redact_headers(
        self, headers: Mapping[str, str], secrets: tuple[str, ...]
    ) -> Mapping[str, str]:
        if not self._redactor.may_hold_secret("\n".join(headers.values()), *secrets):
            return headers
        return {name: self._redactor.redact(text, *secrets) for name, text in headers.items()}

    def _explain_failure(self, error: Exception, call: HttpCall) -> str:
        """Return why a call failed, for people: libraries quote the header that they refuse."""
        return self._redactor.redact(explain_failure(error), *_list_secrets(call))

    async def _get_client(self, call: HttpCall) -> httpx.AsyncClient:
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


async def _iterate_chunks(
    response: httpx.Response, *, until: float, cap: int
) -> AsyncGenerator[bytes, None]:
    """Yield the body; see HttpStream. until: on the loop's clock."""
    pieces = response.aiter_raw()
    try:
        decoder = find_decoder(response, cap)
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
        raise BrokenTransfer(str(error)) from None
    except TimeoutError:
        raise BrokenTransfer("the answer did not come in time") from None
    except httpx.HTTPError as error:
        raise BrokenTransfer(f"the answer broke off: {explain_failure(error)}") from None
    finally:
        await response.aclose()


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


def _list_secrets(call: HttpCall) -> tuple[str, ...]:
    """List a call's credentials, also a JWT made for it: none may appear in what we store.

    And as base64, hex and the like, in which some providers repeat what they refuse.
    """
    words = [w for name in _CREDENTIALS for w in call.headers.get(name, "").split()]
    plain = (*(word for word in words if word != "Bearer"), *call.secrets)
    return (*plain, *(spelling for one in plain for spelling in list_spellings(one)))
