"""Fetch wanted assets: claim, stream into the store, record."""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.clock import make_token
from tracker.domain import custody
from tracker.domain.custody import Asset, AssetState
from tracker.domain.errors import (
    BrokenTransfer,
    MisplacedPage,
    Misuse,
    StorageError,
    UnkeepableFile,
)
from tracker.domain.exchange import HttpFailure
from tracker.domain.sealing import CannotOpen, unseal
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.precedence import Background
from tracker.services.context import Context
from tracker.services.custody.keeping import FailedFetch, FetchRecorder, StoredFile
from tracker.services.custody.renewing import UrlRenewer, find_piece
from tracker.services.custody.transfer import (
    HostUnreachable,
    OriginRefusal,
    Transfer,
    TransferRestart,
)
from tracker.services.custody.unreachable_hosts import UnreachableHosts
from tracker.services.storage import Storage
from tracker.store import asset_queue, assets, tasks
from tracker.store.asset_queue import ClaimedAsset
from tracker.store.driver.transaction import Tx
from tracker.telemetry.metrics import LEASES_EXPIRED

log = logging.getLogger(__name__)

_DISK_PAUSE = timedelta(seconds=30)
_HOST_PAUSE = timedelta(seconds=10)
"""Until a file may be the one that its host is tried with again: others are, meanwhile."""
FLOOR_EVERY_BYTES = 64 * 1024 * 1024
"""The free disk is looked at after so many."""
_DEAD = frozenset({400, 401, 403, 404, 410})
"""Statuses by which an origin says that a URL leads to nothing (any more). 400: a signed link to
Google's storage that has expired (https://docs.tryterra.co/help-center/help-topics/webhook/
large-payloads-and-chunking/presigned-url-expiry, read 2026-11-30)."""
_GONE = 410
"""Says for good what the others say for now (RFC 9110, 15.5.11)."""
_MOST_STARTS = 4
"""How often one fetch begins anew because it could not go on."""
_BEGINNING_S, _BYTE_S = 0.004, 3e-9
"""Processor time that a fetch takes: to claim, connect and record; and for each byte to read, hash
and write. Measured on SQLite, 2026-11-30: 3 ms, and 3 ms for each megabyte."""
_SVG = "an SVG can hold scripts: it is handed out as a download only"


@dataclass(frozen=True, slots=True)
class _FetchClaim:
    limit: int
    per_lane: int
    busy: Mapping[str, int]
    most: Mapping[str, int]


