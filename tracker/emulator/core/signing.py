"""Signatures of callbacks: what a signer is given, and Standard Webhooks v1.

Source: https://www.standardwebhooks.com (specification, read 2026-08).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "EXAMPLE_SECRET",
    "SignatureQuality",
    "Signer",
    "SigningInput",
    "build_id_signer",
    "build_signature_headers",
    "build_standard_signer",
]

EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification
"""Signs where the emulator was given no secret."""
_PREFIX = "whsec_"
_OTHER_SECRET = "whsec_bm90IHRoZSBzZWNyZXQgeW91IGtub3c="  # noqa: S105 - it must not match


class SignatureQuality(StrEnum):
    """How a callback is signed."""

    GOOD = "good"
    WRONG = "wrong"
    STALE = "stale"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningInput:
    """One try of a callback, as a signer sees it."""

    url: str
    body: bytes
    message_id: str
    """Common to every try and every duplicate."""
    timestamp: int
    """Unix seconds; ten minutes ago for a stale signature."""
    quality: SignatureQuality
    """Good or wrong or stale; a signer must make one that does not match for `wrong`."""


Signer = Callable[[SigningInput], Mapping[str, str]]
"""Makes the headers that prove a callback."""


def build_standard_signer(secrets: Callable[[], Sequence[str]]) -> Signer:
    """Return a signer after Standard Webhooks v1; without secrets it adds no header.

    secrets: `whsec_` and base64; two while a secret is being replaced, the new one first.
    """

    def sign(given: SigningInput) -> Mapping[str, str]:
        known = secrets()
        if not known:
            return {}
        return build_signature_headers(
            [_OTHER_SECRET] if given.quality is SignatureQuality.WRONG else known,
            message_id=given.message_id,
            timestamp=given.timestamp,
            body=given.body,
        )

    return sign


def build_id_signer(id_: str, secret: str | None) -> Signer | None:
    """Return a signer of an id and the time alone, as kie.ai signs; None without a secret.

    Source: https://docs.kie.ai/common-api/webhook-verification (read 2026-11).
    """
    if not secret:
        return None

    def sign(given: SigningInput) -> Mapping[str, str]:
        key = "another key" if given.quality is SignatureQuality.WRONG else secret
        signed = f"{id_}.{given.timestamp}".encode()
        signature = base64.b64encode(hmac.digest(key.encode(), signed, hashlib.sha256))
        return {
            "x-webhook-timestamp": str(given.timestamp),
            "x-webhook-signature": signature.decode(),
        }

    return sign


def build_signature_headers(
    secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a signed callback.

    secrets:   `whsec_` and base64; two while a secret is being replaced, the new one first.
    timestamp: Unix seconds.
    Raises ValueError when a secret is not base64.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [hmac.digest(_parse_key(secret), signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(s).decode()}" for s in signatures),
    }


def _parse_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
