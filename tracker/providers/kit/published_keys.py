"""Verify signatures by published keys: Ed25519 (RFC 8037) and RS256 (RFC 7518 §3.3).

Keys that are of another kind, or no keys at all, fit nothing.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tracker.providers.ports.keys import KeySet

if TYPE_CHECKING:  # 11 MB: imported where something is signed so
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_LEAST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192
_MOST_KEYS = 32
"""Keys of a set that are tried; a rotation needs two."""
_P = 2**255 - 19
_OF_ORDER_8 = (
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
)
_SMALL_ORDER = frozenset((0, 1, _P - 1, _P, _P + 1, *_OF_ORDER_8))
"""y of the points whose order divides 8. As a key, such a point lets anybody sign: RFC 8032 section
5.1.7 leaves it to the verifier, and OpenSSL accepts them
(https://eprint.iacr.org/2020/1244, table 1, read 2026-11).
"""


def is_ed25519_signed(keys: KeySet, message: bytes, signature: bytes) -> bool:
    """Tell whether any key of the set made the signature (64 bytes) of the message."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above

    meant = [one for one in keys if one.get("crv") == "Ed25519"]
    for one in meant[:_MOST_KEYS]:
        key = _load_ed25519_key(_read_text(one.get("x")))
        if key is None:
            continue
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return True
    return False


def is_rs256_signed(keys: KeySet, message: bytes, signature: bytes, *, kid: str | None) -> bool:
    """Tell whether a key of the set made the signature: RSASSA-PKCS1-v1_5 with SHA-256.

    kid: the only key that is tried; None tries each.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    meant = [one for one in keys if one.get("kty") == "RSA" and kid in (None, one.get("kid"))]
    for one in meant[:_MOST_KEYS]:
        key = _load_rsa_key(_read_text(one.get("n")), _read_text(one.get("e")))
        if key is None:
            continue
        try:
            key.verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def has_key(keys: KeySet, kid: str) -> bool:
    """Tell whether the set has a key of this id: then no newer set is needed to judge by it."""
    return any(one.get("kid") == kid for one in keys)


def is_usable(key: Mapping[str, Any]) -> bool:
    """Tell whether a member of a set is a key that a signature can be verified by."""
    if key.get("crv") == "Ed25519":
        return _load_ed25519_key(_read_text(key.get("x"))) is not None
    is_rsa = key.get("kty") == "RSA"
    return is_rsa and _load_rsa_key(_read_text(key.get("n")), _read_text(key.get("e"))) is not None


def decode_base64url(text: str) -> bytes | None:
    """Return the bytes of base64url text, with or without padding; None for anything else."""
    if not text.isascii() or "+" in text or "/" in text:
        return None
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _load_ed25519_key(x: str) -> "Ed25519PublicKey | None":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - see above
        Ed25519PublicKey,
    )

    raw = decode_base64url(x)
    if raw is None or len(raw) != 32:
        return None
    y = int.from_bytes(raw, "little") & (2**255 - 1)  # above it stands the sign of x
    return None if y in _SMALL_ORDER else Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=64)
def _load_rsa_key(n: str, e: str) -> "RSAPublicKey | None":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415

    modulus, exponent = decode_base64url(n), decode_base64url(e)
    if not modulus or not exponent or len(exponent) > 8:
        return None
    numbers = int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")
    if not _LEAST_RSA_BITS <= numbers[1].bit_length() <= _MOST_RSA_BITS:
        return None
    try:
        return RSAPublicNumbers(*numbers).public_key()
    except ValueError:  # an even modulus, say
        return None


def _read_text(value: Any) -> str:
    return value if isinstance(value, str) else ""