class AssetFetcher:
    """Fetches. Needs a context with storage."""

    def __init__(self, context: Context) -> None:
        """One per process: it remembers hosts out of reach. Raises Misuse: custody is off."""
        if context.storage is None or context.room is None:
            raise Misuse("custody is off")
        self._context = context
        self._storage: Storage = context.storage
        self._room = context.room
        self._keeping = FetchRecorder(context)
        self._hosts = UnreachableHosts()
        self._renewer = UrlRenewer(context)
        self._background = Background(context.precedence, context.clock)

    async def claim(
        self, *, limit: int, per_lane: int, busy: Mapping[str, int]
    ) -> list[ClaimedAsset]:
        """Take up to `limit` due assets, which nobody else gets then; see asset_queue.claim."""
        most = self._hosts.get_claim_limits(busy, now_s=self._context.clock.monotonic())
        wanted = _FetchClaim(limit, per_lane, busy, most)
        claimed: list[ClaimedAsset] = await self._context.store.write(
            self._claim, wanted, is_patient=True
        )
        if claimed:
            LEASES_EXPIRED.add(by=sum(one.was_left for one in claimed))
            self._context.at(CrashPoint.FETCH_CLAIMED)
        return claimed

    async def find_next_due(self) -> datetime | None:
        """Return when there will be something to claim."""
        return await self._context.store.read(asset_queue.find_next_due)

    @property
    def is_slow(self) -> bool:
        """Tell whether files are fetched slowly now, beside a crowd of callbacks."""
        return self._context.precedence.is_crowded

    def compute_next_try_s(self) -> float | None:
        """Return in how many seconds a host out of reach is tried again; None where none is."""
        return self._hosts.compute_next_try_s(now_s=self._context.clock.monotonic())

    async def renew(self, held: Sequence[ClaimedAsset]) -> set[ClaimedAsset]:
        """Hold for another lease. Returns those that are still ours."""
        return await self._context.store.write(self._renew, tuple(held))

    async def release(self, held: Sequence[ClaimedAsset]) -> None:
        """Hand back what was not fetched: it is due at once and no try was spent."""
        await self._context.store.write(_release, tuple(held))

    async def has_room(self) -> bool:
        """Tell whether the store takes files now; the condition says so when it takes none."""
        return await self._room.can_take_files()

    async def fetch(self, claimed: ClaimedAsset) -> None:
        """Fetch one asset and record what became of it. Raises Unavailable, and nothing else that
        an origin can cause.
        """
        await self._background.give_way(_BEGINNING_S)
        outcome = await self._fetch_file(claimed)
        if isinstance(outcome, StoredFile):
            self._context.at(CrashPoint.FETCH_STORED)
        stands_on = await self._keeping.settle(claimed, outcome)
        if self._storage.health.reason is not None:
            await self._room.report_refusal()
        self._context.at(CrashPoint.FETCH_RECORDED)
        if isinstance(outcome, StoredFile) and stands_on != outcome.store_key:
            await self._storage.delete_unnamed(outcome.store_key)

    async def fail(self, claimed: ClaimedAsset, reason: str) -> None:
        """Record that a fetch raised: it is tried again like any that failed."""
        await self._keeping.settle(claimed, self._postpone_fetch(claimed, reason))

    async def _fetch_file(self, claimed: ClaimedAsset) -> StoredFile | FailedFetch:
        asset, since_s = claimed.asset, self._context.clock.monotonic()
        task = await self._context.store.find(tasks.get_by_keys, asset.task_key or 0)
        url = None if task is None else self._find_url(task, claimed)
        if task is None or url is None:
            return FailedFetch("nothing says where it lies", None)
        try:
            return await self._fetch_or_renew(claimed, task, url)
        except HostUnreachable as error:
            return self._retry_unreached(claimed, str(error), since_s)
        except (BrokenTransfer, TransferRestart) as error:
            return self._postpone_fetch(claimed, str(error))
        except UnkeepableFile as error:
            return self._refuse_file(claimed, task, error)
        except StorageError as error:
            log.warning(
                "asset %(asset)s is not stored: %(reason)s", {"asset": asset.id, "reason": error}
            )
            again_at = self._context.clock.now() + _DISK_PAUSE
            return FailedFetch(str(error), again_at, spent=False)

    def _find_url(self, task: Task, claimed: ClaimedAsset) -> str | None:
        """Return where a file lies: at its renewed URL, else where its task's result says."""
        if claimed.source:
            with suppress(CannotOpen):
                return unseal(self._context.secrets, claimed.source).decode()
        piece = find_piece(task, claimed.asset)
        return None if piece is None else piece.url

    async def _fetch_or_renew(
        self, claimed: ClaimedAsset, task: Task, url: str
    ) -> StoredFile | FailedFetch:
        """Fetch from a URL, or from another one where that is dead. Raises as `_fetch` does."""
        try:
            return await self._fetch(claimed.asset, task, url, claimed.lane)
        except OriginRefusal as error:
            if error.status in _DEAD:
                return await self._request_renewal(claimed, task, error)
            return self._postpone_fetch(claimed, str(error), asked=error.asked)
        except UnkeepableFile:
            if claimed.asset.attempts == 0:
                raise
            # It may be a page that says that a link has expired.
            renewed = await self._fetch_renewed(claimed, task, url)
            if renewed is None:
                raise
            return renewed

    async def _fetch(self, asset: Asset, task: Task, url: str, lane: str) -> StoredFile:
        """Stream the file into the store, from the beginning where it cannot go on.

        Raises HostUnreachable, and what else `Transfer.iterate_chunks` and the store raise.
        """
        for start in range(_MOST_STARTS):
            transfer = await self._transfer(asset, task, url)
            store_key = self._make_key(asset)
            try:
                await self._storage.put(store_key, self._watch_transfer(transfer))
            except TransferRestart:
                if start + 1 == _MOST_STARTS:
                    raise
                continue
            finally:
                if transfer.is_answered and self._hosts.note_answer(lane):
                    log.info("files of %(lane)s are fetched again", {"lane": lane})
            shares = await self._find_same_bytes(asset, transfer)
            remark = _SVG if transfer.media_type == "image/svg+xml" else None
            return StoredFile(
                store_key, transfer.size, transfer.digest, transfer.media_type, remark, shares
            )
        raise Misuse("unreachable")

    async def _transfer(self, asset: Asset, task: Task, url: str) -> Transfer:
        """Prepare to fetch a file. Raises BrokenTransfer where its account has no token now."""
        context, secrets = self._context, {}
        if context.has_account(task):
            account = context.get_account(task)
            found = await context.calls.build_file_headers(task.provider, account)
            if isinstance(found, HttpFailure):
                raise BrokenTransfer(found.reason)
            secrets = found
        source = (url, secrets)
        rules = self._storage.rules
        return Transfer(
            self._storage.downloads, source, asset.kind, rules, self._context.clock.sleep
        )

    async def _watch_transfer(self, transfer: Transfer) -> AsyncGenerator[bytes, None]:
        """Yield a transfer's bytes, with an eye on the disk and on who goes first."""
        looked = 0
        async with aclosing(transfer.iterate_chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
                if looked == 0:
                    self._context.at(CrashPoint.FETCH_HALF)
                    looked = 1
                if transfer.size - looked >= FLOOR_EVERY_BYTES:
                    looked = transfer.size
                    free = await self._storage.objects.free_bytes()
                    if free is not None and free < self._storage.rules.min_free_bytes:
                        raise StorageError("the disk has become too full for it")
                await self._background.give_way(len(chunk) * _BYTE_S)

    async def _find_same_bytes(self, asset: Asset, transfer: Transfer) -> str | None:
        """Return another object of the tenant's with these bytes that is really there."""
        other = await self._context.store.read(
            lambda db: assets.find_holding(db, asset.tenant, transfer.digest)
        )
        if other is None or other.store_key is None:
            return None
        size = await self._storage.objects.get_size(other.store_key)
        return other.store_key if size == transfer.size else None

    async def _request_renewal(
        self, claimed: ClaimedAsset, task: Task, error: OriginRefusal
    ) -> StoredFile | FailedFetch:
        """Have the provider asked for another URL, where that brings one: this one is dead."""
        renewed = await self._fetch_renewed(claimed, task, None)
        if renewed is not None:
            return renewed
        if error.status == _GONE and claimed.asset.attempts >= len(custody.FIRST_PAUSES):
            return FailedFetch(str(error), None)
        return self._look_again(claimed, task, str(error), AssetState.LOST)

    async def _fetch_renewed(
        self, claimed: ClaimedAsset, task: Task, url: str | None
    ) -> StoredFile | FailedFetch | None:
        """Fetch from a URL that the provider gives now; None where it gives none but `url`."""
        piece = find_piece(task, claimed.asset)
        if piece is None or not piece.refreshable:
            return None
        renewed = await self._renewer.renew(task, claimed)
        if renewed is None or renewed.url == url:
            return None
        try:
            return await self._fetch(claimed.asset, task, renewed.url, renewed.lane)
        except (OriginRefusal, BrokenTransfer, TransferRestart) as again:
            reason = f"{again}, under a renewed URL too"
            return self._look_again(claimed, task, reason, AssetState.LOST)

    def _retry_unreached(self, claimed: ClaimedAsset, reason: str, since_s: float) -> FailedFetch:
        """Try again soon, as long as its URL lives: until its host is there, few of its files are.

        since_s: when the try began, monotonic.
        """
        clock, lane = self._context.clock, claimed.lane
        pause_s = self._hosts.note_failure(lane, since_s=since_s, now_s=clock.monotonic())
        if pause_s:
            log.warning(
                "files of %(lane)s wait %(seconds)g s, their host is out of reach: %(reason)s",
                {"lane": lane, "seconds": pause_s, "reason": reason},
            )
        now, dies_at = clock.now(), claimed.dies_at
        if not pause_s and not self._hosts.is_waited_for(lane):
            return self._postpone_fetch(claimed, reason)
        return FailedFetch(reason, None if dies_at <= now else min(now + _HOST_PAUSE, dies_at))

    def _postpone_fetch(
        self, claimed: ClaimedAsset, reason: str, *, asked: timedelta = timedelta(0)
    ) -> FailedFetch:
        now, tries = self._context.clock.now(), claimed.asset.attempts + 1
        again_at = custody.compute_next_try(tries, now=now, dies_at=claimed.dies_at, asked=asked)
        return FailedFetch(reason, again_at)

    def _look_again(
        self, claimed: ClaimedAsset, task: Task, reason: str, state: AssetState
    ) -> FailedFetch:
        """Look again, ever more rarely, for a file that its origin does not have (yet).

        An origin that is not ready, is closed for a while or takes us for a robot says the same as
        one whose file is gone, and what was paid for may be there an hour later. state: that of an
        asset whose file is not looked for any more.
        """
        piece, ends = find_piece(task, claimed.asset), claimed.dies_at
        if piece is not None and piece.refreshable:  # each look may give it a URL that lives longer
            ends = claimed.asset.created_at + custody.ASSUMED_LIFETIME
        now, looks = self._context.clock.now(), claimed.asset.attempts + 1
        return FailedFetch(reason, custody.compute_next_look(looks, now=now, ends=ends), state)

    def _refuse_file(self, claimed: ClaimedAsset, task: Task, error: UnkeepableFile) -> FailedFetch:
        """Refuse it after a second look; with a page in its place, once its URL has died."""
        if isinstance(error, MisplacedPage):
            return self._look_again(claimed, task, str(error), AssetState.REFUSED)
        if claimed.asset.attempts == 0:
            later = self._postpone_fetch(claimed, str(error))
            if later.again_at is not None:
                return later
        return FailedFetch(str(error), None, AssetState.REFUSED)

    def _make_key(self, asset: Asset) -> str:
        """Name a new object: nobody else ever has this key, so that no write meets another."""
        return custody.build_object_key(asset.tenant, asset.id, asset.created_at, make_token()[:8])

    def _claim(self, tx: Tx, wanted: Sequence[_FetchClaim]) -> list[list[ClaimedAsset]]:
        return [
            asset_queue.claim(
                tx.db,
                token=make_token(),
                now=tx.lease_now,
                until=tx.lease_now + self._context.policy.lease,
                limit=one.limit,
                per_lane=one.per_lane,
                busy=one.busy,
                most=one.most,
            )
            for one in wanted
        ]

    def _renew(self, tx: Tx, held: Sequence[Sequence[ClaimedAsset]]) -> list[set[ClaimedAsset]]:
        until = tx.lease_now + self._context.policy.lease
        return [asset_queue.renew(tx.db, some, until=until) for some in held]


def _release(tx: Tx, held: Sequence[Sequence[ClaimedAsset]]) -> list[None]:
    for some in held:
        asset_queue.release(tx.db, some, now=tx.lease_now)
    return [None] * len(held)
