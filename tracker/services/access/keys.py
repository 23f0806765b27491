"""Make API keys, list them, and end them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tracker.clock import Clock, make_id, make_secret
from tracker.domain.access import (
    ACCESS_PREFIX,
    DEFAULT_TENANT,
    KEY_PREFIX,
    Scope,
    cut_hint,
    derive_secret_key,
    digest,
)
from tracker.domain.errors import NotFound
from tracker.store import keys
from tracker.store.driver.transaction import Tx
from tracker.store.keys import ApiKey
from tracker.store.store import Store

NO_SUCH_KEY = "there is no such key"


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a new key. per_minute: its own rate limit; None for the service's."""

    tenant: str
    scopes: Collection[Scope]
    name: str = ""
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key, with what is shown once and stored nowhere.

    secret:     the key itself, or the secret key of a pair.
    access_key: of a pair.
    """

    row: ApiKey
    secret: str
    access_key: str | None = None


class Keys:
    """For the commands. Needs no running service."""

    def __init__(self, store: Store, clock: Clock, secrets: Sequence[bytes]) -> None:
        """secrets: of the service; the secret keys of pairs are derived from the first."""
        self._store = store
        self._clock = clock
        self._secrets = secrets

    async def create_key(self, grant: Grant) -> Issued:
        """Return a key that is presented as it is. Raises Unavailable."""
        made = KEY_PREFIX + make_secret()
        row = await self._keep(grant, made, kind="key", shown_as=cut_hint(made))
        return Issued(row, made)

    async def create_pair(self, grant: Grant) -> Issued:
        """Return an access key and the secret key that signs its JWTs. Raises Unavailable."""
        access_key = ACCESS_PREFIX + make_id().hex
        row = await self._keep(grant, access_key, kind="pair", shown_as=access_key)
        return Issued(row, derive_secret_key(self._secrets[0], access_key), access_key)

    async def keep_first(self, key: str) -> bool:
        """Keep a key that somebody brought, with every scope, where no key was ever made.

        Returns whether it was kept. Several processes may do it at once. Raises Unavailable.
        """
        grant = Grant(DEFAULT_TENANT, frozenset(Scope), "bootstrap")
        row = self._build_row(grant, key, kind="key", shown_as=cut_hint(key))
        return await self._store.write(_insert_first, row)

    async def _keep(
        self, grant: Grant, found_by: str, *, kind: Literal["key", "pair"], shown_as: str
    ) -> ApiKey:
        row = self._build_row(grant, found_by, kind=kind, shown_as=shown_as)
        await self._store.write(_insert, row)
        return row

    def _build_row(
        self, grant: Grant, found_by: str, *, kind: Literal["key", "pair"], shown_as: str
    ) -> ApiKey:
        return ApiKey(
            id=make_id(),
            tenant=grant.tenant,
            name=grant.name,
            hint=shown_as,
            digest=digest(found_by),
            kind=kind,
            scopes=frozenset(grant.scopes),
            per_minute=grant.per_minute,
            created_at=self._clock.now(),
        )

    async def list_all(self, *, tenant: str | None) -> list[ApiKey]:
        """Return all keys, oldest first. tenant: only its own."""
        return await self._store.read(lambda db: keys.list_all(db, tenant=tenant))

    async def find(self, id_: UUID) -> ApiKey | None:
        """Return a key by its id, revoked or not; None where there is none."""
        return await self._store.read(lambda db: keys.find_by_id(db, id_))

    async def get(self, tenant: str, id_: UUID) -> ApiKey:
        """Return a tenant's key, revoked or not. Raises NotFound, Unavailable."""
        found = await self.find(id_)
        if found is None or found.tenant != tenant:
            raise NotFound(NO_SUCH_KEY)
        return found

    async def revoke(self, id_: UUID) -> bool:
        """End a key; false when there is none. Services notice within seconds."""
        return await self._store.write(_revoke, id_)


def _insert(tx: Tx, rows: Sequence[ApiKey]) -> Sequence[ApiKey]:
    for row in rows:  # a command makes one
        keys.insert_one(tx.db, row)
    return rows


def _insert_first(tx: Tx, rows: Sequence[ApiKey]) -> list[bool]:
    return [not keys.is_any(tx.db) and keys.insert_new(tx.db, row) for row in rows]


def _revoke(tx: Tx, ids: Sequence[UUID]) -> list[bool]:
    there = keys.revoke(tx.db, ids, now=tx.now)
    return [id_ in there for id_ in ids]
