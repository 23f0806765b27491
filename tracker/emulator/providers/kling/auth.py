"""Credentials: which account a caller is, or code 1000-1004. Wall-clock time, handed in.

Source: https://klingai.com/document-api/api/get-started/authentication, read 2026-09.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
from collections.abc import Mapping

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.providers.kling.refusals import KlingRefusal

__all__ = ["authenticate", "authenticate_key"]

_SCHEME = "Bearer "
_JWT_PARTS = 3


def authenticate(
    header: str | None, config: EmulatorConfig, *, now: float, takes_pairs: bool
) -> str:
    """Return the account behind an Authorization header.

    now:         Unix seconds, for the lifetime of a JWT.
    takes_pairs: whether a JWT will do; the new standard wants a static key.
    Raises KlingRefusal with the code that says what is wrong.
    """
    if not header:
        raise KlingRefusal(1001, "Authorization is empty")
    token = header.removeprefix(_SCHEME)
    # Exactly one space after the scheme: the documentation stresses it.
    if token == header or not token or token != token.strip():
        raise KlingRefusal(1002, "Authorization is invalid")
    with contextlib.suppress(KlingRefusal):
        return authenticate_key(token, config)
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        raise KlingRefusal(1002, "api key not found")
    if not takes_pairs:
        raise KlingRefusal(1002, "This API does not support AK/SK authentication")
    access_key = _verify_jwt(parts, config, now=now)
    return config.accounts.get(access_key, access_key)


def authenticate_key(key: str | None, config: EmulatorConfig) -> str:
    """Return the account behind a bare key, as `X-API-Key` carries it; raises KlingRefusal."""
    if not key:
        raise KlingRefusal(1001, "Authorization is empty")
    if any(hmac.compare_digest(key.encode(), known.encode()) for known in config.api_keys):
        return config.accounts.get(key, key)
    raise KlingRefusal(1002, "api key not found")


def _verify_jwt(parts: list[str], config: EmulatorConfig, *, now: float) -> str:
    """Return the access key that signed a JWT which is valid now.

    Written out here (HS256 is one HMAC) because the library warns about short secret keys, and
    the length of a secret key is the provider's choice.
    """
    head, claims = _parse_object(parts[0]), _parse_object(parts[1])
    access_key = claims.get("iss")
    secret = config.key_pairs.get(access_key) if isinstance(access_key, str) else None
    if secret is None or not isinstance(access_key, str):
        raise KlingRefusal(1002, "access key not found")
    signed = f"{parts[0]}.{parts[1]}".encode()
    wanted = hmac.digest(secret.encode(), signed, hashlib.sha256)
    if head.get("alg") != "HS256" or not hmac.compare_digest(wanted, _decode_part(parts[2])):
        raise KlingRefusal(1002, "Authorization signature is invalid")
    expires, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int | float) or not isinstance(not_before, int | float):
        raise KlingRefusal(1000, "Authorization claims are invalid")
    if not_before > now:
        raise KlingRefusal(1003, "Authorization is not active yet")
    if expires <= now:
        raise KlingRefusal(1004, "Authorization is expired")
    return access_key


def _parse_object(part: str) -> Mapping[str, object]:
    try:
        value = json.loads(_decode_part(part))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise KlingRefusal(1002, "Authorization is invalid")
    return value


def _decode_part(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise KlingRefusal(1002, "Authorization is invalid") from None
