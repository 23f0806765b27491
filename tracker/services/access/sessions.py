"""Open and end the sessions of people who sign in to the dashboard with an API key."""

import ipaddress
from collections.abc import Sequence

from tracker.clock import Clock, make_id, make_secret
from tracker.domain.access import SESSION_LIFETIME, SESSION_PREFIX, digest
from tracker.domain.errors import CredentialFault, RateLimited, Unauthenticated
from tracker.domain.token_bucket import TokenBucket
from tracker.services.access.keyring import Keyring
from tracker.store import keys, sessions
from tracker.store.driver.transaction import Tx
from tracker.store.sessions import NewSession
from tracker.store.store import Store

WRONG_PER_MINUTE = 10
"""Wrong keys that one sender may try in a minute, at one process."""
_MOST_SENDERS = 1000


class Sessions:
    """One per process that answers requests: it counts the wrong keys."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        """keyring: of the same process; it forgets a session that ends."""
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._tries: dict[str, TokenBucket] = {}

    async def open(self, key: str, *, sender: str) -> str:
        """Open a session with an API key; return its secret, which is stored nowhere.

        sender: the address that the key came from. Raises RateLimited where it has sent too many
        wrong ones; Unauthenticated for a key that does not exist, is revoked or is no such key (a
        session's secret, half a pair); Unavailable.
        """
        tries = self._get_tries(sender)
        if not tries.take(self._clock.monotonic()):
            raise RateLimited(retry_after_s=tries.next_s)
        parent = await self._store.read(lambda db: keys.find(db, digest(key)))
        if parent is None or parent.kind != "key":
            raise Unauthenticated(CredentialFault.INVALID, "there is no such API key")
        if parent.revoked_at is not None:
            raise Unauthenticated(CredentialFault.INVALID, "this key was revoked")
        tries.put_back()
        secret, now = SESSION_PREFIX + make_secret(), self._clock.now()
        new = NewSession(make_id(), parent, digest(secret), now, now + SESSION_LIFETIME)
        await self._store.write(_insert, new)
        return secret

    async def end(self, secret: str) -> None:
        """End a session, if there is one: here at once, elsewhere within seconds.

        Raises Unavailable.
        """
        await self._store.write(_end, digest(secret))
        self._keyring.forget_session(secret)

    def _get_tries(self, sender: str) -> TokenBucket:
        name = _format_network(sender)
        found = self._tries.pop(name, None) or TokenBucket.make_per_minute(WRONG_PER_MINUTE)
        while len(self._tries) >= _MOST_SENDERS:  # the one that has tried nothing for longest
            del self._tries[next(iter(self._tries))]
        self._tries[name] = found
        return found


def _format_network(sender: str) -> str:
    """Return the name under which a sender is counted: an IPv6 sender has its whole /64."""
    try:
        address = ipaddress.ip_address(sender)
    except ValueError:
        return sender
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address.packed, 64), strict=False))


def _insert(tx: Tx, new: Sequence[NewSession]) -> list[None]:
    for one in new:
        sessions.insert_one(tx.db, one)
    return [None] * len(new)


def _end(tx: Tx, digests: Sequence[bytes]) -> list[None]:
    sessions.end(tx.db, digests, now=tx.now)
    return [None] * len(digests)
