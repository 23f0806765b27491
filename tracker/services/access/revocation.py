"""End what waits with a key once the key no longer allows it: one query for all who wait."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime

from tracker.clock import Clock
from tracker.domain.access import Holder
from tracker.domain.errors import Unavailable
from tracker.store import keys, sessions
from tracker.store.store import Reading, Store

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""Between two looks at the keys of all who wait, in seconds; well below the promised 5."""


class Revocation:
    """Looks at the keys of those who wait. One per process that answers requests."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        holders: Callable[[], Collection[Holder]],
        end: Callable[[Holder], None],
    ) -> None:
        """holders: whoever waits now, each once. end: called for each who may no longer."""
        self._store = store
        self._clock = clock
        self._holders = holders
        self._end = end

    @asynccontextmanager
    async def watch_keys(self) -> AsyncIterator[None]:
        """Look at the keys again and again until the block ends."""
        repeating = asyncio.create_task(self._repeat())
        try:
            yield
        finally:
            repeating.cancel()
            await asyncio.wait([repeating])

    async def _repeat(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            try:
                await self.look()
            except Unavailable as error:
                log.warning(
                    "keys of those who wait are not looked at: %(reason)s; trying again",
                    {"reason": error},
                )
            except Exception:
                # A watch that ended here would leave revoked keys with what they wait for.
                log.exception("keys of those who wait are not looked at; trying again")

    async def look(self) -> None:
        """Look once. Raises Unavailable."""
        holders = list(self._holders())
        if not holders:
            return
        refused = await self._store.read(lambda db: _list_refused(db, holders, self._clock.now()))
        for holder in refused:
            log.info("a key was revoked or changed: what waits with it is ended")
            self._end(holder)


def _list_refused(db: Reading, holders: Collection[Holder], now: datetime) -> list[Holder]:
    """Return those whose key or session does not allow it, or who need a key by now."""
    known = keys.list_by_key(db, {holder.key for holder in holders if holder.key is not None})
    signed_in = sessions.list_by_key(
        db, {one.session for one in holders if one.session is not None}
    )
    need_key = any(holder.key is None for holder in holders) and keys.is_any(db)
    refused = []
    for holder in holders:
        if holder.key is None:
            if need_key:
                refused.append(holder)
            continue
        if holder.session is not None:
            session = signed_in.get(holder.session)
            # A stream that is open is a use, which is not on record.
            if session is None or session.is_over(now, used_at=now):
                refused.append(holder)
                continue
        row = known.get(holder.key)
        if (
            row is None
            or row.revoked_at is not None
            or not holder.is_allowed(row.tenant, row.scopes)
        ):
            refused.append(holder)
    return refused
