"""Signatures of webhooks: Standard Webhooks v1, over the raw bytes. The caller knows the time.

Source: the Standard Webhooks specification; Kling's callbacks page (signature section, 2026-08)
uses it unchanged.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tracker.domain.records import record

PREFIX = "whsec_"
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""How far the sender's clock, and the way here, may be off."""
MAX_ID_CHARS = 256
_VERSION = "v1,"


def decode_key(secret: str) -> bytes:
    """Return the key of a secret: what follows `whsec_`, in base64. Raises ValueError.

    The message does not hold the secret.
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"must begin with {PREFIX}")
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"must be {PREFIX} and base64") from None
    if not key:
        raise ValueError(f"must hold a key after {PREFIX}")
    return key


def sign(key: bytes, message_id: str, timestamp: int | str, body: bytes) -> str:
    """Return one signature as the header has it: `v1,` and base64.

    timestamp: Unix seconds.
    """
    # Header values come in as latin-1; this gives back the bytes that were on the wire.
    head = f"{message_id}.{timestamp}.".encode("latin-1", "replace")
    digest = hmac.digest(key, head + body, hashlib.sha256)
    return _VERSION + b64encode(digest).decode()


def format_secret(key: bytes) -> str:
    """Return the secret as its owner is shown it."""
    return PREFIX + b64encode(key).decode()


def build_headers(
    keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the headers of a message, which every key signs: a receiver needs one of them.

    keys:      none for a message that is not signed; then its id alone is told.
    timestamp: Unix seconds, of this attempt and not of the event.
    """
    if not keys:
        return {ID: message_id}
    signatures = (sign(key, message_id, timestamp, body) for key in keys)
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signatures)}


@record
class Proof:
    """The verification result of one message's signature.

    flaw:       why it proves nothing, for people and without secrets; None when it is genuine.
    message_id: the sender's own id of the message, the same when it is sent again.
    covers_body: whether the body is proved to be the sender's; where not, it is only a hint.
    awaits_keys: whether a flaw is only that no published key fits that is at hand: it may be
                 genuine, and a newer set of keys would tell.
    """

    flaw: str | None
    message_id: str | None = None
    covers_body: bool = True
    awaits_keys: bool = False


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Proof:
    """Verify that one of the keys made one of the signatures within the time tolerance.

    keys:    several while a secret is being rotated.
    headers: lower-case names.
    now:     aware UTC.
    """
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if not headers.get(name)]
    if missing:
        return Proof(f"not signed: no {missing[0]} header")
    message_id, stamp = headers[ID], headers[TIMESTAMP]
    if len(message_id) > MAX_ID_CHARS:
        return Proof(f"{ID} is longer than {MAX_ID_CHARS} characters")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return Proof(f"{TIMESTAMP} is not a time in Unix seconds")
    off_s = now.timestamp() - int(stamp)
    if abs(off_s) > TOLERANCE.total_seconds():
        side = "old" if off_s > 0 else "far in the future"
        return Proof(f"{TIMESTAMP} is too {side}: off by {abs(off_s):.0f} s")
    # Whoever folds two lines of one header into one puts a comma between them.
    texts = (one.removesuffix(",") for one in headers[SIGNATURE].split())
    given = [one.encode("utf-8", "replace") for one in texts]
    # Every pair is compared, in constant time: how long it takes says nothing about which fits.
    fits = [
        hmac.compare_digest(sign(key, message_id, stamp, body).encode(), one)
        for key in keys
        for one in given[:MAX_SIGNATURES]
    ]
    return Proof(None, message_id) if any(fits) else Proof("no signature fits")


MAX_SIGNATURES = 8
"""How many signatures of one header are looked at; a rotation needs two."""
