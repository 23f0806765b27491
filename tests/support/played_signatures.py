"""Signatures of callbacks as providers make them, each for a body, a path and a time."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tracker.domain import signature
from tracker.providers.fal.proof import REQUEST_ID, SIGNATURE, TIMESTAMP, USER_ID
from tracker.providers.kit.proofs import request_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def sign_as_fal(
    body: bytes, _path: str, now: datetime, key: Ed25519PrivateKey = KEY
) -> Mapping[str, str]:
    """Sign as fal does."""
    at = str(int(now.timestamp()))
    text = "\n".join(("r", "u", at, sha256(body).hexdigest()))
    told = ("r", "u", at, key.sign(text.encode()).hex())
    return dict(zip((REQUEST_ID, USER_ID, TIMESTAMP, SIGNATURE), told, strict=True))


def sign_as_flux(body: bytes, path: str, _now: datetime) -> Mapping[str, str]:
    """Sign as Flux does, by the secret of the create."""
    return {"x-bfl-signature": hmac.digest(request_secret(path).encode(), body, "sha256").hex()}


def sign_webhook(body: bytes, _path: str, now: datetime) -> Mapping[str, str]:
    """Sign by Standard Webhooks, with SECRET."""
    id_, at = sha256(body).hexdigest()[:8], int(now.timestamp())
    key = b64decode(SECRET.removeprefix("whsec_"))
    made = signature.sign(key, id_, at, body)
    told = (id_, str(at), made)
    return dict(zip((signature.ID, signature.TIMESTAMP, signature.SIGNATURE), told, strict=True))


def sign_as_vidu(_body: bytes, path: str, now: datetime, key: bytes = b"k") -> Mapping[str, str]:
    """Sign the request line as Vidu does."""
    date = format_datetime(now, usegmt=True)
    text = f"POST\n{path}\n\nvidu\n{date}\nx-request-nonce:7f\n"
    made = hmac.digest(key, text.encode(), "sha256")
    return {
        "date": date,
        "x-request-nonce": "7f",
        "x-hmac-algorithm": "hmac-sha256",
        "x-hmac-access-key": "vidu",
        "x-hmac-signed-headers": "x-request-nonce",
        "x-hmac-signature": b64encode(made).decode(),
    }
