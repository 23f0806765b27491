"""Retention of what belongs to no task: quarantined receipts, deliveries, and old tombstones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from tracker.domain.retention import KeptClass
from tracker.services.context import Context
from tracker.services.upkeep import archiving
from tracker.services.upkeep.archiving import Archiver
from tracker.services.upkeep.retention_lease import LATEST, RetentionLease
from tracker.store import drops, retention, tombstones
from tracker.store.archived_rows import WrittenRows
from tracker.store.driver.transaction import Tx
from tracker.store.drops import LooseReceipts
from tracker.store.retention import WalkPlace, WalkProgress
from tracker.store.store import Reading

LOOSE = "loose"
"""The walk over receipts of no task."""
ARCHIVED_AT_ONCE = 100
"""Rows of one batch where it is written to the archive: each may have a body of a megabyte."""

_Batch = tuple[datetime, Mapping[KeptClass, WrittenRows]]
"""Now, and what the archive has of it by class: nothing where there is no archive."""


class LooseRetention:
    """Drops for the holder of the chore's lease. It goes by the defaults: rules name tasks."""

    def __init__(
        self,
        context: Context,
        lease: RetentionLease,
        archiving: Archiver | None,
        *,
        batch: int | None,
    ) -> None:
        """batch: rows of one transaction; None for what suits the database."""
        self._context = context
        self._lease = lease
        self._archiving = archiving
        self._batch = ARCHIVED_AT_ONCE if batch is None and archiving is not None else batch

    async def drop(self) -> None:
        """Drop what is due. Raises StorageError where the archive takes nothing."""
        while await self._drop_some():
            pass

    async def _drop_some(self) -> bool:
        """Drop a batch of each class; return whether more may be left."""
        now, written = self._context.clock.now(), dict[KeptClass, WrittenRows]()
        if self._archiving is not None:
            for one in (KeptClass.DELIVERIES, KeptClass.EVIDENCE):
                found = await self._archiving.write(one, partial(self._read_keys, one, now))
                if found is None:
                    return False
                written[one] = found
        return await self._context.store.write(self._drop, (now, written))

    def _read_keys(self, kept_class: KeptClass, now: datetime, db: Reading) -> Sequence[int]:
        if kept_class is KeptClass.EVIDENCE:
            return self._read_receipts(db, now, lock=False).keys
        return self._read_deliveries(db, now, lock=False)

    def _read_deliveries(self, db: Reading, now: datetime, *, lock: bool) -> Sequence[int]:
        keep = self._context.retention.defaults[KeptClass.DELIVERIES]
        if keep is None:
            return ()
        limit = self._choose_batch(db)
        return drops.list_loose_deliveries(db, before=now - LATEST - keep, limit=limit, lock=lock)

    def _read_receipts(self, db: Reading, now: datetime, *, lock: bool) -> LooseReceipts:
        keep = self._context.retention.defaults[KeptClass.EVIDENCE]
        at = retention.load_progress(db).get(LOOSE)
        after = 0 if at is None else at.place.key
        if keep is None:
            return LooseReceipts((), after, is_more=False)
        limit, before = self._choose_batch(db), now - LATEST - keep
        return drops.list_loose_receipts(db, after, before=before, limit=limit, lock=lock)

    def _choose_batch(self, db: Reading) -> int:
        return self._batch or retention.measure_batch(db)

    def _drop(self, tx: Tx, batches: Sequence[_Batch]) -> list[bool]:
        """Set-based: drop; False where another process has the lease, or the rows have changed."""
        if not self._lease.renew(tx):
            return [False] * len(batches)
        now, written = batches[0]
        keys = self._read_deliveries(tx.db, now, lock=True)
        found = self._read_receipts(tx.db, now, lock=True)
        chosen = {KeptClass.DELIVERIES: keys, KeptClass.EVIDENCE: found.keys}
        if not archiving.keep(tx, chosen, written):
            return [False] * len(batches)
        drops.drop_loose_deliveries(tx.db, keys)
        drops.drop_loose_evidence(tx.db, found.keys)
        place = WalkPlace(key=found.last)
        retention.keep_progress(tx.db, LOOSE, WalkProgress(place, None, tx.now))
        is_more = found.is_more or len(keys) == self._choose_batch(tx.db)
        keep = self._context.retention.tombstones
        if keep is not None:
            limit = retention.measure_batch(tx.db)
            is_more = (
                tombstones.forget(tx.db, before=tx.now - keep, limit=limit) == limit or is_more
            )
        return [is_more] * len(batches)
