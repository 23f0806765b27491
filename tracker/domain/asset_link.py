"""Links to assets: whoever has one may read the bytes until its end, without a key.

A link's token holds the asset's id and the end, and a digest over both and the tenant.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

LONGEST = timedelta(days=7)
USUAL = timedelta(hours=1)
_ID_BYTES, _END_BYTES, _TAG_BYTES = 16, 5, 20
_SIZE = _ID_BYTES + _END_BYTES + _TAG_BYTES


@dataclass(frozen=True, slots=True)
class LinkToken:
    """A token that was read and is yet to be verified, for which the tenant must be known."""

    asset: UUID
    ends_at: datetime
    signed: bytes
    tag: bytes


def make_token(secret: bytes, tenant: str, asset: UUID, ends_at: datetime) -> str:
    """Make a token, good until `ends_at`, in whole seconds."""
    signed = asset.bytes + int(ends_at.timestamp()).to_bytes(_END_BYTES, "big")
    raw = signed + _tag(secret, tenant, signed)
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_token(text: str) -> LinkToken | None:
    """Read a token; None for what cannot be one. Nothing of it is proved."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if len(raw) != _SIZE or urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
            return None
        ends = int.from_bytes(raw[_ID_BYTES : _ID_BYTES + _END_BYTES], "big")
        ends_at = datetime.fromtimestamp(ends, UTC)
    except (Base64Error, ValueError, OverflowError, OSError):
        return None
    signed = raw[: _ID_BYTES + _END_BYTES]
    return LinkToken(UUID(bytes=raw[:_ID_BYTES]), ends_at, signed, raw[len(signed) :])


def is_good(token: LinkToken, secrets: Sequence[bytes], tenant: str, *, now: datetime) -> bool:
    """Verify a token against every secret, and that its end has not come."""
    matches = [
        hmac.compare_digest(_tag(secret, tenant, token.signed), token.tag) for secret in secrets
    ]
    return any(matches) and now < token.ends_at


def _tag(secret: bytes, tenant: str, signed: bytes) -> bytes:
    message = b"asset link\n" + tenant.encode("utf-8", "replace") + b"\n" + signed
    return hmac.digest(secret, message, hashlib.sha256)[:_TAG_BYTES]
