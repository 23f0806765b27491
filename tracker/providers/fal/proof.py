"""fal's signatures of webhooks: Ed25519 over ids, time and a digest of the body.

Source: https://docs.fal.ai/model-endpoints/webhooks (verification), read 2026-11.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.signature import TOLERANCE, Proof
from tracker.providers.kit.published_keys import is_ed25519_signed
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet, KeySource

REQUEST_ID, USER_ID = "x-fal-webhook-request-id", "x-fal-webhook-user-id"
TIMESTAMP, SIGNATURE = "x-fal-webhook-timestamp", "x-fal-webhook-signature"
_HEADERS = (REQUEST_ID, USER_ID, TIMESTAMP, SIGNATURE)


@dataclass(frozen=True, slots=True)
class FalSignature:
    """A signature by a key of fal's, which signs the webhooks of all of its users.

    user_id: the only user whose webhooks count; None: anybody's that come to a URL of ours.
    """

    key_source: KeySource
    user_id: str | None = None
    covers: Covers = Covers.BODY

    @property
    def headers(self) -> frozenset[str]:
        """Both ids, the time and the signature."""
        return frozenset(_HEADERS)

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback by the keys of the source; no header names the one that signed."""
        headers = inbound.headers
        for name in _HEADERS:
            if not headers.get(name):
                return Proof(f"not signed: no {name} header")
        stamp = headers[TIMESTAMP]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            return Proof(f"{TIMESTAMP} is not a time in Unix seconds")
        if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            return Proof(f"{TIMESTAMP} is too far from now")
        if self.user_id is not None and headers[USER_ID] != self.user_id:
            return Proof(f"{USER_ID} is not the user of this account")
        try:
            signature = bytes.fromhex(headers[SIGNATURE])
        except ValueError:
            return Proof(f"{SIGNATURE} is not hexadecimal")
        digest = hashlib.sha256(inbound.body).hexdigest()
        signed = "\n".join((headers[REQUEST_ID], headers[USER_ID], stamp, digest))
        # Header values come in as latin-1; this gives back the bytes that were on the wire.
        if is_ed25519_signed(keys or (), signed.encode("latin-1", "replace"), signature):
            return Proof(None)
        return Proof("no published key fits", awaits_keys=True)
