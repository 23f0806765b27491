"""Signatures by published keys: the vectors of the standards, and what fits nothing."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tracker.providers.kit.published_keys import (
    decode_base64url,
    has_key,
    is_ed25519_signed,
    is_rs256_signed,
    is_usable,
)

ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
MESSAGE = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
"""RFC 8037, appendix A.4 (https://www.rfc-editor.org/rfc/rfc8037, read 2026-11)."""
P = 2**255 - 19
OF_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
BROKEN: list[dict[str, Any]] = [
    {},
    {"kty": "OKP", "crv": "Ed25519"},
    {"kty": "OKP", "crv": "Ed25519", "x": 5},
    {"kty": "OKP", "crv": "Ed25519", "x": "+/=="},
    {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    {"kty": "OKP", "crv": "X25519", "x": ED25519["x"]},
    {"kty": "RSA"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "n": "A" * 342, "e": "AQAB"},
    {"kty": "RSA", "n": 5, "e": None},
    {"kty": "RSA", "n": "_" * 342 + "-", "e": "é"},
]


def _text(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture(scope="module")
def rsa() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def test_ed25519_fits_by_any_key_of_the_set() -> None:
    signature = decode_base64url(SIGNATURE) or b""
    assert is_ed25519_signed([*BROKEN, ED25519], MESSAGE, signature)
    assert not is_ed25519_signed([ED25519], MESSAGE + b".", signature)
    assert not is_ed25519_signed([ED25519], MESSAGE, signature[:-1])
    assert not is_ed25519_signed([ED25519], MESSAGE, b"")
    assert not is_ed25519_signed(BROKEN, MESSAGE, signature)
    assert not is_ed25519_signed([], MESSAGE, signature)


@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, OF_ORDER_8, P - OF_ORDER_8])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_by_which_anybody_can_sign_is_none(y: int, sign: int) -> None:
    """With a key of small order the signature R, 0 fits many messages."""
    raw = (y | sign).to_bytes(32, "little")
    key = {"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(raw).decode()}
    assert not is_usable(key)
    for number in range(16):
        forged = (1).to_bytes(32, "little") + bytes(32)
        assert not is_ed25519_signed([key], b"%d" % number, forged)


def test_rs256_fits_by_the_key_that_is_named(rsa: RSAPrivateKey) -> None:
    numbers = rsa.public_key().public_numbers()
    key = {"kty": "RSA", "kid": "1", "n": _text(numbers.n), "e": _text(numbers.e)}
    keys = json.loads(json.dumps([*BROKEN, key]))
    signature = rsa.sign(b"signed", PKCS1v15(), SHA256())
    assert is_rs256_signed(keys, b"signed", signature, kid="1")
    assert is_rs256_signed(keys, b"signed", signature, kid=None)
    assert not is_rs256_signed(keys, b"signed", signature, kid="2")
    assert not is_rs256_signed(keys, b"changed", signature, kid="1")
    assert not is_rs256_signed(BROKEN, b"signed", signature, kid=None)
    assert has_key(keys, "1")
    assert not has_key(keys, "2")


def test_a_key_counts_wherever_it_stands_in_the_set(rsa: RSAPrivateKey) -> None:
    """Others, be they unusable, of the same id or of another kind, keep it from nothing."""
    numbers = rsa.public_key().public_numbers()
    key = {"kty": "RSA", "kid": "1", "n": _text(numbers.n), "e": _text(numbers.e)}
    signature = rsa.sign(b"signed", PKCS1v15(), SHA256())
    before = [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}, {"kty": "EC", "kid": "1"}]
    others = [{**key, "kid": f"other-{n}"} for n in range(50)]
    assert is_rs256_signed([*others, *before, key], b"signed", signature, kid="1")
    made = decode_base64url(SIGNATURE) or b""
    assert is_ed25519_signed([*others, ED25519], MESSAGE, made)
    assert [is_usable(one) for one in (*BROKEN, key, ED25519)] == [False] * len(BROKEN) + [True] * 2
