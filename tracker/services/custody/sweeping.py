"""Drop what has been kept for long enough, and put the store and the rows in step again.

Rows go first and objects after the commit, so that no row ever promises what is not there. A
process that dies in between leaves objects that no row names: the sweep removes them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from tracker.domain.custody import WAITS, Asset, AssetState, find_asset_of_object
from tracker.domain.errors import Misuse, StorageError
from tracker.domain.events import EventKind
from tracker.domain.signals import CrashPoint
from tracker.objects.folder import PARTS
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.storage import Storage
from tracker.services.store_room import PROBES
from tracker.store import assets, conditions, tasks
from tracker.store.conditions import DATABASE_CHANGED
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading

log = logging.getLogger(__name__)

BATCH = 200
GRACE = timedelta(hours=2)
"""An object that no row names may still be about to get one; a part may still be written to. An
upload takes an hour at most, and S3 dates an object by when its writing began
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html, read 2026-11-30)."""
_UNFINISHED = (f"{PARTS}/", f"{PROBES}/")
"""The names of what never became an object of an asset."""
AWAITED_FOR = timedelta(days=1)
"""How long another machine may have what it is to hand on; after that it is taken for lost, until
it comes."""
VANISHED = "its object has vanished from the store"


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The findings of one sweep.

    strays:   objects that no row named, and parts of interrupted writes; they were removed.
    vanished: rows that named an object which is not there.
    found:    rows whose object had vanished and is there again.
    """

    strays: int
    vanished: int
    found: int = 0


