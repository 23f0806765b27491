"""The only outbound socket of the emulator: one POST per callback, tried again when refused."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.journal import Journal
from tracker.emulator.core.signing import SignatureQuality, Signer, SigningInput
from tracker.emulator.core.timeline import Timeline

__all__ = ["CallbackContent", "CallbackPost", "CallbackRecord", "CallbackSender", "RetryPolicy"]

_CONTENT_TYPE = "application/json; charset=utf-8"
_LONGEST_PAUSE = 30.0
_LONGEST_LOGGED_BODY = 4000
_TOO_OLD_S = 600
_MOST_ANSWER_BYTES = 100_000


def _is_2xx(status: int) -> bool:
    return 200 <= status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long a callback is tried, and which answers count as its delivery."""

    tries: int
    backoff_seconds: float
    """Pause before the second try."""
    doubles: bool = True
    """True: the pause doubles each time, up to 30 s."""
    is_delivered: Callable[[int], bool] = _is_2xx
    """Of the HTTP status of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackContent:
    """One callback as a provider words it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Besides content type and user agent; may replace them."""
    sign: Signer | None = None
    """None: it is not signed."""
    retry: RetryPolicy | None = None
    """None: as the emulator is configured."""
    url: str | None = None
    """None: the task's own; else an address of the account, say."""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPost:
    """One callback to be sent."""

    url: str
    content: CallbackContent
    provider: str
    task_id: str
    status: str
    """The emulator's own word for what is reported, before any scenario spoils it."""
    message_id: str
    """Common to every try and every duplicate."""
    kind: str = "genuine"
    """genuine, forged or test."""
    quality: SignatureQuality = SignatureQuality.GOOD


@dataclass(slots=True, kw_only=True)
class CallbackRecord:
    """The outcome of one callback, for the log."""

    at: int
    """Unix milliseconds of the first try."""
    url: str
    provider: str
    task_id: str
    kind: str
    status: str
    body: str
    tries: int = 0
    answer: int | None = None
    """HTTP status of the last try; None when there was no answer."""
    error: str | None = None
    """Why there was no answer."""


class CallbackSender:
    """Sends callbacks and writes down their outcome."""

    def __init__(
        self,
        config: EmulatorConfig,
        timeline: Timeline,
        records: Journal[CallbackRecord],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make the client; close it with `close`.

        transport: takes the place of the network, for callers in the same process.
        """
        self._retry = RetryPolicy(
            tries=config.callback_tries, backoff_seconds=config.callback_backoff_seconds
        )
        self._timeline = timeline
        self._records = records
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(config.callback_timeout_seconds, pool=None),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
            transport=transport,
        )

    async def send(self, post: CallbackPost) -> bytes:
        """Try once now; later tries are planned on the timeline.

        Returns the body of the first try's answer (empty without one), for providers that
        expect an echo.
        """
        record = CallbackRecord(
            at=round(self._timeline.now() * 1000),
            url=post.url,
            provider=post.provider,
            task_id=post.task_id,
            kind=post.kind,
            status=post.status,
            body=post.content.body[:_LONGEST_LOGGED_BODY].decode("utf-8", "replace"),
        )
        self._records.add(record)
        return await self._try(post, record)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _try(self, post: CallbackPost, record: CallbackRecord) -> bytes:
        record.tries += 1
        answer = bytearray()
        try:
            async with self._client.stream(
                post.content.method,
                post.url,
                content=post.content.body,
                headers=_build_headers(post),
            ) as response:
                record.answer, record.error = response.status_code, None
                async for piece in response.aiter_bytes():
                    answer += piece
                    if len(answer) > _MOST_ANSWER_BYTES:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
            # ValueError: addresses that no URL library accepts, such as a label that is too long.
            record.answer, record.error = None, _describe_failure(problem)[:300]
        retry = post.content.retry or self._retry
        if record.answer is not None and retry.is_delivered(record.answer):
            return bytes(answer)
        if record.tries < retry.tries and post.kind == "genuine":
            self._timeline.schedule_job(
                _pause(retry, record.tries), lambda: self._try_again(post, record)
            )
        return bytes(answer)

    async def _try_again(self, post: CallbackPost, record: CallbackRecord) -> None:
        await self._try(post, record)


def _pause(retry: RetryPolicy, tries: int) -> float:
    factor = 2 ** (tries - 1) if retry.doubles else 1
    return min(retry.backoff_seconds * factor, _LONGEST_PAUSE)


def _build_headers(post: CallbackPost) -> dict[str, str]:
    headers = {"content-type": _CONTENT_TYPE, "user-agent": f"{post.provider}-emulator"}
    headers |= post.content.headers
    if post.content.sign is None or post.quality is SignatureQuality.NONE:
        return headers
    # The wall clock also under a manual timeline: receivers allow five minutes of difference.
    stamp = int(time.time()) - (_TOO_OLD_S if post.quality is SignatureQuality.STALE else 0)
    return headers | dict(
        post.content.sign(
            SigningInput(
                url=post.url,
                body=post.content.body,
                message_id=post.message_id,
                timestamp=stamp,
                quality=post.quality,
            )
        )
    )


def _describe_failure(problem: Exception) -> str:
    """Return why a callback got no answer, without the class of a library."""
    words = "the call failed"
    if isinstance(problem, httpx.ConnectError):
        words = "could not connect"
    elif isinstance(problem, httpx.TimeoutException):
        words = "no answer came in time"
    elif isinstance(problem, httpx.InvalidURL):
        words = "the address is not valid"
    return f"{words}: {problem}" if str(problem) else words
