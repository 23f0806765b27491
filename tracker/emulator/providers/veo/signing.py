"""Google's keys: published ones that sign callbacks, one of a service account, and tokens.

Sources: https://ai.google.dev/gemini-api/docs/webhooks and
https://developers.google.com/identity/protocols/oauth2/service-account, read 2026-11. The claims of
callbacks are not documented in full; these are what a receiver can count on.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import RSAAlgorithm

from tracker.emulator.core.refusals import CodedRefusal
from tracker.emulator.core.signing import SignatureQuality, Signer, SigningInput

__all__ = [
    "ISSUER",
    "build_callback_signer",
    "build_key_file",
    "build_key_set",
    "find_assertion_flaw",
]

ISSUER = "https://accounts.google.com"
EMAIL = "tracker@emulated-project.iam.gserviceaccount.com"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIVES_S = 300
_SECRET = "emulated-secret-of-an-hs256-signature"  # noqa: S105 - nobody is to believe it


@cache
def _load_key(name: str) -> RSAPrivateKey:
    """Return the key of a name; it is made when it is first asked for, and differs each run."""
    del name
    return generate_private_key(public_exponent=65537, key_size=2048)


def build_key_set(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the published keys of these names."""
    keys = []
    for name in names:
        found = json.loads(RSAAlgorithm.to_jwk(_load_key(name).public_key()))
        kept = {part: found[part] for part in ("kty", "n", "e")}
        keys.append({**kept, "use": "sig", "alg": "RS256", "kid": name})
    return {"keys": keys}


def build_callback_signer(name: str, *, audience: str | None, lie: str) -> Signer:
    """Return a signer by a JWT of the published key of this name.

    audience: None for the callback's own URL. lie: `hs256`, `expired` or nothing.
    """

    def sign(given: SigningInput) -> Mapping[str, str]:
        is_wrong = given.quality is SignatureQuality.WRONG
        begins = given.timestamp - (2 * 3600 if lie == "expired" else 0)
        claims = {
            "iss": ISSUER,
            "aud": audience or given.url,
            "iat": begins,
            "exp": begins + _LIVES_S,
            "sub": "webhooks",
        }
        algorithm = "HS256" if lie == "hs256" else "RS256"
        secret: Any = _SECRET if lie == "hs256" else _load_key("nobody's" if is_wrong else name)
        token = jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": name})
        return {
            "webhook-id": given.message_id,
            "webhook-timestamp": str(given.timestamp),
            "webhook-signature": token,
        }

    return sign


def build_key_file(token_uri: str, project: str) -> dict[str, Any]:
    """Return the key file of the emulated service account."""
    pem = _load_key("service-account").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "service-account-1",
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "token_uri": token_uri,
    }


def find_assertion_flaw(form: Mapping[str, str], token_uri: str, scope: str) -> CodedRefusal | None:
    """Return why an exchange is refused; None when its assertion is good."""
    if form.get("grant_type") != GRANT:
        return CodedRefusal(400, "unsupported_grant_type", "Invalid grant_type")
    try:
        claims = jwt.decode(
            form.get("assertion", ""),
            _load_key("service-account").public_key(),
            algorithms=["RS256"],
            audience=token_uri,
            issuer=EMAIL,
            options={"require": ["exp", "iat", "iss", "aud"]},
            leeway=60,
        )
    except jwt.PyJWTError as problem:
        return CodedRefusal(400, "invalid_grant", f"Invalid JWT: {problem}")
    if claims["exp"] - claims["iat"] > 3600:
        return CodedRefusal(400, "invalid_grant", "Invalid JWT: token must be short-lived")
    if scope not in str(claims.get("scope", "")).split():
        return CodedRefusal(400, "invalid_scope", "Invalid OAuth scope or ID token audience")
    return None