class AssetSweeper:
    """Drops and sweeps. Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Raises Misuse where custody is off."""
        if context.storage is None:
            raise Misuse("custody is off")
        self._context = context
        self._storage: Storage = context.storage

    async def drop_expired(self) -> None:
        """Drop every asset whose time is over, and the objects that no other asset stands on.

        Nothing while another database may need them, as in `sweep`.
        """
        if await self._may_be_shared():
            return
        now = self._context.clock.now()
        while await self._context.store.read(lambda db: assets.is_any_expired(db, now=now)):
            dropped = await self._context.store.write(_drop, BATCH)
            if dropped.count:
                self._context.at(CrashPoint.ASSETS_DROPPED)
            for store_key in dropped.objects:
                await self._storage.delete_unnamed(store_key)
            if dropped.count < BATCH:
                return

    async def sweep(self) -> SweepResult:
        """Look through the whole store and all rows, and say what did not fit together.

        Strays stay while the database is recovered after a restore, and for a day after it became
        another one: they were kept after its backup, or another database, of which it is a copy and
        which goes on living, has them still.
        """
        try:
            strays, returned = await self._sweep_objects()
            found = SweepResult(strays, await self._sweep_rows(), returned)
        except StorageError as error:
            log.warning("the store of assets could not be swept: %(reason)s", {"reason": error})
            return SweepResult(0, 0)
        if found != SweepResult(0, 0):
            log.warning(
                "a sweep of assets removed %(strays)d strays, and found %(vanished)d files vanished"
                " and %(found)d back",
                {"strays": found.strays, "vanished": found.vanished, "found": found.found},
            )
        return found

    async def sweep_now_and_then(self) -> None:
        """Sweep, as a chore."""
        await self.sweep()

    async def _may_be_shared(self) -> bool:
        """Tell whether another database may stand on the same objects. Raises Unavailable."""
        if self._context.recovery.since is not None:
            return True
        standing = await self._context.store.read(conditions.list_open)
        return any(one.name == DATABASE_CHANGED for one in standing)

    async def _sweep_objects(self) -> tuple[int, int]:
        """Return how many strays were removed, and how many rows have their object again."""
        strays, found, waiting = 0, 0, dict[str, int]()
        before = self._context.clock.now() - GRACE
        async for one in self._storage.objects.list():
            if one.changed_at < before:
                waiting[one.key] = one.size
            if len(waiting) >= BATCH:
                removed, returned = await self._settle(waiting)
                strays, found, waiting = strays + removed, found + returned, {}
        removed, returned = await self._settle(waiting)
        return strays + removed, found + returned

    async def _settle(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Keep the objects again that lost rows name, and remove those that none does."""
        find = partial(_find_strays, store_keys=list(sizes))
        strays = await self._context.store.read(find) if sizes else []
        if not strays:
            return 0, 0
        unnamed = {key: sizes[key] for key in strays}
        lost = await self._context.store.read(partial(_find_lost, sizes=unnamed))
        found = await self._context.store.write(self._keep_found, lost) if lost else []
        back = {one.store_key for one in found}
        removed = set() if await self._may_be_shared() else unnamed.keys() - back
        for key in removed:
            await self._storage.objects.delete(key)
        return len(removed), len(found)

    def _keep_found(self, tx: Tx, asked: Sequence[Sequence[Asset]]) -> list[list[Asset]]:
        """Record that vanished objects are there again: their disk was away, or their bucket."""
        return [keep_found(self._context, tx, lost) for lost in asked]

    async def _sweep_rows(self) -> int:
        vanished, after = 0, 0
        while True:
            page = await self._context.store.read(
                partial(assets.list_kept_after, key=after, limit=BATCH)
            )
            for asset in page:
                size = await self._storage.objects.get_size(asset.store_key or "")
                if size != asset.size and not self._is_awaited(asset):
                    vanished += await self._context.store.write(self._lose, asset)
            if len(page) < BATCH:
                return vanished
            after = page[-1].key

    def _is_awaited(self, asset: Asset) -> bool:
        """Return whether an object may lie on another machine, which has yet to hand it on."""
        since = asset.ended_at if (asset.reason or "").startswith(WAITS) else None
        return since is not None and self._context.clock.now() - since < AWAITED_FOR

    def _lose(self, tx: Tx, lost: Sequence[Asset]) -> list[int]:
        """Record that assets have vanished; what may still be fetched is fetched again."""
        keys = {asset.task_key for asset in lost if asset.task_key is not None}
        recorder = Recorder(self._context, tx, tasks.lock_by_key(tx.db, keys).values())
        numbers = []
        for asset in lost:
            now = assets.lock_kept(tx.db, asset.key)
            if now is None or now.store_key != asset.store_key:
                numbers.append(0)
                continue
            waits = (now.reason or "").startswith(WAITS)
            why = f"{VANISHED}; {now.reason}" if waits else VANISHED
            assets.mark_vanished(tx.db, asset.key, why, now=tx.now)
            recorder.record_asset(asset, EventKind.ASSET_LOST, f"{asset.id}: {why}")
            if asset.url_expires_at is not None and asset.url_expires_at > tx.now:
                assets.request_again(tx.db, asset.key, dies_at=asset.url_expires_at, now=tx.now)
            numbers.append(1)
        recorder.flush()
        return numbers


def keep_found(context: Context, tx: Tx, lost: Sequence[Asset]) -> list[Asset]:
    """Record that objects are there which had vanished; return their assets.

    lost: looked for before the transaction, as no index leads to them; one may be kept by now.
    """
    keys = {one.task_key for one in lost if one.task_key is not None}
    recorder = Recorder(context, tx, tasks.lock_by_key(tx.db, keys).values())
    kept = assets.keep_found(tx.db, [one.key for one in lost], now=tx.now)
    found = [one for one in lost if one.key in kept]
    for one in found:
        recorder.record_kept(one)
    recorder.flush()
    return found


def _find_strays(db: Reading, store_keys: Sequence[str]) -> list[str]:
    """Return objects that no row names, or is about to name: a fetch may take longer than GRACE.

    Whatever else lies in the folder or the bucket is somebody's, and stays.
    """
    used = assets.list_in_use(db, store_keys)
    named = {key: find_asset_of_object(key) for key in store_keys if key not in used}
    unused = {key: id_ for key, id_ in named.items() if id_ or key.startswith(_UNFINISHED)}
    found = assets.list_by_id(db, {id_ for id_ in unused.values() if id_ is not None})
    wanted = {id_ for id_, asset in found.items() if asset.state is AssetState.WANTED}
    return [key for key, id_ in unused.items() if id_ not in wanted]


def _find_lost(db: Reading, sizes: Mapping[str, int]) -> list[Asset]:
    """Return lost assets whose objects are there, whole."""
    found = assets.list_lost_at(db, sizes)
    return [one for one in found if one.size == sizes.get(one.store_key or "")]


@dataclass(frozen=True, slots=True)
class _Dropped:
    count: int
    objects: Sequence[str]


def _drop(tx: Tx, limits: Sequence[int]) -> list[_Dropped]:
    """Mark assets as gone; return the objects that nobody needs any more."""
    found = []
    for limit in limits:
        gone = assets.lock_expired(tx.db, now=tx.now, limit=limit)
        for tenant, sha256 in sorted({(one.tenant, one.sha256 or b"") for one in gone}):
            assets.lock_bytes(tx.db, tenant, sha256)
        assets.drop_bytes(tx.db, [one.key for one in gone], AssetState.GONE, None, now=tx.now)
        keys = {one.store_key for one in gone if one.store_key is not None}
        unused = keys - assets.list_in_use(tx.db, keys) if keys else set()
        found.append(_Dropped(len(gone), sorted(unused)))
    return found
