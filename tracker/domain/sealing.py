"""Keep secrets so that they can be used, and so that the database alone does not give them.

Encrypt, then authenticate, with nothing but HMAC as the pseudorandom function: it makes the
keystream block by block from the nonce and the block's number. The master keys are the service's
own callback secrets, which are never in the database (decision 4).
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache

from tracker.domain.keyed_digest import KeyedDigest

NONCE_BYTES = 16
_TAG_BYTES = 16
_BLOCK_BYTES = 64
MOST_BYTES = 64 * 1024
"""Of one secret."""
_VERSION = b"\x01"


class CannotOpen(Exception):
    """No master key at hand sealed this, or it was changed."""


def seal(master: bytes, secret: bytes, *, nonce: bytes) -> bytes:
    """Version, nonce, ciphertext, tag.

    secret: at most MOST_BYTES.
    nonce:  16 random bytes, never used twice.
    Raises ValueError.
    """
    if len(secret) > MOST_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"a secret has at most {MOST_BYTES} bytes, a nonce 16")
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
    blocks = -(-len(text) // _BLOCK_BYTES)
    # The first block has no number: what was sealed when there was only one opens as before.
    numbered = [nonce, *[nonce + number.to_bytes(4, "big") for number in range(1, blocks)]]
    stream = b"".join(_keyed(master, b"encrypt").digests(numbered))
    mixed = int.from_bytes(text, "big") ^ int.from_bytes(stream[: len(text)], "big")
    return mixed.to_bytes(len(text), "big")


def _tag(master: bytes, head: bytes) -> bytes:
    return _keyed(master, b"authenticate").digest(head)[:_TAG_BYTES]


@lru_cache(maxsize=64)
def _keyed(master: bytes, purpose: bytes) -> KeyedDigest:
    key = hmac.digest(master, b"endpoint secrets\n" + purpose, hashlib.sha256)
    return KeyedDigest(key, hashlib.sha512 if purpose == b"encrypt" else hashlib.sha256)
