"""Cursors and callback tokens: only what we made is taken back."""

import hashlib
import hmac
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain import cursor, token
from tracker.domain.errors import InvalidRequest
from tracker.domain.keyed_digest import KeyedDigest

SECRET, OTHER = b"a secret of sixteen", b"another of the kind"
PLACES = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20)), min_size=1)


@given(PLACES, st.text(max_size=30))
def test_a_cursor_comes_back_as_the_place_it_was_made_of(
    place: list[int | str], scope: str
) -> None:
    assert cursor.decode([SECRET], scope, cursor.encode(SECRET, scope, place)) == place


@given(st.text(max_size=80))
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        cursor.decode([SECRET], "tasks", text)
    assert refused.value.malformed


@given(PLACES, st.integers(0, 200), st.integers(1, 255))
def test_a_changed_cursor_is_refused(place: list[int | str], at: int, bit: int) -> None:
    made = cursor.encode(SECRET, "tasks", place)
    raw = bytearray(made.encode())
    raw[at % len(raw)] ^= bit
    changed = raw.decode("latin-1")
    if changed.rstrip("=") != made:
        with suppress(InvalidRequest):  # or only unused bits of the last byte were changed
            assert cursor.decode([SECRET], "tasks", changed) == place


@pytest.mark.parametrize(("secret", "scope"), [(OTHER, "tasks"), (SECRET, "receipts 7")])
def test_a_cursor_opens_only_the_list_it_was_made_for(secret: bytes, scope: str) -> None:
    with pytest.raises(InvalidRequest):
        cursor.decode([secret], scope, cursor.encode(SECRET, "tasks", [7]))


def test_a_cursor_outlives_the_rotation_of_its_secret() -> None:
    made = cursor.encode(SECRET, "changes", [7])
    assert cursor.decode([OTHER, SECRET], "changes", made) == [7]


def test_a_token_is_bound_to_provider_and_task() -> None:
    made = token.sign(SECRET, "kling", "task-1")
    assert token.is_valid([SECRET], "kling", "task-1", made)
    assert not token.is_valid([SECRET], "kling", "task-2", made)
    assert not token.is_valid([SECRET], "luma", "task-1", made)


def test_every_secret_verifies_and_the_first_signs() -> None:
    made = token.sign(OTHER, "kling", "task-1")
    assert token.is_valid([SECRET, OTHER], "kling", "task-1", made)
    assert not token.is_valid([SECRET], "kling", "task-1", made)


@given(st.text(max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert not token.is_valid([SECRET], "kling", "task-1", text)


@pytest.mark.parametrize("hash_", [hashlib.sha256, hashlib.sha512])
def test_a_keyed_digest_is_the_hmac_of_its_key_however_long_it_is(hash_: Any) -> None:
    for size in (0, 1, 63, 64, 65, 127, 128, 129, 300):
        key = bytes(number % 251 for number in range(size))
        texts = [b"", b"a", bytes(1000)]
        expected = [hmac.digest(key, text, hash_) for text in texts]
        assert [KeyedDigest(key, hash_).digest(text) for text in texts] == expected
