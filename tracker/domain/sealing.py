"""Keep endpoint secrets so that they can sign, and so that the database alone does not give them.

Encrypt, then authenticate, with nothing but HMAC as the pseudorandom function: a secret is no
longer than one block of its output, so that one block is the whole keystream. The master keys are
the service's own callback secrets, which are never in the database (decision 4).
"""

import hashlib
import hmac
from collections.abc import Sequence

NONCE_BYTES = 16
_TAG_BYTES = 16
_BLOCK_BYTES = 64
_VERSION = b"\x01"


class CannotOpen(Exception):
    """No master key at hand sealed this, or it was changed."""


def seal(master: bytes, secret: bytes, *, nonce: bytes) -> bytes:
    """Version, nonce, ciphertext, tag.

    secret: at most 64 bytes.
    nonce:  16 random bytes, never used twice.
    Raises ValueError.
    """
    if len(secret) > _BLOCK_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("a secret has at most 64 bytes, a nonce 16")
    head = _VERSION + nonce + _crypt(master, nonce, secret)
    return head + _tag(master, head)


def unseal(masters: Sequence[bytes], sealed: bytes) -> bytes:
    """Decrypt a secret sealed with any of these keys. Raises CannotOpen."""
    head, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    nonce, text = head[1 : 1 + NONCE_BYTES], head[1 + NONCE_BYTES :]
    for master in masters:
        if hmac.compare_digest(tag, _tag(master, head)) and head[:1] == _VERSION:
            return _crypt(master, nonce, text)
    raise CannotOpen("it was sealed with a key that is not among TRACKER_CALLBACK_SECRETS")


def _crypt(master: bytes, nonce: bytes, text: bytes) -> bytes:
    stream = hmac.digest(_subkey(master, b"encrypt"), nonce, hashlib.sha512)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _tag(master: bytes, head: bytes) -> bytes:
    return hmac.digest(_subkey(master, b"authenticate"), head, hashlib.sha256)[:_TAG_BYTES]


def _subkey(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(master, b"endpoint secrets\n" + purpose, hashlib.sha256)
