"""The JWTs that Kling clients sign with an access-key/secret-key pair: HS256 over iss, exp, nbf
(klingai.com/document-api/api/get-started/authentication, 2026-06). `iat` is optional.

Other clients name the access key in `api_key` and write times in milliseconds
(https://pypi.org/project/zai-sdk, 0.2.3: core/_jwt_token.py, 2026-11).

Imported when the first such token comes: PyJWT brings all of `cryptography` where that is there,
11 MB and a seventh of the start.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import jwt

from tracker.domain.errors import CredentialFault, Unauthenticated

_ALGORITHM = "HS256"
_KEY = "api_key"
"""The claim that stands in place of `iss` where times are in milliseconds."""
_LONGEST = 4096
"""Characters; such a token has about 200."""
_LATEST = 1e12
"""Seconds; beyond it lies no instant, but infinity does."""
_UNREADABLE = (jwt.InvalidTokenError, ValueError, RecursionError)


def read_issuer(token: str) -> str:
    """Return the access key that a token claims, unverified. Raises Unauthenticated."""
    if len(token) > _LONGEST:
        raise _refuse_token()
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except _UNREADABLE:
        raise _refuse_token() from None
    found = claims.get("iss", claims.get(_KEY))
    if not isinstance(found, str):
        raise _refuse_token()
    return found


def verify(token: str, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signature, then the times.

    secrets: any may have signed it.
    Raises Unauthenticated. Times are exact: clients set `nbf` a few seconds back.
    """
    claims = _verify_claims(token, secrets)
    unit = 1 if "iss" in claims else 1000
    expires, begins = _parse_time(claims.get("exp"), unit), _parse_time(claims.get("nbf", 0), unit)
    if expires is None or begins is None:
        raise Unauthenticated(CredentialFault.INVALID, "the token has no valid exp and nbf")
    seconds = now.timestamp()
    if seconds >= expires:
        raise Unauthenticated(CredentialFault.EXPIRED, "the token has expired")
    if seconds < begins:
        raise Unauthenticated(
            CredentialFault.NOT_YET, "the token is not valid yet; is the clock right?"
        )


def _verify_claims(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    for secret in secrets:
        try:
            signed = jwt.api_jws.decode(token, secret, algorithms=[_ALGORITHM])
            claims = json.loads(signed)
        except _UNREADABLE:
            continue
        if isinstance(claims, dict):
            return claims
    raise _refuse_token()


def _parse_time(value: Any, unit: int) -> float | None:
    """Return a NumericDate (RFC 7519 §2), in seconds; None for what is none.

    unit: how many of the value make a second.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value / unit if is_number and abs(value) < _LATEST * unit else None


def _refuse_token() -> Unauthenticated:
    return Unauthenticated(CredentialFault.INVALID, "the token is not one that a known key signed")
