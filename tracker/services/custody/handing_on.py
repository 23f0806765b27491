"""Hand files of answers on to the store, which wait on this machine as it had not taken them.

The store has a file before its row says so, and the file goes from here after that: a process that
dies in between does the same again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracker.domain.custody import Asset
from tracker.domain.errors import Misuse, StorageError
from tracker.services.context import Context
from tracker.services.custody.sweeping import keep_found
from tracker.store import assets
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _NamedObject:
    """An object that waits here. lost: the assets that were taken for lost with it."""

    store_key: str
    lost: Sequence[Asset]


class WaitingFiles:
    """Hands on what waits here. What waits on another machine is left to that."""

    def __init__(self, context: Context) -> None:
        """Raises Misuse where nothing can wait."""
        storage, room = context.storage, context.room
        if storage is None or room is None or storage.spooled is None:
            raise Misuse("no file can wait for the store")
        self._context, self._room, self._storage = context, room, storage
        self._spooled = storage.spooled

    async def hand_on(self) -> None:
        """Hand on what a row names, until the store takes no more. The sweep finds the others."""
        async for one in self._spooled.list_waiting():
            named = await self._context.store.read(partial(_find_named, store_key=one.key))
            if named is None:
                continue
            try:
                await self._spooled.hand_on(one.key)
            except StorageError as error:
                self._storage.health.reason = str(error)
                await self._room.report_refusal()
                return
            await self._context.store.write(self._settle, named)
            await self._spooled.forget(one.key)
            log.info("the store has taken a file that waited: %(file)s", {"file": one.key})

    def _settle(self, tx: Tx, handed_on: Sequence[_NamedObject]) -> list[None]:
        """Record that the store has objects; those that were taken for lost are kept again."""
        keep_found(self._context, tx, [asset for one in handed_on for asset in one.lost])
        assets.end_waiting(tx.db, [one.store_key for one in handed_on])
        return [None] * len(handed_on)


def _find_named(db: Reading, store_key: str) -> _NamedObject | None:
    """Return what is known of an object that a row names; None where none does."""
    lost = assets.list_lost_at(db, [store_key])
    is_named = lost or assets.list_in_use(db, [store_key])
    return _NamedObject(store_key, lost) if is_named else None
