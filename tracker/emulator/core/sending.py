"""The only outbound socket of the emulator: one POST per callback, tried again when refused."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpx

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.journal import Journal
from tracker.emulator.core.signing import signature_headers
from tracker.emulator.core.timeline import Timeline

__all__ = ["CallbackRecord", "Post", "Sender", "Signature"]

_CONTENT_TYPE = "application/json; charset=utf-8"
_LONGEST_PAUSE = 30.0
_LONGEST_LOGGED_BODY = 4000
_TOO_OLD_S = 600
_OTHER_SECRET = "whsec_bm90IHRoZSBzZWNyZXQgeW91IGtub3c="  # noqa: S105 - it must not match


class Signature(StrEnum):
    """How a callback is signed, where there is a secret."""

    GOOD = "good"
    WRONG = "wrong"
    STALE = "stale"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One callback to be sent."""

    url: str
    body: bytes
    task_id: str
    status: str
    """The emulator's own word for what is reported, before any scenario spoils it."""
    message_id: str
    """`webhook-id`: the same for every try and every duplicate."""
    kind: str = "genuine"
    """genuine or forged."""
    tries: int = 1
    """How often to try until it is answered 2xx."""
    signature: Signature = Signature.GOOD
    shared_secret: str | None = None
    """Sent as it is in a header: one gateway's way of proving itself."""


@dataclass(slots=True, kw_only=True)
class CallbackRecord:
    """What became of one callback, for the log."""

    at: int
    """Unix milliseconds of the first try."""
    url: str
    task_id: str
    kind: str
    status: str
    body: str
    tries: int = 0
    answer: int | None = None
    """HTTP status of the last try; None when there was no answer."""
    error: str | None = None
    """Why there was no answer."""


class Sender:
    """Sends callbacks and writes down what came of them."""

    def __init__(
        self,
        config: EmulatorConfig,
        timeline: Timeline,
        records: Journal[CallbackRecord],
        secrets: Callable[[], Sequence[str]],
    ) -> None:
        """Make the client; close it with `close`.

        secrets: the ones that sign now; none, and nothing is signed.
        """
        self._config = config
        self._secrets = secrets
        self._timeline = timeline
        self._records = records
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(config.callback_timeout_seconds, pool=None),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )

    async def send(self, post: Post) -> None:
        """Try once now; later tries are planned on the timeline."""
        record = CallbackRecord(
            at=round(self._timeline.now() * 1000),
            url=post.url,
            task_id=post.task_id,
            kind=post.kind,
            status=post.status,
            body=post.body[:_LONGEST_LOGGED_BODY].decode("utf-8", "replace"),
        )
        self._records.add(record)
        await self._try(post, record)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _try(self, post: Post, record: CallbackRecord) -> None:
        record.tries += 1
        try:
            async with self._client.stream(
                "POST", post.url, content=post.body, headers=self._headers(post)
            ) as response:
                record.answer, record.error = response.status_code, None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
            # ValueError: addresses that no URL library accepts, such as a label that is too long.
            record.answer, record.error = None, f"{type(problem).__name__}: {problem}"[:300]
        if record.answer is not None and 200 <= record.answer < 300:
            return
        if record.tries < post.tries:
            pause = self._config.callback_backoff_seconds * 2 ** (record.tries - 1)
            self._timeline.after(min(pause, _LONGEST_PAUSE), lambda: self._try(post, record))

    def _headers(self, post: Post) -> dict[str, str]:
        headers = {"content-type": _CONTENT_TYPE, "user-agent": "kling-emulator"}
        if post.shared_secret is not None:
            headers["x-webhook-secret"] = post.shared_secret
        secrets = self._secrets()
        if not secrets or post.signature is Signature.NONE:
            return headers
        if post.signature is Signature.WRONG:
            secrets = [_OTHER_SECRET]
        # The wall clock also under a manual timeline: receivers allow five minutes of difference.
        stamp = int(time.time()) - (_TOO_OLD_S if post.signature is Signature.STALE else 0)
        return headers | signature_headers(
            secrets, message_id=post.message_id, timestamp=stamp, body=post.body
        )
