"""Decimal names of tasks."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.decimal_names import decode_decimal_name, encode_decimal_name


@given(key=st.integers(1, 2**52 - 1))
def test_a_name_leads_back_to_its_key_and_survives_a_double(key: int) -> None:
    name = encode_decimal_name(key)
    assert decode_decimal_name(name) == key
    assert len(name) == 16
    assert int(float(json.loads(name))) == int(name) < 2**53


@given(text=st.text(max_size=20) | st.integers(0, 10**17).map(str))
def test_any_text_is_a_name_or_none(text: str) -> None:
    key = decode_decimal_name(text)
    assert key is None or encode_decimal_name(key) == text
