"""Tell whether the store of assets takes files now, and say so where it does not.

Files that nobody else has are not asked for while it takes none: an answer that holds its files
comes once.
"""

import asyncio
from contextlib import suppress

from tracker.clock import Clock, make_token
from tracker.domain.errors import StorageError, Unavailable
from tracker.services.conditions import ConditionReport, report
from tracker.services.counted import iterate_whole
from tracker.services.storage import Storage
from tracker.store import conditions
from tracker.store.conditions import DISK_LOW
from tracker.store.store import Store

PROBES = ".probes"
"""Above the names of objects that are written to see whether one can be, and deleted at once."""
PAUSE_S = 30.0
"""After a file that was not taken, until the store is tried again; and for how long it is believed
to take files because it took a probe."""
PROBE_S = 10.0
"""How long a probe may take."""
_PROBE = bytes(64 * 1024)


class StoreRoom:
    """Looks at one store. One per process: it remembers what it said."""

    def __init__(self, storage: Storage, store: Store, clock: Clock) -> None:
        """Nothing is looked at yet. store: of the rows."""
        self._storage, self._store, self._clock = storage, store, clock
        self._is_told: bool | None = None
        self._refusals, self._tried_again_s = 0, 0.0
        self._probing = asyncio.Lock()

    async def find_shortage(self) -> str | None:
        """Return why too little room is left; None where enough is. The condition says it too.

        Raises Unavailable.
        """
        reason = await self._look()
        await self._tell(reason or self._storage.health.reason)
        return reason

    async def can_take_files(self, *, once: bool = False) -> bool:
        """Tell whether a file can be stored now, by trying after a pause where the last could not.

        once: the file will come once, and is paid for: the store is tried first, unless it has been
        within PAUSE_S. Raises Unavailable.
        """
        reason = await self._look()
        if reason is None and (once or self._storage.health.reason is not None):
            await self._probe()
        reason = reason or self._storage.health.reason
        await self._tell(reason)
        return reason is None

    async def report(self) -> None:
        """Say how it is, whatever any process said before. Raises Unavailable."""
        reason = await self._look()
        opened = await self._store.read(conditions.list_open)
        is_said = any(one.name == DISK_LOW for one in opened)
        if reason is None and (is_said or self._storage.health.reason is not None):
            await self._probe()
            reason = self._storage.health.reason
        if is_said is not (reason is not None):
            self._is_told = is_said
        await self._tell(reason)

    async def report_refusal(self) -> None:
        """Say at once that the store took no file; the next look says it where this cannot."""
        with suppress(Unavailable):
            await self._tell(self._storage.health.reason)

    async def _look(self) -> str | None:
        try:
            free = await self._storage.objects.free_bytes()
        except StorageError as error:
            return f"the store of assets cannot be used: {error}"
        floor = self._storage.rules.min_free_bytes
        if free is None or free >= floor:
            return None
        return (
            f"{free} bytes are free where assets are kept, less than "
            f"TRACKER_ASSET_MIN_FREE_BYTES ({floor}): nothing is fetched"
        )

    async def _probe(self) -> None:
        """Try to store something, some time after the last try or file that was not taken.

        Whoever comes while another tries waits for that, unless the store is known to take nothing.
        """
        health = self._storage.health
        if self._probing.locked() and health.reason is not None:
            return
        async with self._probing:
            now_s = self._clock.monotonic()
            if health.refusals != self._refusals:
                self._refusals, self._tried_again_s = health.refusals, now_s + PAUSE_S
            if now_s < self._tried_again_s:
                return
            self._tried_again_s = now_s + PAUSE_S
            name = f"{PROBES}/{make_token()}"
            try:
                async with asyncio.timeout(PROBE_S):
                    await self._storage.put(name, iterate_whole(_PROBE))
                    await self._storage.objects.delete(name)
            except TimeoutError:
                health.refusals += 1
                health.reason = f"the store has not taken and deleted a file within {PROBE_S:g} s"
            except StorageError:
                pass  # `put` says why; what is not deleted is swept
            self._refusals = health.refusals

    async def _tell(self, reason: str | None) -> None:
        """Say it where that is news of this process."""
        if self._is_told is not (reason is not None):
            await self._store.write(report, ConditionReport(DISK_LOW, "", "", reason))
            self._is_told = reason is not None
