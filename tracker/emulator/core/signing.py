"""Signatures of callbacks: Standard Webhooks v1, nothing else.

Source: reference: Kling API, callbacks page (signature section), 2026-08; it publishes a test
vector that this file's test recomputes.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

__all__ = ["signature_headers"]

_PREFIX = "whsec_"


def signature_headers(
    secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a signed callback.

    secrets:   `whsec_` and base64; two while a secret is being replaced, the new one first.
    timestamp: Unix seconds.
    Raises ValueError when a secret is not base64.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [hmac.digest(_key(secret), signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(s).decode()}" for s in signatures),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
