"""Take in files whose bytes are here: a caller's upload, or one that came within an answer."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tracker.clock import make_id, make_token
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
from tracker.domain.upload_label import UploadLabel
from tracker.services.context import Context
from tracker.services.counted import CountedChunks
from tracker.services.storage import Storage
from tracker.services.store_room import StoreRoom
from tracker.store import assets
from tracker.store.driver.transaction import Tx

CUSTODY_OFF = "this needs custody of files, which is switched off (TRACKER_ASSETS)"
_ANOTHER = "another file was uploaded by this form"


@dataclass(frozen=True, slots=True)
class UploadTerms:
    """How long a file is kept, and what its client said of it; None for nothing."""

    lifetime: timedelta
    label: UploadLabel | None = None


class UploadReceiver:
    """Keeps what callers send."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    def promise_upload(self, tenant: str) -> tuple[UploadTicket, str]:
        """Promise to take a file in; the token of its form proves it for upload_form.LASTS.

        Nothing is written down until the file comes.
        """
        ticket = UploadTicket(make_id(), tenant)
        ends_at = self._context.clock.now() + upload_form.LASTS
        return ticket, upload_form.make_token(self._context.secrets[0], ticket, ends_at)

    def read_ticket(self, token: str) -> UploadTicket:
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
        terms: UploadTerms | Callable[[], UploadTerms],
    ) -> Asset:
        """Keep a file of a tenant.

        terms: asked for once the chunks have ended, where they bring them.
        Raises Conflict where custody is off, InvalidRequest for an empty file, Unavailable where
        the store does not take it, and what the chunks and the terms raise.
        """
        storage = self._get_storage()
        await self._check_room()
        return await self._store_upload(storage, tenant, make_id(), chunks, terms)

    async def keep_promised(
        self, ticket: UploadTicket, chunks: AsyncIterator[bytes], lifetime: timedelta
    ) -> Asset:
        """Keep the file of a form; the first that comes has the promised id.

        The same file again is read and compared, and not stored. Raises as `keep` does, and
        Conflict where another file has the id.
        """
        storage = self._get_storage()
        first = await self._context.store.find(assets.list_by_id, ticket.asset)
        if first is None:
            await self._check_room()
            terms = UploadTerms(lifetime)
            kept = await self._store_upload(storage, ticket.tenant, ticket.asset, chunks, terms)
            # Two of them may have come at once: the row that was first stays.
            first = await self._context.store.find(assets.list_by_id, ticket.asset)
            if first is None or first.store_key == kept.store_key:
                return kept
            await self._delete(storage, kept.store_key or "")
            if first.sha256 == kept.sha256:
                return first
            raise Conflict(_ANOTHER)
        counted = CountedChunks(chunks)
        async for _ in counted.iterate_chunks():
            if counted.size > (first.size or 0):
                raise Conflict(_ANOTHER)
        if counted.digest != first.sha256:
            raise Conflict(_ANOTHER)
        return first

    def _get_storage(self) -> Storage:
        if self._context.storage is None:
            raise Conflict(CUSTODY_OFF)
        return self._context.storage

    async def _store_upload(
        self,
        storage: Storage,
        tenant: str,
        id_: UUID,
        chunks: AsyncIterator[bytes],
        terms: UploadTerms | Callable[[], UploadTerms],
    ) -> Asset:
        now = self._context.clock.now()
        store_key = custody.build_object_key(tenant, id_, now, make_token()[:8])
        counted = CountedChunks(chunks)
        try:
            await storage.put(store_key, counted.iterate_chunks())
        except StorageError as error:
            await self._get_room().report_refusal()
            raise Unavailable(f"the file cannot be stored now: {error}") from error
        try:
            agreed = _agree_on_terms(counted, terms)
        except InvalidRequest:
            await self._delete(storage, store_key)
            raise
        label = agreed.label
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
            expires_at=now + agreed.lifetime,
            front=None if label is None else label.front,
            label=None if label is None else label.format_text(),
        )
        await self._context.store.write(_insert, asset)
        return asset

    async def _delete(self, storage: Storage, store_key: str) -> None:
        """Delete an object that no row names; a sweep does it where the store fails."""
        with contextlib.suppress(StorageError):
            await storage.objects.delete(store_key)

    async def _check_room(self) -> None:
        if (shortage := await self._get_room().find_shortage()) is not None:
            raise Unavailable(f"the file cannot be stored now: {shortage}")

    def _get_room(self) -> StoreRoom:
        if self._context.room is None:
            raise Conflict(CUSTODY_OFF)
        return self._context.room


def _agree_on_terms(
    counted: CountedChunks, terms: UploadTerms | Callable[[], UploadTerms]
) -> UploadTerms:
    """Return the terms. Raises InvalidRequest for an empty file, and what `terms` raises."""
    if not counted.size:
        raise InvalidRequest(FieldError("", "the file is empty"))
    return terms if isinstance(terms, UploadTerms) else terms()


def _insert(tx: Tx, new: Sequence[Asset]) -> list[None]:
    assets.insert_kept(tx.db, new)
    return [None] * len(new)
