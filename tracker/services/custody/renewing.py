"""Ask a provider for another URL of a file whose URL is dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain import custody
from tracker.domain.custody import Asset
from tracker.domain.outcome import Observed
from tracker.domain.sealing import MOST_BYTES
from tracker.domain.task import Artifact, Task
from tracker.services.asking import ask
from tracker.services.context import Context
from tracker.store import assets
from tracker.store.asset_queue import ClaimedAsset
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class RenewedUrl:
    """A URL that a provider has given now. lane: of the file that lies there."""

    url: str
    lane: str


class UrlRenewer:
    """Asks, and writes down what it is told, so that the next fetch begins there."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def renew(self, task: Task, claimed: ClaimedAsset) -> RenewedUrl | None:
        """Return the URL that a query of the provider now gives a file; None: it gives none."""
        if not self._context.has_account(task):
            return None
        said = (await ask(self._context, [task])).outcomes[0]
        if not isinstance(said, Observed):
            return None
        asset = claimed.asset
        piece = custody.index_pieces(said.observation.artifacts).get(asset.piece)
        if piece is None or piece.url is None or len(piece.url.encode()) > MOST_BYTES:
            return None
        lane = custody.fetch_lane(custody.get_account_lane(claimed.lane), piece.url)
        lifetime = self._context.providers[task.provider].results.lifetime
        now = self._context.clock.now()
        ends = custody.find_url_end(piece, lifetime=lifetime, now=now)
        sealed = self._context.seal(piece.url.encode())
        dies_at = ends or now + custody.ASSUMED_LIFETIME
        await self._context.store.write(
            _replace_source, _NewSource(asset.key, sealed, lane, ends, dies_at)
        )
        return RenewedUrl(piece.url, lane)


def find_piece(task: Task, asset: Asset) -> Artifact | None:
    """Return the artifact of a task's result that an asset is to hold; None: it has it no more."""
    return custody.index_pieces(task.artifacts).get(asset.piece)


@dataclass(frozen=True, slots=True)
class _NewSource:
    key: int
    sealed: bytes
    lane: str
    url_expires_at: datetime | None
    dies_at: datetime


def _replace_source(tx: Tx, new: Sequence[_NewSource]) -> list[None]:
    for one in new:
        assets.replace_source(
            tx.db,
            one.key,
            one.sealed,
            lane=one.lane,
            url_expires_at=one.url_expires_at,
            dies_at=one.dies_at,
        )
    return [None] * len(new)
