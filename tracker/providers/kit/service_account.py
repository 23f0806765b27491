"""Keys of service accounts, and their exchange for an access token (RFC 7523).

Source: https://developers.google.com/identity/protocols/oauth2/service-account, read 2026-11.
"""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.retry import retry_after_s
from tracker.providers.kit.calls import build_bearer_header
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table import parse_answer
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.tokens import AccessToken, TokenDelayed, TokenRefused

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIVES_S = 3600
"""Of an assertion: the longest that is taken."""
_USUAL_TOKEN_S = 3600.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ServiceAccountKey(BaseModel):
    """A key file, as Google's console makes it. Fields that are not named here are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    client_email: str = Field(min_length=3)
    private_key: SecretStr
    private_key_id: str | None = None
    project_id: str | None = None
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - no secret

    @field_validator("token_uri")
    @classmethod
    def _is_encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must be an https URL")
        return value

    @field_validator("private_key")
    @classmethod
    def _can_sign(cls, value: SecretStr) -> SecretStr:
        try:
            _load_signing_key(value.get_secret_value())
        except (ValueError, TypeError):
            raise ValueError("must be an RSA key in PEM, without a password") from None
        return value


def read_key_file(value: Any) -> Any:
    """Return the fields of a key file: a table, its JSON, or that in base64.

    Raises ValueError, which holds nothing of it.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        found = json.loads(text if text.startswith("{") else _decode_text(text))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("must be the JSON of a key file, or that in base64")  # noqa: TRY004 - for pydantic
    for name in ("client_email", "private_key"):
        if not found.get(name):
            raise ValueError(f"is a key file without {name}")
    return found


def _decode_text(text: str) -> str:
    """Return the text that base64 holds; empty where it is none."""
    try:
        return b64decode("".join(text.split()), validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return ""


def build_exchange(key: ServiceAccountKey, scope: str, *, now: datetime) -> HttpCall:
    """Build the POST that exchanges a signed assertion for a token."""
    import jwt  # noqa: PLC0415 - with what signs it, 11 MB: for those who have such an account

    at = int(now.timestamp())
    claims = {
        "iss": key.client_email,
        "scope": scope,
        "aud": key.token_uri,
        "iat": at,
        "exp": at + LIVES_S,
    }
    headers = {"kid": key.private_key_id} if key.private_key_id else None
    secret = _load_signing_key(key.private_key.get_secret_value())
    assertion = jwt.encode(claims, secret, algorithm="RS256", headers=headers)
    return HttpCall(
        "POST",
        key.token_uri,
        {"content-type": "application/x-www-form-urlencoded"},
        urlencode({"grant_type": GRANT, "assertion": assertion}).encode(),
        secrets=(assertion,),
    )


def parse_exchange(answer: Answer) -> AccessToken | TokenRefused | TokenDelayed:
    """Read the answer (RFC 6749 §5). Other refusals than those of 400 and 401 pass by."""
    if isinstance(answer, HttpFailure):
        return TokenDelayed(answer.reason)
    parsed = parse_answer(answer)
    token = find_first_text(parsed, ("access_token",), limit=16_000)
    if answer.status < 300 and token is not None:
        lives = read_amount(find_first_number(parsed, ("expires_in",)))
        return AccessToken(token, _USUAL_TOKEN_S if lives is None else max(float(lives), 0.0))
    code = find_first_text(parsed, ("error", "error.status"), limit=100)
    words = find_first_text(parsed, ("error_description", "error.message"), limit=500)
    told = ": ".join(filter(None, (code, words))) or "no words"
    reason = f"HTTP {answer.status}, {told}"
    if answer.status in (400, 401, 403) and isinstance(parsed, dict):
        return TokenRefused(reason)
    return TokenDelayed(reason, retry_after_s(answer.headers))


def authorize(call: HttpCall, token: AccessToken) -> HttpCall:
    """Return a call with the token as Bearer."""
    headers: Mapping[str, str] = {**call.headers, **build_bearer_header(token.value)}
    return replace(call, headers=headers)


@lru_cache(maxsize=16)
def _load_signing_key(pem: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see above
        load_pem_private_key,
    )

    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise TypeError("no RSA key of 2048 bits")
    return key
