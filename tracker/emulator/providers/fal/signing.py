"""fal's keys and its signatures of webhooks: Ed25519 over ids, time and a digest of the body.

Source: https://docs.fal.ai/model-endpoints/webhooks (verification), read 2026-11.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tracker.emulator.core.signing import SignatureQuality, SigningInput

if TYPE_CHECKING:  # 11 MB: imported where something is signed
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["FOREIGN", "NEW", "OLD", "build_key_set", "build_signature_headers"]

OLD, NEW, FOREIGN = (hashlib.sha256(f"fal emulator {n}".encode()).digest() for n in range(3))
"""Seeds of the keys; the last one is never published."""


def build_key_set(seeds: Sequence[bytes]) -> Mapping[str, object]:
    """Return the published half of keys, as RFC 8037 writes it."""
    return {
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": _encode_public_key(seed)} for seed in seeds]
    }


def build_signature_headers(
    given: SigningInput, *, seed: bytes, request_id: str, user_id: str
) -> dict[str, str]:
    """Return the four headers of a webhook; of a wrong one the key is nobody's."""
    digest = hashlib.sha256(given.body).hexdigest()
    signed = "\n".join((request_id, user_id, str(given.timestamp), digest))
    key = _load_key(FOREIGN if given.quality is SignatureQuality.WRONG else seed)
    return {
        "x-fal-webhook-request-id": request_id,
        "x-fal-webhook-user-id": user_id,
        "x-fal-webhook-timestamp": str(given.timestamp),
        "x-fal-webhook-signature": key.sign(signed.encode()).hex(),
    }


def _load_key(seed: bytes) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - see above
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.from_private_bytes(seed)


def _encode_public_key(seed: bytes) -> str:
    raw = _load_key(seed).public_key().public_bytes_raw()
    return urlsafe_b64encode(raw).decode().rstrip("=")
