"""Record what became of fetches, in one transaction with the step of the task's history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.domain.custody import Asset, AssetState
from tracker.domain.events import Event, EventKind, Source
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.store import asset_queue, assets, tasks
from tracker.store.asset_queue import ClaimedAsset
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class Stored:
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
class Failed:
    """A fetch brought nothing. again_at: when to try again; None: never. spent: the try counts."""

    reason: str
    again_at: datetime | None
    state: AssetState = AssetState.LOST
    spent: bool = True


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A claimed asset and what became of it."""

    claimed: ClaimedAsset
    outcome: Stored | Failed


class Keeping:
    """Settles fetches."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def settle(self, claimed: ClaimedAsset, outcome: Stored | Failed) -> str | None:
        """Record a fetch. Returns the object that an asset now stands on; None where none does.

        None too where the lease was lost: then nothing is recorded.
        """
        result = FetchResult(claimed, outcome)
        return await self._context.store.write(self._settle, result, is_patient=True)

    def _settle(self, tx: Tx, results: Sequence[FetchResult]) -> list[str | None]:
        # In one order for all writers: tasks, then the locks of bytes, then the assets' own rows.
        keys = {one.claimed.asset.task_key for one in results} - {None}
        recorder = Recorder(
            self._context, tx, tasks.lock_by_key(tx.db, [k for k in keys if k]).values()
        )
        for tenant, sha256 in sorted(
            {
                (one.claimed.asset.tenant, one.outcome.sha256)
                for one in results
                if isinstance(one.outcome, Stored)
            }
        ):
            assets.lock_bytes(tx.db, tenant, sha256)
        stands_on = [self._settle_one(tx, recorder, one) for one in results]
        recorder.flush()
        return stands_on

    def _settle_one(self, tx: Tx, recorder: Recorder, result: FetchResult) -> str | None:
        claimed, outcome = result.claimed, result.outcome
        if not asset_queue.is_held(tx.db, claimed):
            return None
        if isinstance(outcome, Stored):
            store_key = self._shared_key(tx, claimed, outcome)
            kept = self._kept(claimed.asset, outcome, store_key, now=tx.now)
            asset_queue.keep(tx.db, claimed, kept, now=tx.now)
            said = f"{kept.id}: {kept.size} bytes of {kept.media_type}"
            record_asset_step(recorder, kept, EventKind.ASSET_KEPT, said)
            return store_key
        if outcome.again_at is not None:
            asset_queue.try_again(
                tx.db, claimed, outcome.reason, at=outcome.again_at, spent=outcome.spent
            )
            return None
        asset_queue.end(tx.db, claimed, outcome.state, outcome.reason, now=tx.now)
        said = f"{claimed.asset.id}: {outcome.reason}"
        record_asset_step(recorder, claimed.asset, EventKind.ASSET_LOST, said)
        return None

    def _shared_key(self, tx: Tx, claimed: ClaimedAsset, stored: Stored) -> str:
        """Return the object to stand on: another's with the same bytes, if it still is kept."""
        if stored.shares is not None:
            other = assets.holding(tx.db, claimed.asset.tenant, stored.sha256)
            if other is not None and other.store_key == stored.shares:
                return stored.shares
        return stored.store_key

    def _kept(self, asset: Asset, stored: Stored, store_key: str, *, now: datetime) -> Asset:
        storage = self._context.storage
        keep = None if storage is None else storage.rules.keep
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


def record_asset_step(recorder: Recorder, asset: Asset, kind: EventKind, said: str) -> None:
    """Record in the history of an asset's task what became of the asset."""
    if asset.task_key is not None:
        step = recorder.record(asset.task_key, Event(kind, Source.SWEEP, message=said))
        recorder.name_asset(step, asset.id)
