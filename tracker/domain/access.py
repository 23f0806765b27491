"""Access control: scopes, the principal of a request, and the format of API keys."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

DEFAULT_TENANT = "default"
"""Owns what belongs to no other tenant: adopted tasks, forged callbacks, conditions."""


class Scope(StrEnum):
    """A permission of an API key. `admin` includes the others."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller of a request.

    tenant:     whose objects this request can see; all others do not exist for it.
    key:        the row of the API key; None where none was asked for.
    per_minute: the key's own rate limit; None for the service's.
    actor:      who it is, as history names it.
    session:    the row of the session, where somebody signed in with the key.
    name:       of the key, as whoever made it called it.
    """

    tenant: str
    scopes: frozenset[Scope]
    key: int | None = None
    per_minute: int | None = None
    actor: str = "somebody without a key"
    session: int | None = None
    name: str = ""

    def may(self, scope: Scope) -> bool:
        """Return true if the principal's scopes include this one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class Holder:
    """For whom a request waits, and by what right.

    key:    the row of the API key; None where none was asked for.
    tenant: whose objects it sees.
    scope:  the one that let it in.
    session: the row of the session; None where the key itself was sent.
    """

    key: int | None
    tenant: str
    scope: Scope
    session: int | None = None

    def is_allowed(self, tenant: str, scopes: Collection[Scope]) -> bool:
        """Return true if a key with this tenant and these scopes could end the lockout."""
        return tenant == self.tenant and (self.scope in scopes or Scope.ADMIN in scopes)


EVERYTHING = frozenset(Scope)
"""The scopes of whoever asks where no keys are asked for."""

KEY_PREFIX = "trk_"
"""Of every API key, so that one that was published by mistake is recognised."""
ACCESS_PREFIX = "trkak_"
"""Of the access key of a pair. It is no secret: every JWT names it."""
SESSION_PREFIX = "trkses_"
"""Of the secret of a session, which stands in a cookie and is no key."""
SESSION_LIFETIME = timedelta(hours=12)
"""A session ends so long after it was opened, at the latest."""
SESSION_IDLE = timedelta(hours=2)
"""A session that nobody uses ends after so long."""
_HINT_CHARS = len(KEY_PREFIX) + 6


def digest(key: str) -> bytes:
    """Return the hash under which a key is stored: plain SHA-256, as keys have 256 random bits."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def cut_hint(key: str) -> str:
    """Return the beginning of a key, for telling it from others."""
    return f"{key[:_HINT_CHARS]}…"


def derive_secret_key(secret: bytes, access_key: str) -> str:
    """Return the secret key that goes with an access key: 256 bits, URL-safe.

    Derived from a secret of the service and stored nowhere: JWTs are verified with the secret
    itself, so that a hash would not do, and a database that leaks holds nothing to sign with.
    """
    made = hmac.digest(secret, f"secret key\n{access_key}".encode(), hashlib.sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()
