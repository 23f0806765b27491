"""Plain callbacks, as the event loop brings them: those of one turn are read and answered together.

Each step is taken for all of them before the next one. A callback goes through some hundred
functions, more than the first caches of a processor hold; a step that was just taken for another
still has its own there, and takes half the time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tracker.domain.lifecycle import Verdict
from tracker.precedence import Precedence
from tracker.services.receive.callback import ParsedCallback, RawCallback

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


class _Outgoing(Generic[Kept]):
    """A callback that the writer has, and takes back what became of it."""

    __slots__ = ("_ended", "error", "incoming", "item", "result")

    def __init__(
        self,
        incoming: _Incoming[Kept],
        item: ParsedCallback,
        ended: "Callable[[_Outgoing[Kept]], None]",
    ) -> None:
        """ended: is told once result or error is there."""
        self.incoming, self.item, self._ended = incoming, item, ended
        self.result: Kept | None = None
        self.error: Exception | None = None

    def done(self) -> bool:
        """Return whether its answer is known."""
        return self.result is not None or self.error is not None

    def set_result(self, result: Kept) -> None:
        """Take what its writing gave: it is on the disk."""
        self.result = result
        self._ended(self)

    def set_exception(self, error: Exception) -> None:
        """Take why it is not kept, or nobody knows."""
        self.error = error
        self._ended(self)


class Arrivals(Generic[Kept]):
    """Callbacks of one process that are on their way to the writer and back."""

    def __init__(
        self,
        read: Callable[[Sequence[RawCallback]], Sequence[ParsedCallback]],
        write: Callable[[Sequence[tuple[ParsedCallback, _Outgoing[Kept]]]], None],
        tell: Callable[[RawCallback, ParsedCallback, Kept, float], Kept],
        precedence: Precedence,
    ) -> None:
        """Have nothing.

        read:  reads all that it is given; raising means that one of them is at fault.
        write: hands them to the writer, each with who takes its result.
        tell:  what one is to be answered once it is kept; its last argument is when it came. Raises
            what makes another answer of it.
        """
        self._read, self._write, self._tell = read, write, tell
        self._precedence = precedence
        self._incoming: list[_Incoming[Kept]] = []
        self._outgoing: list[_Outgoing[Kept]] = []

    def add(self, raw: RawCallback, started_s: float, then: Then[Kept]) -> None:
        """Have a callback read at the end of this turn of the loop, and written. then: see Then."""
        self._precedence.begin()
        if not self._incoming:
            asyncio.get_running_loop().call_soon(self._take_up)
        self._incoming.append(_Incoming(raw, started_s, then))

    def _take_up(self) -> None:
        """Read what has come, as far as one turn of the loop may take, and hand it on."""
        size = count = 0
        while count < min(len(self._incoming), READ_TOGETHER) and size < READ_AT_ONCE:
            size += len(self._incoming[count].raw.inbound.body)
            count += 1
        incoming, self._incoming = self._incoming[:count], self._incoming[count:]
        if self._incoming:
            asyncio.get_running_loop().call_soon(self._take_up)
        try:
            items = self._read([one.raw for one in incoming])
        except Exception:  # noqa: BLE001 - raised again where the one at fault is read alone
            for one in incoming:
                self._hand_back(one, None)
            return
        plain: list[tuple[ParsedCallback, _Outgoing[Kept]]] = []
        others: list[_Incoming[Kept]] = []
        for one, item in zip(incoming, items, strict=True):
            if _is_plain(item):
                plain.append((item, _Outgoing(one, item, self._take_back)))
            else:
                others.append(one)
        self._write(plain)
        for one in others:
            self._hand_back(one, None)

    def _take_back(self, outgoing: _Outgoing[Kept]) -> None:
        """Have a callback answered with all whose writing ended in this turn."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._answer)
        self._outgoing.append(outgoing)

    def _answer(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        outcomes = [self._read_outcome(one) for one in outgoing]
        for one, outcome in zip(outgoing, outcomes, strict=True):
            self._hand_back(one.incoming, outcome)

    def _read_outcome(self, outgoing: _Outgoing[Kept]) -> Kept | Exception | None:
        incoming, result = outgoing.incoming, outgoing.result
        if result is None:
            return outgoing.error
        try:
            return self._tell(incoming.raw, outgoing.item, result, incoming.started_s)
        except Exception as error:  # noqa: BLE001 - it becomes the answer
            return error

    def _hand_back(self, incoming: _Incoming[Kept], outcome: Kept | Exception | None) -> None:
        """Tell what became of a callback; where that fails, the others are told all the same."""
        self._precedence.end()
        try:
            incoming.then(outcome)
        except Exception:
            log.exception("unhandled")


def _is_plain(item: ParsedCallback) -> bool:
    """Return whether nothing is to be done with a callback but to keep it."""
    return item.verdict is not Verdict.FORGED and not item.awaits_keys
