"""Signatures of callbacks: Standard Webhooks v1, nothing else.

Source: reference: Kling API, callbacks page (signature section), 2026-08; it publishes a test
vector that this file's test recomputes.
"""

import base64
import hashlib
import hmac

__all__ = ["signature_headers"]

_PREFIX = "whsec_"


def signature_headers(
    secret: str, *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a signed callback.

    secret:    `whsec_` and base64.
    timestamp: Unix seconds.
    Raises ValueError when the secret is not base64.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
