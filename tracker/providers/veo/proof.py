"""Proof of Google's webhooks: of one request by a JWT, of a project by Standard Webhooks.

Both have their signature in one header. Source: https://ai.google.dev/gemini-api/docs/webhooks,
read 2026-11. No claim is documented that binds the body to the JWT, so that both are taken for
hints.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tracker.domain import signature
from tracker.domain.signature import Proof
from tracker.providers.kit.jwt_proof import SignedToken
from tracker.providers.kit.proofs import StandardWebhooks
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet, KeySource


@dataclass(frozen=True, slots=True)
class GeminiProof:
    """Either proof. secrets: of the project's webhooks; none where there are none."""

    key_source: KeySource
    secrets: Sequence[str] = field(repr=False)
    audience: str | None = None
    covers: Covers = Covers.SENDER

    @property
    def headers(self) -> frozenset[str]:
        """Id, time and signature."""
        return frozenset({signature.ID, signature.TIMESTAMP, signature.SIGNATURE})

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback by the kind of its signature."""
        given = inbound.headers.get(signature.SIGNATURE, "")
        if given.startswith("v1") and self.secrets:
            proof = StandardWebhooks.make_scheme(self.secrets).verify(inbound, now=now)
            return replace(proof, covers_body=False)
        by_token = SignedToken(signature.SIGNATURE, self.key_source, self.audience)
        return by_token.verify(inbound, now=now, keys=keys)
