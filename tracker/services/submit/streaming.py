"""The answer to a create that is a stream: read, recorded while it comes, and judged at its end.

What callers see of it they read from the database, whichever process they ask: so a caller that
goes away ends nothing, and one that comes back misses nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Self
from uuid import UUID

from tracker.domain.errors import Broken, Unavailable
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.outcome import SubmitOutcome
from tracker.domain.redacted_values import redacted_value
from tracker.domain.signals import CrashPoint
from tracker.providers.ports.adapter import Sending, StreamReader
from tracker.services.context import Context
from tracker.services.submit.persistence import persistently
from tracker.services.submit.tries import BegunTry
from tracker.store import stream_texts
from tracker.store.driver.transaction import Tx
from tracker.store.stream_texts import Growth

log = logging.getLogger(__name__)

OpenReader = Callable[[Sending, Mapping[str, str]], StreamReader]
"""See `Streams.reader`."""
MOST_CHARS = 64 * 1024
"""Of one text. A stream that says more is ended by us, as if it had broken."""
_TOO_LONG = f"its text is longer than {MOST_CHARS} characters"
BETWEEN_WRITES_S = 0.2
"""Pause after a write: all that comes meanwhile is written at once."""


class StreamedAnswer:
    """One answer that comes as a stream; `async with` it around the exchange. See PieceSink."""

    def __init__(
        self,
        context: Context,
        open_reader: OpenReader,
        sending: Sending,
        begun: BegunTry,
        lasts_s: float,
    ) -> None:
        """Nothing has come yet. lasts_s: seconds that the whole answer may take."""
        self.lasts_s = lasts_s
        self._context = context
        self._open_reader = open_reader
        self._sending = sending
        self._begun = begun
        self._reader: StreamReader | None = None
        self._text = ""
        self._half = ""
        self._told = 0
        self._has_news = asyncio.Event()
        self._is_over = False
        self._recording: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Record what comes from now on."""
        self._recording = asyncio.create_task(self._record_for_ever())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Record nothing more."""
        assert self._recording is not None  # noqa: S101 - entered
        self._recording.cancel()
        await asyncio.wait([self._recording])

    def open(self, headers: Mapping[str, str]) -> Self:
        """Begin to read the body of a success; see exchange.OpenPieces."""
        self._reader = self._open_reader(self._sending, headers)
        return self

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises Broken for a text that is too long."""
        assert self._reader is not None  # noqa: S101 - opened before
        more = self._whole_characters(self._reader.feed(piece))
        if len(self._text) + len(more) > MOST_CHARS:
            raise Broken(_TOO_LONG)
        if more:
            self._text += more
            self._has_news.set()

    @property
    def has_begun(self) -> bool:
        """Tell whether the answer is a success: any other is read as that of any create."""
        return self._reader is not None

    async def finish(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        """Record the rest, and return what the exchange proves.

        Raises Unavailable where the rest cannot be recorded: the verdict must not come before it.
        """
        assert self._reader is not None  # noqa: S101 - has begun
        assert self._recording is not None  # noqa: S101 - entered
        self._is_over = True
        self._has_news.set()
        await self._recording
        broken = answer.reason if isinstance(answer, HttpFailure) else None
        self._text += self._whole_characters(self._reader.rest())
        if len(self._text) > MOST_CHARS:
            self._text, broken = self._text[:MOST_CHARS], broken or _TOO_LONG
        await persistently(self._context.clock, lambda: self._write_down(len(self._text)))
        redact = self._context.redactor.redact
        # The reader had the pieces as they came, and may have found more in them than the text.
        return redacted_value(self._reader.finish(redact(self._text), broken), redact)

    def _whole_characters(self, text: str) -> str:
        """Return text that every database takes: no NUL, halves of surrogate pairs joined."""
        text = self._half + text.replace("\0", "")
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text.removesuffix(self._half)
        if text.isascii():
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    async def _record_for_ever(self) -> None:
        while not self._is_over:
            await self._has_news.wait()
            self._has_news.clear()
            try:
                await self._write_down(self._context.redactor.whole_until(self._text))
            except Unavailable as error:
                log.warning("a stream's text is not recorded yet: %(reason)s", {"reason": error})
            if not self._is_over:
                await self._context.clock.sleep(BETWEEN_WRITES_S)

    async def _write_down(self, until: int) -> None:
        """Write the text up to a place. Nothing is written twice, whatever became of a write."""
        grown = self._context.redactor.redact(self._text[:until])
        more = grown[self._told :]
        if not more:
            return
        task, attempt = self._begun.task, self._begun.attempt
        item = (task.id, Growth(task.tenant, task.key, attempt.key, self._told, more))
        await self._context.store.write(self._append, item, is_patient=True)
        self._told = len(grown)
        self._context.at(CrashPoint.STREAM_RECORDED)

    def _append(self, tx: Tx, items: Sequence[tuple[UUID, Growth]]) -> list[None]:
        grown = sorted((growth for _, growth in items), key=lambda one: one.task_key)
        first = [growth for growth in grown if growth.at == 0]
        if first:
            stream_texts.begin(tx.db, first)
        stream_texts.append(tx.db, grown)
        for told in self._context.on_text:
            tx.after_commit += [partial(told, id_) for id_, _ in items]
        return [None] * len(items)
