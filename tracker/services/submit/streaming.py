"""The answer to a create that is a stream: read, recorded while it comes, and judged at its end.

What callers see of it they read from the database, whichever process they ask: so a caller that
goes away ends nothing, and one that comes back misses nothing.
"""

import asyncio
import hashlib
import json
import logging
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from tracker.domain.errors import Unavailable
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.outcome import Accepted, SubmitOutcome
from tracker.domain.redacted_values import redact_value
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import StreamReader
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.attempt_results import OpenAttempt
from tracker.services.submit.persistent_writes import write_persistently
from tracker.services.submit.under_way import CallUnderWay, record_open
from tracker.store import stream_texts, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.stream_texts import TextGrowth

log = logging.getLogger(__name__)

OpenReader = Callable[[Mapping[str, str]], StreamReader]
"""Opens what reads an answer with these headers; see `Streams.make_reader`."""
MOST_CHARS = 64 * 1024
"""Of one text that is recorded, and of what is kept of its end where it goes on behind that."""
_TOO_LONG = f"its text is longer than {MOST_CHARS} characters"
_SHOWN_END = 4000
"""Characters of the end of a longer text, where wrappers name the results, that are recorded."""
_FIRST_WORD, _LAST_WORD = re.compile(r"\A[!-~]+"), re.compile(r"[!-~]+\Z")
PROGRESS_EVERY_S = 15.0
"""Seconds between two steps of a task that bring its progress: a step goes to whoever reads the
feed, and texts tell of each percent."""
BETWEEN_WRITES_S = 0.2
"""Pause after a write: all that comes meanwhile is written at once."""


class StreamedAnswer:
    """One answer that comes as a stream; `async with` it around the exchange. See PieceSink."""

    def __init__(
        self,
        context: Context,
        open_reader: OpenReader,
        begun: OpenAttempt,
        under_way: CallUnderWay,
        lasts_s: float,
    ) -> None:
        """Nothing has come yet. lasts_s: seconds that the whole answer may take."""
        self.lasts_s = lasts_s
        self._context = context
        self._open_reader = open_reader
        self._begun = begun
        self._under_way = under_way
        self._progress: float | None = None
        self._progress_at = -math.inf
        self._reader: StreamReader | None = None
        self._text = ""
        self._half = ""
        self._end: list[str] = []
        self._told = self._size = self._end_chars = 0
        self._hash = hashlib.sha256()
        self._broken: str | None = None
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
        self._reader = self._open_reader(headers)
        return self

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        assert self._reader is not None  # noqa: S101 - opened before
        self._size += len(piece)
        self._hash.update(piece)
        self._take(self._join_surrogates(self._reader.feed(piece)))

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
        self._take(self._join_surrogates(self._reader.read_rest()))
        self._broken, end = broken, "".join(self._end)[-MOST_CHARS:]
        text = self._join(end) if end else self._text
        self._text += f"\n[…]\n{end[-_SHOWN_END:]}" if end else ""
        await write_persistently(self._context.clock, lambda: self._write_down(len(self._text)))
        # The reader had the pieces as they came, and may have found more in them than the text.
        redact = self._context.redactor.redact
        outcome = self._reader.finish(redact(text), broken)
        said = outcome.said if isinstance(outcome, Accepted) else None
        if end and said is not None and said.state is TaskState.FAILED:
            self._broken = _TOO_LONG  # half a text proves no failure
            outcome = self._reader.finish(redact(text), _TOO_LONG)
        return redact_value(outcome, redact)

    def _join(self, end: str) -> str:
        """Return the text up to its limit, and its end: halves of links and pictures are none."""
        return f"{_LAST_WORD.sub('', self._text)} {_FIRST_WORD.sub('', end)}"

    def _take(self, more: str) -> None:
        """Keep more of the text: as much as is recorded, and behind that its end."""
        room = MOST_CHARS - len(self._text)
        if more[:room]:
            self._text += more[:room]
            self._has_news.set()
        if more[room:]:
            self._end.append(more[room:])
            self._end_chars += len(more) - room
        if self._end_chars > 2 * MOST_CHARS:
            self._end = ["".join(self._end)[-MOST_CHARS:]]
            self._end_chars = MOST_CHARS

    def describe(self) -> bytes:
        """Return what is known of an answer that is over, but its text; none where none began."""
        if self._reader is None:
            return b""
        facts = {"bytes": self._size, "sha256": self._hash.hexdigest()}
        broken = {} if self._broken is None else {"broken": self._broken}
        return json.dumps({"stream": {**facts, "characters": len(self._text), **broken}}).encode()

    def _join_surrogates(self, text: str) -> str:
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
                await self._write_down(self._context.redactor.measure_redactable(self._text))
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
        growth = TextGrowth(task.tenant, task.key, attempt.key, self._told, more)
        event, now_s = self._build_news(), self._context.clock.monotonic()
        item = _Written(self._begun, growth, event)
        await self._context.store.write(self._append, item, is_patient=True)
        self._told = len(grown)
        if event is not None:
            self._under_way.is_seen = True
            if event.progress is not None:
                self._progress = event.progress
                self._progress_at = now_s
        self._context.at(CrashPoint.STREAM_RECORDED)

    def _build_news(self) -> Event | None:
        """Return the step of the task that its text brings: it has begun, or come further.

        None at the end, as the outcome is recorded at once then.
        """
        assert self._reader is not None  # noqa: S101 - it has a text
        if self._is_over:
            return None
        progress, attempt = self._reader.progress, self._begun.attempt.key
        if self._told == 0:
            return Event(EventKind.ANSWER_BEGUN, Source.SUBMIT, progress=progress, attempt=attempt)
        is_due = self._context.clock.monotonic() >= self._progress_at + PROGRESS_EVERY_S
        if progress is None or progress <= (self._progress or 0) or not is_due:
            return None
        return Event(EventKind.SEEN_RUNNING, Source.SUBMIT, progress=progress, attempt=attempt)

    def _append(self, tx: Tx, items: Sequence["_Written"]) -> list[None]:
        news = {one.growth.task_key: (one.begun, one.event) for one in items if one.event}
        recorder = Recorder(
            self._context, tx, tasks.lock_by_key(tx.db, news.keys()).values() if news else ()
        )
        grown = sorted((one.growth for one in items), key=lambda one: one.task_key)
        first = [growth for growth in grown if growth.at == 0]
        if first:
            stream_texts.begin(tx.db, first)
        stream_texts.append(tx.db, grown)
        if news:
            record_open(tx, recorder, news)
            recorder.flush()
        for told in self._context.on_text:
            tx.after_commit += [partial(told, one.begun.task.id) for one in items]
        return [None] * len(items)


@dataclass(frozen=True, slots=True)
class _Written:
    """More of one text, and the step of its task that it brings; None for none."""

    begun: OpenAttempt
    growth: TextGrowth
    event: Event | None
