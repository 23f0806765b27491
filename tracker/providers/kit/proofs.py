"""Ways to prove where a callback comes from, as data: see ports.adapter.Scheme."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from tracker.domain import signature
from tracker.domain.signature import Proof
from tracker.providers.ports.adapter import Covers, Inbound


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Standard Webhooks v1: HMAC-SHA256 over id, time and body (standardwebhooks.com, 2026-08).

    keys: what follows `whsec_`, decoded; several during a rotation.
    """

    keys: Sequence[bytes] = field(repr=False)
    covers: Covers = Covers.BODY
    headers: frozenset[str] = frozenset({signature.ID, signature.TIMESTAMP, signature.SIGNATURE})

    @classmethod
    def of(cls, secrets: Sequence[str]) -> Self:
        """Make the scheme of secrets, `whsec_…`. Raises ValueError for one of another form."""
        return cls([signature.key_of(one) for one in secrets])

    def verify(self, inbound: Inbound, *, now: datetime) -> Proof:
        """Judge one callback."""
        return signature.verify(self.keys, inbound.headers, inbound.body, now=now)


def flaws_of_webhook_secrets(secrets: Sequence[str]) -> Sequence[str]:
    """Return `webhook_secrets: reason` for the first that is no `whsec_` and base64."""
    try:
        StandardWebhooks.of(secrets)
    except ValueError as error:
        return [f"webhook_secrets: {error}"]
    return ()


@dataclass(frozen=True, slots=True)
class SharedHeader:
    """A header holds the secret itself: nothing is signed, but only the provider was told it."""

    header: str
    secrets: Sequence[str] = field(repr=False)
    covers: Covers = Covers.BODY

    @property
    def headers(self) -> frozenset[str]:
        """None is kept with the receipt: the only one that it needs is the secret."""
        return frozenset()

    def verify(self, inbound: Inbound, *, now: datetime) -> Proof:
        """Judge one callback. The time does not matter."""
        del now
        given = inbound.headers.get(self.header, "").encode("utf-8", "replace")
        fits = [hmac.compare_digest(one.encode(), given) for one in self.secrets]
        if any(fits):
            return Proof(None)
        return Proof(f"{self.header} does not fit" if given else f"not signed: no {self.header}")
