"""Take in files whose bytes are here: a caller's upload, or one that came within an answer."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

from tracker.clock import new_id, new_token
from tracker.domain import custody, upload_form
from tracker.domain.custody import Asset, AssetState
from tracker.domain.errors import (
    Conflict,
    FieldError,
    InvalidRequest,
    NotFound,
    StorageError,
    Unavailable,
)
from tracker.domain.upload_form import UploadTicket
from tracker.services.context import Context
from tracker.services.counted import CountedChunks
from tracker.services.storage import Storage
from tracker.store import assets
from tracker.store.driver.transaction import Tx

CUSTODY_OFF = "this needs custody of files, which is switched off (TRACKER_ASSETS)"


class Uploading:
    """Keeps what callers send."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    def promise(self, tenant: str) -> tuple[UploadTicket, str]:
        """Promise to take a file in; the token of its form proves it for upload_form.LASTS.

        Nothing is written down until the file comes.
        """
        ticket = UploadTicket(new_id(), tenant)
        ends_at = self._context.clock.now() + upload_form.LASTS
        return ticket, upload_form.make_token(self._context.secrets[0], ticket, ends_at)

    def promised(self, token: str) -> UploadTicket:
        """Return what was promised. Raises NotFound for a token that proves nothing (any more)."""
        now = self._context.clock.now()
        ticket = upload_form.read_token(token, self._context.secrets, now=now)
        if ticket is None:
            raise NotFound("there is no such form, or its time is over")
        return ticket

    async def keep(
        self,
        tenant: str,
        chunks: AsyncIterator[bytes],
        *,
        lifetime: timedelta,
        promised: UUID | None = None,
    ) -> Asset:
        """Keep a file of a tenant for so long.

        promised: the asset's id where it was told before the file; the first file has it.
        Raises Conflict where custody is off or another file has the id, InvalidRequest for an empty
        file, Unavailable where the store does not take it, and what the chunks raise.
        """
        storage = self._context.storage
        if storage is None:
            raise Conflict(CUSTODY_OFF)
        await self._check_room(storage)
        id_, now = promised or new_id(), self._context.clock.now()
        store_key = custody.object_key(tenant, id_, now, new_token()[:8])
        counted = CountedChunks(chunks)
        try:
            await storage.objects.put(store_key, counted.chunks())
        except StorageError as error:
            raise Unavailable(f"the file cannot be stored now: {error}") from error
        if not counted.size:
            await storage.objects.delete(store_key)
            raise InvalidRequest(FieldError("", "the file is empty"))
        asset = Asset(
            key=0,
            id=id_,
            tenant=tenant,
            task_key=None,
            piece=str(id_),
            position=0,
            kind=custody.UPLOAD,
            state=AssetState.KEPT,
            size=counted.size,
            sha256=counted.digest,
            media_type=counted.media_type,
            store_key=store_key,
            attempts=0,
            reason=None,
            url_expires_at=None,
            created_at=now,
            ended_at=now,
            expires_at=now + lifetime,
        )
        await self._context.store.write(_insert, asset)
        return asset if promised is None else await self._first(storage, asset)

    async def _first(self, storage: Storage, asset: Asset) -> Asset:
        """Return the asset that has the id of this one. Raises Conflict: it is another file."""
        first = await self._context.store.find(assets.by_id, asset.id)
        if first is None or first.store_key == asset.store_key:
            return asset
        await storage.objects.delete(asset.store_key or "")
        if first.sha256 != asset.sha256:
            raise Conflict("another file was uploaded by this form")
        return first

    async def _check_room(self, storage: Storage) -> None:
        try:
            free = await storage.objects.free_bytes()
        except StorageError as error:
            raise Unavailable(f"the file cannot be stored now: {error}") from error
        if free is not None and free < storage.rules.min_free_bytes:
            raise Unavailable("the disk of the store is nearly full: nothing more is taken")


def _insert(tx: Tx, new: Sequence[Asset]) -> list[None]:
    assets.insert_kept(tx.db, new)
    return [None] * len(new)
