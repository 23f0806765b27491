"""Hand files of answers on to the store, which wait on this machine as it had not taken them.

The store has a file before its row says so, and the file goes from here after that: a process that
dies in between does the same again.
"""

import logging
from collections.abc import Sequence
from functools import partial

from tracker.domain.errors import Misuse, StorageError
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import assets, tasks
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)


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
            if not await self._context.store.read(partial(assets.is_named, store_key=one.key)):
                continue
            try:
                await self._spooled.hand_on(one.key)
            except StorageError as error:
                self._storage.health.reason = str(error)
                await self._room.refused()
                return
            await self._context.store.write(self._settle, one.key)
            await self._spooled.forget(one.key)
            log.info("the store has taken a file that waited: %(file)s", {"file": one.key})

    def _settle(self, tx: Tx, store_keys: Sequence[str]) -> list[None]:
        """Record that the store has objects; those that were taken for lost are kept again."""
        lost = assets.lost_at(tx.db, store_keys)
        keys = {one.task_key for one in lost if one.task_key is not None}
        recorder = Recorder(self._context, tx, tasks.lock_by_key(tx.db, keys).values())
        kept = assets.keep_found(tx.db, [one.key for one in lost], now=tx.now)
        for one in lost:
            if one.key in kept:
                recorder.record_kept(one)
        assets.end_waiting(tx.db, store_keys)
        recorder.flush()
        return [None] * len(store_keys)
