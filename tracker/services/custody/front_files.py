"""Files that a front's clients uploaded, as those see them: list, find, read, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from tracker.domain.custody import Asset, AssetState
from tracker.domain.errors import NotFound
from tracker.domain.upload_label import label_of
from tracker.providers.ports.commands import PageFiles
from tracker.services.context import Context
from tracker.store import assets, uploaded_files
from tracker.store.driver.transaction import Tx

_NO_FILE = "there is no such file"
_READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Owner:
    """The tenant that asks, and the provider through whose front it does."""

    tenant: str
    front: str


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    owner: Owner
    id: UUID


class FrontFiles:
    """Finds and deletes them. A file belongs to the front and the tenant that took it in."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def get(self, owner: Owner, name: str) -> Asset:
        """Return a file that is kept. Raises NotFound, Unavailable."""
        found = await self._context.store.find(assets.list_by_id, _parse_id(name))
        if found is None or (found.tenant, found.front) != (owner.tenant, owner.front):
            raise NotFound(_NO_FILE)
        is_over = found.expires_at is not None and self._context.clock.now() >= found.expires_at
        if found.state is not AssetState.KEPT or is_over:
            raise NotFound(_NO_FILE)
        return found

    async def list_page(self, owner: Owner, wanted: PageFiles) -> tuple[Sequence[Asset], bool]:
        """Return files, and whether more follow.

        Raises NotFound where the file to go on behind is none of the tenant's, Unavailable.
        """
        behind = None
        if wanted.after is not None:
            last = await self._context.store.find(assets.list_by_id, _parse_id(wanted.after))
            if last is None or last.tenant != owner.tenant:
                raise NotFound(_NO_FILE)
            behind = last.key
        found: list[Asset] = []
        while len(found) <= wanted.limit:
            rows = await self._context.store.read(
                partial(
                    uploaded_files.list_page,
                    tenant=owner.tenant,
                    front=owner.front,
                    behind=behind,
                    oldest_first=wanted.oldest_first,
                    limit=_READ_AT_ONCE,
                    now=self._context.clock.now(),
                )
            )
            found += [one for one in rows if _has_fields(one, owner, wanted.fields)]
            if len(rows) < _READ_AT_ONCE:
                break
            behind = rows[-1].key
        return found[: wanted.limit], len(found) > wanted.limit

    async def withdraw(self, owner: Owner, name: str) -> None:
        """Let nothing name a file any more. Raises NotFound, Unavailable.

        A task that was submitted with it holds a link to it, which its provider may be about to
        follow: the bytes go when the file expires.
        """
        await self._context.store.write(_withdraw, _Withdrawal(owner, _parse_id(name)))


def _parse_id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound(_NO_FILE) from None


def _has_fields(asset: Asset, owner: Owner, wanted: Mapping[str, str]) -> bool:
    if not wanted:
        return True
    said = label_of(owner.front, asset.label).fields
    return all(said.get(name) == text for name, text in wanted.items())


def _withdraw(tx: Tx, asked: Sequence[_Withdrawal]) -> list[Exception | None]:
    return [
        None
        if uploaded_files.withdraw(tx.db, one.owner.tenant, one.owner.front, one.id)
        else NotFound(_NO_FILE)
        for one in asked
    ]
