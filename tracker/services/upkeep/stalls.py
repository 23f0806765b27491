"""Keep in the database that writes stood still: it could not be written while they did."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from tracker.domain.errors import Unavailable
from tracker.store import conditions
from tracker.store.conditions import WRITES_STALLED, Condition
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

log = logging.getLogger(__name__)

REASON = (
    "the database kept a transaction waiting for longer than TRACKER_COMMIT_TIMEOUT_S: see what "
    "holds it (a stopped server, a standby that does not answer, another program with the file)"
)

REFUSED = (
    "the database refuses writes: see whether its disk is full, it may only be read, is damaged, or"
    " its file was moved; the log of the processes has its words"
)

UNREAD = (
    "a part of the database cannot be read, and what needs it is answered 503: it is damaged, or a "
    "table is closed or gone; `tracker doctor` and the log of the processes say which"
)


class Stalls:
    """The stalls seen in one process."""

    def __init__(self, store: Store) -> None:
        """Hears of each stall that is over."""
        self._store = store
        self._writing: set[asyncio.Task[None]] = set()
        store.call_on_recovery(self._note_recovery)

    def find_standing(self) -> list[Condition]:
        """Return the stall that lasts, if one does."""
        since = self._store.stalled_since
        return [] if since is None else [Condition(WRITES_STALLED, "", "", REASON, since)]

    def list_lasting(self) -> list[Condition]:
        """Return what lasts now: a stall, or that the database refuses a kind of write or read.

        None of these can be written down meanwhile. A refusal is tried again by every next write,
        so that it makes nobody wait.
        """
        if (since := self._store.refused_since) is not None:
            return [Condition(WRITES_STALLED, "", "", REFUSED, since)]
        if (since := self._store.unread_since) is not None:
            return [Condition(WRITES_STALLED, "", "", UNREAD, since)]
        return self.find_standing()

    def _note_recovery(self, since: datetime, until: datetime) -> None:
        writing = asyncio.create_task(self._keep(since, until))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _keep(self, since: datetime, until: datetime) -> None:
        try:
            await self._store.write(_keep, Condition(WRITES_STALLED, "", "", REASON, since, until))
        except Unavailable as error:
            log.warning(
                "that writes stood still was not written down: %(reason)s", {"reason": error}
            )


def _keep(tx: Tx, stalls: Sequence[Condition]) -> list[None]:
    for one in stalls:
        conditions.raise_(tx.db, one)
        conditions.clear(tx.db, one.name, one.provider, one.account, now=one.cleared_at or tx.now)
    return [None] * len(stalls)
