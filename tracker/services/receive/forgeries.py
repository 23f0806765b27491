"""Keep a sample of forged callbacks and count the rest: anybody can send as many as they like.

One of a kind is kept in an hour, and few of all kinds together, by all processes on a database.
The first of a kind is written at once. Of the others each process gathers the counts and writes
them together now and then: a stranger costs the disk few writes, however much comes. What a process
has gathered and not written when it is killed, at most 10 s and 1,000 forgeries, is not counted.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.documents import replace_unstorable_text
from tracker.domain.errors import Unavailable
from tracker.services.context import Context
from tracker.services.receive.callback import RawCallback
from tracker.store import forgeries
from tracker.store.driver.transaction import Tx
from tracker.store.forgeries import OTHERS, Forged, ForgeryKind

log = logging.getLogger(__name__)

MOST_KINDS = 60
"""Kinds that are counted apart in an hour, one forgery of each being kept."""
FLUSH_S = 10.0
"""A process writes what it has gathered at most this often, in seconds, unless it is much."""
FLUSH_COUNT = 1000
"""So many are written at once: a process that is killed forgets no more than these."""


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Counts of one process that are to be added to those of a window."""

    window_at: datetime
    numbers: Mapping[ForgeryKind, int]


class ForgeryCounter:
    """Decides which forged callbacks are kept, and counts them all. One per process."""

    def __init__(self, context: Context) -> None:
        """Nothing has come yet."""
        self._context = context
        self._window_at: datetime | None = None
        self._known: set[ForgeryKind] = set()
        self._gathered: Counter[ForgeryKind] = Counter()
        self._flushed_s = context.clock.monotonic()

    async def count(self, raw: RawCallback) -> bool:
        """Count one; return whether it is the first of its kind in this hour, to be kept.

        Raises Unavailable when a first one could not be counted.
        """
        window_at = self._context.clock.now().replace(minute=0, second=0, microsecond=0)
        if window_at != self._window_at:
            await self.flush()
            self._window_at, self._known = window_at, set()
        kind = _find_kind(raw)
        if kind in self._known or len(self._known) >= MOST_KINDS:
            self._gathered[kind if kind in self._known else OTHERS] += 1
            is_due = self._context.clock.monotonic() - self._flushed_s >= FLUSH_S
            if is_due or self._gathered.total() >= FLUSH_COUNT:
                await self.flush()
            return False
        self._known.add(kind)
        is_first: bool = await self._context.store.write(_add, _Gathered(window_at, {kind: 1}))
        return is_first

    async def flush(self) -> None:
        """Write what was gathered. What cannot be written now is written later."""
        self._flushed_s = self._context.clock.monotonic()
        gathered, self._gathered = self._gathered, Counter()
        if not gathered or self._window_at is None:
            return
        try:
            await self._context.store.write(_add, _Gathered(self._window_at, gathered))
        except Unavailable as error:
            log.warning("forged callbacks are counted later: %(reason)s", {"reason": error})
            self._gathered += gathered


def _add(tx: Tx, batch: Sequence[_Gathered]) -> list[bool]:
    """Add counts; say of each batch whether one of its kinds is the first in its window."""
    found: list[bool] = []
    for one in batch:
        is_first = False
        for kind, number in one.numbers.items():
            new = Forged(kind, number, tx.now)
            is_first |= forgeries.add(tx.db, one.window_at, new, most=MOST_KINDS)
        found.append(is_first)
    return found


def _find_kind(raw: RawCallback) -> ForgeryKind:
    return ForgeryKind(
        replace_unstorable_text(raw.provider[:64]),
        replace_unstorable_text(raw.subject[:64]),
        replace_unstorable_text(raw.sender[:64]),
    )
