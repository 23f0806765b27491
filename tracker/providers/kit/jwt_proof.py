"""Proof by a JWT that a published key signed (RS256): the sender is proved, the body is not."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.domain import signature
from tracker.domain.signature import Proof
from tracker.providers.kit.published_keys import decode_base64url, has_key, is_rs256_signed
from tracker.providers.kit.reading import replace_infinite
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet, KeySource

_LEEWAY_S = signature.TOLERANCE.total_seconds()
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A header holds a JWT whose audience is the URL that the callback came to.

    header:   of the JWT, lower-case.
    audience: the claim `aud`; None: any URL that ends in the token of our callback URL, which
              nobody but the sender was told.
    id_header: of the sender's id of the message, lower-case.
    """

    header: str
    key_source: KeySource
    audience: str | None = None
    id_header: str = signature.ID
    covers: Covers = Covers.SENDER

    @property
    def headers(self) -> frozenset[str]:
        """The JWT, and the id of the message."""
        return frozenset({self.header, self.id_header})

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback."""
        message_id = inbound.headers.get(self.id_header)
        flaw, is_awaiting = self._find_flaw(inbound, now, keys)
        return Proof(flaw, message_id, covers_body=False, awaits_keys=is_awaiting)

    def _find_flaw(
        self, inbound: Inbound, now: datetime, keys: KeySet | None
    ) -> tuple[str | None, bool]:
        """Return what is wrong, and whether newer keys might mend it."""
        token = inbound.headers.get(self.header, "").strip()
        if not token:
            return f"not signed: no {self.header} header", False
        head, claims, made = _split_token(token)
        if head is None or claims is None or made is None:
            return f"{self.header} is no JWT", False
        if head.get("alg") != "RS256":
            return "the JWT is not signed by RS256", False
        if "crit" in head:  # RFC 7515 section 4.1.11: whoever does not understand it refuses
            return "the JWT asks for an extension that is not known here", False
        if flaw := self._find_claims_flaw(claims, inbound, now):
            return flaw, False
        kid = head.get("kid") if isinstance(head.get("kid"), str) else None
        if keys is None or (kid is not None and not has_key(keys, kid)):
            return "no published key of this id is at hand", True
        signed = token.rpartition(".")[0].encode()
        if is_rs256_signed(keys, signed, made, kid=kid):
            return None, False
        return "no published key fits the signature", kid is None

    def _find_claims_flaw(
        self, claims: dict[str, Any], inbound: Inbound, now: datetime
    ) -> str | None:
        at = now.timestamp()
        ends, begins = claims.get("exp"), claims.get("iat")
        if not isinstance(ends, int | float) or ends + _LEEWAY_S < at:
            return "the JWT has expired, or does not say when it does"
        if isinstance(begins, int | float) and begins - _LEEWAY_S > at:
            return "the JWT is from the future"
        given = claims.get("aud")
        named = given if isinstance(given, list) else [given]
        if not any(self._is_meant(one, inbound) for one in named):
            return "the JWT is for another audience"
        return None

    def _is_meant(self, audience: Any, inbound: Inbound) -> bool:
        if not isinstance(audience, str):
            return False
        if self.audience is not None:
            return audience == self.audience
        token = inbound.path.rstrip("/").rpartition("/")[2]
        return bool(token) and audience.rstrip("/").rpartition("/")[2] == token


def _split_token(token: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None, bytes | None]:
    texts = token.split(".")
    if len(texts) != 3 or len(token) > _LONGEST or not token.isascii():
        return None, None, None
    head, claims = (_parse_object(decode_base64url(text)) for text in texts[:2])
    return head, claims, decode_base64url(texts[2])


def _parse_object(raw: bytes | None) -> dict[str, Any] | None:
    try:
        found = replace_infinite(json.loads(raw or b""))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
