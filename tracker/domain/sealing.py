"""Keep secrets so that they can be used, and so that the database alone does not give them.

Encrypt, then authenticate, with HMAC as the pseudorandom function: it makes the keystream block by
block from the nonce and the block's number. Of a text that is long for a secret one call makes all
of it, SHAKE256 of a key and the nonce: what is absorbed first keys a sponge as HMAC keys a hash
(https://doi.org/10.6028/NIST.FIPS.202 section A.2, https://keccak.team/keccak_strengths.html, read
2026-11-29). The master keys are the service's own callback secrets, which are never in the database
(decision 4).
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
_BY_BLOCKS, _AT_ONCE = b"\x01", b"\x02"
"""How the keystream is made, by a seal's first byte."""


class CannotOpen(Exception):
    """No master key at hand sealed this, or it was changed."""


def seal(master: bytes, secret: bytes, *, nonce: bytes) -> bytes:
    """Return version, nonce, ciphertext, tag.

    secret: at most MOST_BYTES.
    nonce:  16 random bytes, never used twice.
    Raises ValueError.
    """
    return _seal_with(_BY_BLOCKS, master, secret, nonce)


def seal_long(master: bytes, secret: bytes, *, nonce: bytes) -> bytes:
    """Seal a text of several blocks, in half the time; see `seal`.

    Releases from before 29 November 2026 do not open it.
    """
    return _seal_with(_AT_ONCE, master, secret, nonce)


def unseal(masters: Sequence[bytes], sealed: bytes) -> bytes:
    """Decrypt a secret sealed with any of these keys. Raises CannotOpen."""
    head, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    version, nonce, text = head[:1], head[1 : 1 + NONCE_BYTES], head[1 + NONCE_BYTES :]
    for master in masters:
        if hmac.compare_digest(tag, _tag(master, head)) and version in _KEYSTREAMS:
            return _apply_keystream(text, _KEYSTREAMS[version](master, nonce, len(text)))
    raise CannotOpen("it was sealed with a key that is not among TRACKER_CALLBACK_SECRETS")


def _seal_with(version: bytes, master: bytes, secret: bytes, nonce: bytes) -> bytes:
    if len(secret) > MOST_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"a secret has at most {MOST_BYTES} bytes, a nonce 16")
    stream = _KEYSTREAMS[version](master, nonce, len(secret))
    head = version + nonce + _apply_keystream(secret, stream)
    return head + _tag(master, head)


def _apply_keystream(text: bytes, stream: bytes) -> bytes:
    """Return a text XOR as much of a keystream."""
    size = len(text)
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def _derive_by_blocks(master: bytes, nonce: bytes, size: int) -> bytes:
    blocks = -(-size // _BLOCK_BYTES)
    # The first block has no number: what was sealed when there was only one opens as before.
    numbered = [nonce, *[nonce + number.to_bytes(4, "big") for number in range(1, blocks)]]
    digest = _make_keyed_digest(master, b"encrypt").digest
    return b"".join(map(digest, numbered))[:size]


def _derive_at_once(master: bytes, nonce: bytes, size: int) -> bytes:
    return hashlib.shake_256(_derive_long_key(master) + nonce).digest(size)


_KEYSTREAMS = {_BY_BLOCKS: _derive_by_blocks, _AT_ONCE: _derive_at_once}


def _tag(master: bytes, head: bytes) -> bytes:
    return _make_keyed_digest(master, b"authenticate").digest(head)[:_TAG_BYTES]


@lru_cache(maxsize=64)
def _make_keyed_digest(master: bytes, purpose: bytes) -> KeyedDigest:
    key = _derive_key(master, purpose)
    return KeyedDigest(key, hashlib.sha512 if purpose == b"encrypt" else hashlib.sha256)


@lru_cache(maxsize=64)
def _derive_long_key(master: bytes) -> bytes:
    return _derive_key(master, b"encrypt at once")


def _derive_key(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(master, b"endpoint secrets\n" + purpose, hashlib.sha256)
