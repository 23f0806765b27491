"""JSON with long texts is encoded in steps, as the encoder does it at once."""

import base64
import binascii
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.long_texts import (
    LONG,
    WrittenJson,
    encode_bytes,
    iterate_json_pieces,
    measure_base64,
)

TEXTS = st.text(st.characters(codec=None, categories=None), max_size=20)
VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("ascii_", [True, False])
@given(value=VALUES)
def test_pieces_of_any_size_make_the_same_text(value: Any, *, ascii_: bool) -> None:
    said = "".join(iterate_json_pieces(value, ensure_ascii=ascii_, sort_keys=True, step=4))
    expected = json.dumps(value, ensure_ascii=ascii_, sort_keys=True, separators=(",", ":"))
    assert said == expected


@pytest.mark.parametrize("piece", ["A" * (3 * LONG + 7), '字"\\\n😀' * LONG, "\0" * (LONG + 1)])
def test_long_texts_are_encoded_like_short_ones(piece: str) -> None:
    value = {"image_list": [{"image": piece}, {"image": piece[:-1]}], "prompt": "a", "n": None}
    assert "".join(iterate_json_pieces(value, separators=(", ", ": "))) == json.dumps(value)


@pytest.mark.parametrize("piece", ["A" * (3 * LONG + 7), '字"\\\n😀' * LONG, "short"])
def test_json_that_is_written_in_pieces_is_the_same_each_time(piece: str) -> None:
    value = {"image_list": [{"image": piece}, {"image": piece[:-1]}], "prompt": "a", "n": None}
    written = WrittenJson(value)
    for _ in range(2):
        assert bytes(written) == encode_bytes(value)
    assert len(written) == len(encode_bytes(value))
    with pytest.raises(ValueError, match="JSON"):
        WrittenJson(value | {"n": float("nan")})


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_bytes({"a": float("inf"), "b": "A" * (LONG + 1)})


@given(raw=st.binary(max_size=40))
def test_the_size_of_base64_is_that_of_its_bytes(raw: bytes) -> None:
    assert measure_base64(base64.b64encode(raw).decode(), step=8) == len(raw)


@given(text=st.text("AB=+/ ä", max_size=20))
def test_no_other_text_is_taken_for_base64(text: str) -> None:
    try:
        expected: int | None = len(binascii.a2b_base64(text, strict_mode=True))
    except ValueError:
        expected = None
    try:
        found: int | None = measure_base64(text, step=8)
    except ValueError:
        found = None
    assert found == expected
