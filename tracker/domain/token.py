"""The secret part of a callback URL: a keyed digest over provider and task id, with rotation."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

SHARED = "shared"
"""Stands for the task id in a provider's shared callback URL."""


def sign(secret: bytes, provider: str, subject: str) -> str:
    """The token for one URL: 256 bits, URL-safe, no padding.

    subject: the task's public id, or SHARED.
    """
    digest = hmac.digest(secret, f"callback\n{provider}\n{subject}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_valid(secrets: Sequence[bytes], provider: str, subject: str, token: str) -> bool:
    """Whether any secret made this token. Constant time in the token; asks every secret."""
    given = token.encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(sign(secret, provider, subject).encode(), given) for secret in secrets
    ]
    return any(matches)
