"""Plain callbacks, as the event loop brings them: those of one turn are read and answered together.

Each step is taken for all of them before the next one. A callback goes through some hundred
functions, more than the first caches of a processor hold; a step that was just taken for another
still has its own there, and takes half the time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tracker.domain.lifecycle import Verdict
from tracker.precedence import Precedence
from tracker.services.receive.correlation import ParsedCallback, RawCallback

log = logging.getLogger(__name__)

READ_AT_ONCE = 256 * 1024
"""Bytes of callbacks that the event loop reads before other work has its turn; one that is larger
is read beside it."""
READ_TOGETHER = 64
"""Callbacks that it reads before other work has its turn."""

Kept = TypeVar("Kept")
Then = Callable[[Kept | Exception | None], None]
"""Is told what became of a callback: what its writing gave, what kept it from being answered as
most are, or None where it was not written and must be read alone."""


@dataclass(slots=True)
class _Incoming(Generic[Kept]):
    """A callback that has come. started_s: when, monotonic."""

    raw: RawCallback
    started_s: float
    then: Then[Kept]

    def hand_back(self, outcome: Kept | Exception | None) -> None:
        """Tell what became of it; where that fails, the others are told all the same."""
        try:
            self.then(outcome)
        except Exception:
            log.exception("unhandled")


@dataclass(slots=True)
class _Outgoing(Generic[Kept]):
    """A callback that the writer has had. result: there once it is on disk, or cannot be kept."""

    arrived: _Incoming[Kept]
    item: ParsedCallback
    result: asyncio.Future[Kept]


class Arrivals(Generic[Kept]):
    """Callbacks of one process that are on their way to the writer and back."""

    def __init__(
        self,
        read: Callable[[Sequence[RawCallback]], Sequence[ParsedCallback]],
        write: Callable[[ParsedCallback], asyncio.Future[Kept]],
        tell: Callable[[RawCallback, ParsedCallback, Kept, float], Kept],
        precedence: Precedence,
    ) -> None:
        """Have nothing.

        read:  reads all that it is given; raising means that one of them is at fault.
        write: hands one to the writer.
        tell:  what one is to be answered once it is kept; its last argument is when it came. Raises
            what makes another answer of it.
        """
        self._read, self._write, self._tell = read, write, tell
        self._precedence = precedence
        self._arrived: list[_Incoming[Kept]] = []
        self._written: list[_Outgoing[Kept]] = []

    def add(self, raw: RawCallback, started_s: float, then: Then[Kept]) -> None:
        """Have a callback read at the end of this turn of the loop, and written. then: see Then."""
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._take_up)
        self._arrived.append(_Incoming(raw, started_s, then))

    def _take_up(self) -> None:
        """Read what has arrived, as far as one turn of the loop may take, and hand it on."""
        size = count = 0
        while count < min(len(self._arrived), READ_TOGETHER) and size < READ_AT_ONCE:
            size += len(self._arrived[count].raw.inbound.body)
            count += 1
        arrived, self._arrived = self._arrived[:count], self._arrived[count:]
        if self._arrived:
            asyncio.get_running_loop().call_soon(self._take_up)
        try:
            items = self._read([one.raw for one in arrived])
        except Exception:  # noqa: BLE001 - raised again where the one at fault is read alone
            for one in arrived:
                one.hand_back(None)
            return
        results = [self._write(item) if _is_plain(item) else None for item in items]
        for one, item, result in zip(arrived, items, results, strict=True):
            if result is None:
                one.hand_back(None)
                continue
            self._precedence.begin()
            written = _Outgoing(one, item, result)
            result.add_done_callback(partial(self._add_written, written))

    def _add_written(self, written: _Outgoing[Kept], _: object) -> None:
        if not self._written:
            asyncio.get_running_loop().call_soon(self._answer)
        self._written.append(written)

    def _answer(self) -> None:
        """Answer those whose writing has ended."""
        written, self._written = self._written, []
        outcomes = [self._outcome(one) for one in written]
        for one, outcome in zip(written, outcomes, strict=True):
            one.arrived.hand_back(outcome)

    def _outcome(self, written: _Outgoing[Kept]) -> Kept | Exception:
        self._precedence.end()
        arrived = written.arrived
        try:
            return self._tell(arrived.raw, written.item, written.result.result(), arrived.started_s)
        except Exception as error:  # noqa: BLE001 - it becomes the answer
            return error


def _is_plain(item: ParsedCallback) -> bool:
    """Return whether nothing is to be done with a callback but to keep it."""
    return item.verdict is not Verdict.FORGED and not item.awaits_keys
