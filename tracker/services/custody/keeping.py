"""Record what became of fetches, in one transaction with the step of the task's history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.domain.custody import Asset, AssetState
from tracker.domain.events import EventKind
from tracker.domain.retention import Keep
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import asset_queue, assets, tasks
from tracker.store.asset_queue import ClaimedAsset
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file is whole in the store.

    remark:    what is to be said of it all the same; None for nothing.
    shares:    the object of another asset with the same bytes, seen to be there; None for none.
    """

    store_key: str
    size: int
    sha256: bytes
    media_type: str
    remark: str | None = None
    shares: str | None = None


@dataclass(frozen=True, slots=True)
class FailedFetch:
    """A fetch brought nothing. again_at: when to try again; None: never. spent: the try counts."""

    reason: str
    again_at: datetime | None
    state: AssetState = AssetState.LOST
    spent: bool = True


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A claimed asset and what became of it."""

    claimed: ClaimedAsset
    outcome: StoredFile | FailedFetch

    @property
    def is_end(self) -> bool:
        """Return whether the asset is not fetched again: that is a step of its task's history."""
        return isinstance(self.outcome, StoredFile) or self.outcome.again_at is None


class FetchRecorder:
    """Settles fetches."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def settle(self, claimed: ClaimedAsset, outcome: StoredFile | FailedFetch) -> str | None:
        """Record a fetch. Returns the object that an asset now stands on; None where none does.

        None too where the lease was lost: then nothing is recorded.
        """
        result = FetchResult(claimed, outcome)
        return await self._context.store.write(self._settle, result, is_patient=True)

    def _settle(self, tx: Tx, results: Sequence[FetchResult]) -> list[str | None]:
        # In one order for all writers: tasks, then the locks of bytes, then the assets' own rows.
        # A fetch that is tried again is no step of the task: nobody waits for the task's row then.
        ended = [one for one in results if one.is_end]
        keys = {key for one in ended if (key := one.claimed.asset.task_key) is not None}
        recorder = Recorder(self._context, tx, tasks.lock_by_key(tx.db, keys).values())
        for tenant, sha256 in sorted(
            {
                (one.claimed.asset.tenant, one.outcome.sha256)
                for one in ended
                if isinstance(one.outcome, StoredFile)
            }
        ):
            assets.lock_bytes(tx.db, tenant, sha256)
        held = asset_queue.lock_held(tx.db, [one.claimed for one in results])
        ours = [one for one in results if one.claimed in held]
        asset_queue.try_again(tx.db, [later for one in ours if (later := _plan_retry(one))])
        self._record_lost(tx, recorder, [lost for one in ours if (lost := _mark_lost(one))])
        stands_on = self._keep(tx, recorder, ours)
        recorder.flush()
        return [stands_on.get(one.claimed) for one in results]

    def _record_lost(self, tx: Tx, recorder: Recorder, lost: Sequence[Asset]) -> None:
        asset_queue.end(tx.db, lost, now=tx.now)
        for asset in lost:
            said = f"{asset.id}: {asset.reason}"
            recorder.record_asset(asset, EventKind.ASSET_LOST, said)

    def _keep(
        self, tx: Tx, recorder: Recorder, results: Sequence[FetchResult]
    ) -> dict[ClaimedAsset, str]:
        """Record what is stored. Returns the object that each stands on."""
        stands_on, kept = dict[ClaimedAsset, str](), list[Asset]()
        for one in results:
            if isinstance(one.outcome, StoredFile):
                store_key = self._find_shared_key(tx, one.claimed, one.outcome)
                stands_on[one.claimed] = store_key
                asset = one.claimed.asset
                task = None if asset.task_key is None else recorder.get_task(asset.task_key)
                keep = None if task is None else self._context.keep_files(task)
                kept.append(_mark_kept(asset, one.outcome, store_key, keep=keep, now=tx.now))
        asset_queue.keep(tx.db, kept, now=tx.now)
        for asset in kept:
            recorder.record_kept(asset)
        return stands_on

    def _find_shared_key(self, tx: Tx, claimed: ClaimedAsset, stored: StoredFile) -> str:
        """Return the object to stand on: another's with the same bytes, if it still is kept."""
        if stored.shares is not None:
            other = assets.find_holding(tx.db, claimed.asset.tenant, stored.sha256)
            if other is not None and other.store_key == stored.shares:
                return stored.shares
        return stored.store_key


def _mark_kept(
    asset: Asset, stored: StoredFile, store_key: str, *, keep: Keep, now: datetime
) -> Asset:
    return replace(
        asset,
        state=AssetState.KEPT,
        size=stored.size,
        sha256=stored.sha256,
        media_type=stored.media_type,
        store_key=store_key,
        reason=stored.remark,
        expires_at=None if keep is None else now + keep,
    )


def _plan_retry(result: FetchResult) -> tuple[Asset, datetime] | None:
    """Return an asset as it is to be fetched again, and when; None where it is not."""
    asset, outcome = result.claimed.asset, result.outcome
    if isinstance(outcome, StoredFile) or outcome.again_at is None:
        return None
    attempts = asset.attempts + int(outcome.spent)
    return replace(asset, reason=outcome.reason, attempts=attempts), outcome.again_at


def _mark_lost(result: FetchResult) -> Asset | None:
    """Return an asset as it ends without its file; None where it does not."""
    outcome = result.outcome
    if isinstance(outcome, StoredFile) or outcome.again_at is not None:
        return None
    return replace(result.claimed.asset, state=outcome.state, reason=outcome.reason)
