"""Lookup of the principal of a credential, cached for a few seconds.

A request costs no query as long as its key is fresh in memory. A revocation is therefore honoured
within FRESH_S; a new key works at once.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from tracker.clock import Clock
from tracker.domain.access import Principal, derive_secret_key, digest
from tracker.domain.errors import CredentialFault, Unauthenticated, Unavailable
from tracker.services.access.recent_rows import RecentRows
from tracker.services.shared_task import wait_for_shared
from tracker.store import keys, sessions
from tracker.store.driver.transaction import Tx
from tracker.store.keys import ApiKey
from tracker.store.sessions import Session
from tracker.store.store import Store

log = logging.getLogger(__name__)

ANY_S = 1.0
"""Between two looks whether the first key has been made, in seconds."""
RECORD_S = 30.0
"""Between two records of when keys were last used, in seconds."""


class Keyring:
    """One per process."""

    def __init__(self, store: Store, clock: Clock, secrets: Sequence[bytes]) -> None:
        """secrets: of the service; pairs derived from any of them are accepted."""
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._keys = RecentRows(clock, self._ask)
        self._sessions = RecentRows(clock, self._ask_session)
        self._used: dict[int, datetime] = {}
        self._any = False
        self._any_at: float | None = None
        self._asking_any: asyncio.Task[None] | None = None

    async def find_holder(self, key: str) -> Principal:
        """Return the principal of an API key. Raises Unauthenticated, Unavailable."""
        row = await self._keys.get(digest(key))
        if row is None or row.kind != "key":
            raise Unauthenticated(CredentialFault.INVALID, "there is no such API key")
        return self._admit(row)

    async def find_signer(self, token: str) -> Principal:
        """Return the principal that signed a JWT. Raises Unauthenticated, Unavailable."""
        from tracker.domain import jwt_claims  # noqa: PLC0415 - see there

        access_key = jwt_claims.read_issuer(token)
        row = await self._keys.get(digest(access_key))
        if row is None or row.kind != "pair":
            raise Unauthenticated(CredentialFault.INVALID, "there is no such access key")
        derived = [derive_secret_key(secret, access_key) for secret in self._secrets]
        jwt_claims.verify(token, derived, now=self._clock.now())
        return self._admit(row)

    async def find_session_holder(self, secret: str) -> Principal:
        """Return the principal of a session. Raises Unauthenticated, Unavailable."""
        row, now = await self._sessions.get(digest(secret)), self._clock.now()
        if row is None or row.is_over(now, used_at=self._used.get(row.key)):
            raise Unauthenticated(CredentialFault.INVALID, "this session has ended")
        self._used[row.key] = now
        return replace(self._admit(row.parent), scopes=row.scopes, session=row.key)

    def forget_session(self, secret: str) -> None:
        """Ask the database again when it comes next, in this process."""
        self._sessions.forget(digest(secret))

    async def is_any(self) -> bool:
        """Return true if there are keys at all, revoked ones included."""
        if self._is_any_due():
            # One asks for all that come meanwhile: in turn, each would wait as long for a database
            # that does not answer.
            if self._asking_any is None or self._asking_any.done():
                self._asking_any = asyncio.create_task(self._ask_any())
            await wait_for_shared(self._asking_any)
        return self._any

    async def _ask_any(self) -> None:
        now = self._clock.monotonic()
        self._any = await self._store.read(keys.is_any)
        self._any_at = now

    def _is_any_due(self) -> bool:
        """Return true if no key was known, and the last look was too long ago."""
        known_at, now = self._any_at, self._clock.monotonic()
        return not self._any and (known_at is None or now - known_at >= ANY_S)

    @asynccontextmanager
    async def record_uses(self) -> AsyncIterator[None]:
        """Record when keys were last used: now and then while the block runs, and at its end."""
        stopping = asyncio.Event()
        repeating = asyncio.create_task(self._record_until(stopping))
        try:
            yield
        finally:
            stopping.set()
            await repeating
            await self._record()

    async def _record_until(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._record()
            try:
                await asyncio.wait_for(stopping.wait(), RECORD_S)
            except TimeoutError:
                continue

    async def _record(self) -> None:
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._store.write(_mark, used)
        except Unavailable as error:
            log.warning("when keys were last used is not recorded: %(reason)s", {"reason": error})
            self._used = used | self._used

    def _admit(self, row: ApiKey) -> Principal:
        if row.revoked_at is not None:
            raise Unauthenticated(CredentialFault.INVALID, "this key was revoked")
        self._used[row.key] = self._clock.now()
        actor = f"key {row.id} ({row.name})" if row.name else f"key {row.id}"
        return Principal(row.tenant, row.scopes, row.key, row.per_minute, actor, name=row.name)

    async def _ask(self, wanted: bytes) -> ApiKey | None:
        row = await self._store.read(lambda db: keys.find(db, wanted))
        return row if row is not None and hmac.compare_digest(row.digest, wanted) else None

    async def _ask_session(self, wanted: bytes) -> Session | None:
        row = await self._store.read(lambda db: sessions.find(db, wanted))
        return row if row is not None and hmac.compare_digest(row.digest, wanted) else None


def _mark(tx: Tx, rounds: Sequence[Mapping[int, datetime]]) -> list[None]:
    for used in rounds:
        keys.mark_used(tx.db, used)
    return [None] * len(rounds)
