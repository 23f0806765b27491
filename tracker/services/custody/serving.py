"""Hand kept files out: to whoever has the tenant's key, or a link of ours."""

from binascii import b2a_base64
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from tracker.domain import custody
from tracker.domain.asset_link import LONGEST, is_good, make_token, read_token
from tracker.domain.custody import Asset, AssetState
from tracker.domain.errors import Conflict, NotFound, StorageError, Unavailable
from tracker.domain.inline_files import InlineFile, describe_files, read_name, store_key_of
from tracker.domain.media_type import OCTETS, is_shown
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.services.storage import Storage
from tracker.store import assets
from tracker.store.driver.transaction import Tx
from tracker.store.receipts import Receipt

LINK_PATH = "/links/{}/{}"
"""Of a token, and a name for the file that the token does not need."""
_NO_ASSET = "there is no such asset"
_UNREADABLE = "the file cannot be read now: {}"
_ENCODED_AT_ONCE = 192 * 1024
"""Bytes of a file; a multiple of 3, so that only the last piece of base64 is padded."""
_ENDINGS = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "model/gltf-binary": "glb",
}


@dataclass(frozen=True, slots=True)
class AssetLink:
    """A link, without what our URLs begin with, and its end."""

    path: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _ReopenedRead:
    tenant: str
    id: UUID


