"""Forms by which a client uploads a file without a key: a token in them says whose it will be.

A token holds the asset's id, the end and the tenant, and a digest over them.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

LASTS = timedelta(hours=1)
"""Until then the file must have begun to come."""
FIELD = "token"
"""The field of the form, before its file."""
_ID_BYTES, _END_BYTES, _TAG_BYTES = 16, 5, 20
_HEAD_BYTES = _ID_BYTES + _END_BYTES


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """A form's file to come: the id of its asset, and the tenant that it will belong to."""

    asset: UUID
    tenant: str


def make_token(secret: bytes, ticket: UploadTicket, ends_at: datetime) -> str:
    """Make a form's token, good until `ends_at`, in whole seconds."""
    head = ticket.asset.bytes + int(ends_at.timestamp()).to_bytes(_END_BYTES, "big")
    signed = head + ticket.tenant.encode()
    return urlsafe_b64encode(_tag(secret, signed) + signed).decode()


def read_token(text: str, secrets: Sequence[bytes], *, now: datetime) -> UploadTicket | None:
    """Return what a token proves; None for one that is not ours, or whose end has come."""
    try:
        raw = urlsafe_b64decode(text)
        tag, signed = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        matches = [hmac.compare_digest(_tag(secret, signed), tag) for secret in secrets]
        if not any(matches):
            return None
        ends = int.from_bytes(signed[_ID_BYTES:_HEAD_BYTES], "big")
    except (Base64Error, ValueError):
        return None
    if now >= datetime.fromtimestamp(ends, UTC):
        return None
    return UploadTicket(UUID(bytes=signed[:_ID_BYTES]), signed[_HEAD_BYTES:].decode())


def _tag(secret: bytes, signed: bytes) -> bytes:
    return hmac.digest(secret, b"upload form\n" + signed, hashlib.sha256)[:_TAG_BYTES]