class AssetReader:
    """Finds and reads assets. Needs no storage to find them."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def get(self, tenant: str, id_: UUID) -> Asset:
        """Return a tenant's asset. Raises NotFound, Unavailable."""
        found = await self._context.store.find(assets.list_by_id, id_)
        if found is None or found.tenant != tenant:
            raise NotFound(_NO_ASSET)
        return found

    async def find_by_link(self, token: str) -> tuple[Asset, timedelta]:
        """Return the asset that a link leads to, and for how long it does.

        Raises NotFound where it is not good.
        """
        link = read_token(token)
        found = (
            None if link is None else await self._context.store.find(assets.list_by_id, link.asset)
        )
        if link is None or found is None:
            raise NotFound("there is no such link")
        now = self._context.clock.now()
        if not is_good(link, self._context.secrets, found.tenant, now=now):
            raise NotFound("there is no such link, or its time is over")
        return found, link.ends_at - now

    async def list_uploads(self, tenant: str, ids: Collection[UUID]) -> dict[UUID, Asset]:
        """Return those of a tenant's uploads that are kept now. Raises Unavailable."""
        found = await self._context.store.read(lambda db: assets.list_by_id(db, ids))
        now = self._context.clock.now()
        return {
            id_: asset
            for id_, asset in found.items()
            if asset.tenant == tenant
            and asset.kind == custody.UPLOAD
            and asset.state is AssetState.KEPT
            and (asset.expires_at is None or now < asset.expires_at)
        }

    def link(self, asset: Asset, lifetime: timedelta) -> AssetLink:
        """Make a link to an asset, good for up to LONGEST and no longer than the asset is kept."""
        ends_at = self._context.clock.now() + min(lifetime, LONGEST)
        if asset.expires_at is not None:
            ends_at = min(ends_at, asset.expires_at)
        token = make_token(self._context.secrets[0], asset.tenant, asset.id, ends_at)
        return AssetLink(LINK_PATH.format(token, build_file_name(asset)), ends_at)

    def read(self, asset: Asset, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield bytes of a kept asset. Raises NotFound, Conflict; see `check_kept`."""
        return self._read(self.check_kept(asset), start, end)

    async def _read(self, store_key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        storage, precedence = self._get_storage(), self._context.precedence
        place = precedence.take_place()
        try:
            async for block in storage.objects.read(store_key, start, end):
                await precedence.give_way(place)
                handed = [block]  # and not held here until the next
                del block
                yield handed.pop()
        except StorageError as error:
            raise Unavailable(_UNREADABLE.format(error)) from error

    def _get_storage(self) -> Storage:
        if self._context.storage is None:
            raise Unavailable("custody is switched off (TRACKER_ASSETS)")
        return self._context.storage

    def check_kept(self, asset: Asset) -> str:
        """Return the object of a kept asset. Raises Conflict while it is fetched, else NotFound."""
        if asset.state is AssetState.WANTED:
            why = f": {asset.reason}" if asset.reason else ""
            raise Conflict(f"the file is being fetched; it is not kept yet{why}")
        if asset.state is not AssetState.KEPT or asset.store_key is None:
            why = f": {asset.reason}" if asset.reason else ""
            raise NotFound(f"the file is not kept ({asset.state.value}){why}")
        return asset.store_key

    async def check_there(self, asset: Asset) -> None:
        """Raise Unavailable where the object of a kept asset is not there, whole."""
        try:
            size = await self._get_storage().objects.get_size(self.check_kept(asset))
        except StorageError as error:
            raise Unavailable(_UNREADABLE.format(error)) from error
        if size != asset.size:
            raise Unavailable(_UNREADABLE.format("the object is not there"))

    def find_inline_file(self, tenant: str, name: str) -> InlineFile | None:
        """Return the file that a name of ours stands for; None for anything else."""
        return read_name(name, self._context.secrets, tenant)

    def describe_files(self, receipt: Receipt) -> Receipt:
        """Return a receipt as it is shown: facts of the files in it, and no names of them.

        It is kept with the names, by which an answer to a query can be read again.
        """
        kept = receipt.body or b""
        body = describe_files(kept, self._context.secrets, receipt.tenant)
        if body is kept:
            return receipt
        size = receipt.size_bytes + len(body) - len(kept)
        return replace(receipt, body=body, size_bytes=size)

    async def check_named(self, tenant: str, file: InlineFile) -> None:
        """Raise NotFound where a named file is not kept any more, and Unavailable."""
        storage = self._get_storage()
        try:
            size = await storage.objects.get_size(store_key_of(tenant, file.id))
        except StorageError as error:
            raise Unavailable(_UNREADABLE.format(error)) from error
        if size != file.size:
            raise NotFound("the file is not kept any more")

    def read_named(self, tenant: str, file: InlineFile) -> AsyncGenerator[bytes, None]:
        """Yield a named file in blocks. Raises Unavailable."""
        return self._read(store_key_of(tenant, file.id), 0, file.size)

    async def read_base64(self, tenant: str, file: InlineFile) -> AsyncGenerator[bytes, None]:
        """Yield a named file as base64. Raises Unavailable."""
        store_key = store_key_of(tenant, file.id)
        for start in range(0, file.size, _ENCODED_AT_ONCE):
            end = min(start + _ENCODED_AT_ONCE, file.size)
            read = [block async for block in self._read(store_key, start, end)]
            yield b2a_base64(b"".join(read), newline=False)

    async def fetch_again(self, tenant: str, id_: UUID) -> Asset:
        """Fetch an asset once more that is not kept, or sooner than it is due.

        Raises NotFound; Conflict where it is kept, is being fetched, or has no URL.
        """
        await self._context.store.write(self._request_fetches, _ReopenedRead(tenant, id_))
        return await self.get(tenant, id_)

    def _request_fetches(self, tx: Tx, wanted: Sequence[_ReopenedRead]) -> list[Exception | None]:
        found = assets.list_by_id(tx.db, [one.id for one in wanted])
        results: list[Exception | None] = []
        for one in wanted:
            asset = found.get(one.id)
            if asset is None or asset.tenant != one.tenant:
                results.append(NotFound(_NO_ASSET))
                continue
            dies_at = tx.now + custody.ASSUMED_LIFETIME
            if not assets.request_again(tx.db, asset.key, dies_at=dies_at, now=tx.now):
                results.append(Conflict("it is kept, is being fetched now, or has no URL"))
                continue
            tx.woken.add(JobKind.FETCH)
            results.append(None)
        return results


def compute_base64_size(size: int) -> int:
    """Return how many characters the base64 of so many bytes has."""
    return (size + 2) // 3 * 4


def build_file_name(asset: Asset) -> str:
    """Return a name for an asset's file, with the ending of its type."""
    ending = _ENDINGS.get(asset.media_type or "", "bin")
    return f"{asset.id}.{ending}"


def build_headers(asset: Asset) -> dict[str, str]:
    """Return what is said of an asset's bytes wherever they are served.

    Only media that no script can stand in are shown in place; all else is a download of octets.
    """
    media_type = asset.media_type or OCTETS
    if is_shown(media_type):
        return {"content-type": media_type, "content-disposition": "inline"}
    name = build_file_name(asset)
    return {
        "content-type": OCTETS,
        "content-disposition": f'attachment; filename="{name}"',
    }
