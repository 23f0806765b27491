"""A large JSON body means what a small one would, and is read in steps that are short."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.longest_call import measure_longest_call_s
from tests.support.slowness import measure_slowness
from tracker.domain.errors import InvalidRequest
from tracker.web.edge.encoding import convert_to_utf8
from tracker.web.edge.json_objects import PARSED_AT_ONCE, JsonReader, parse_object
from tracker.web.edge.large_json import LONG, take_out_long_texts

STEP = 256 * 1024
LARGEST = 58 * 1024 * 1024
STALL_S = 0.05
SPECIAL = (
    *(r"\"", r"\\", r"\\\\\"", r"\/", r"\u002B", r"\u4e2d", r"\ud83d\ude00"),
    *(r"\ud83d\ude00\ud83d\ude00", r"\\u4e2d", r"\\\\u4e2d", r"\"\u4e2d\\"),
    *("中", "é", "😀", "😀中é", r"\ud83d", r"\ude00", r"\ud83dx", r"\ud83d\u0041", r"\ud83d\n"),
)  # fmt: skip


def _small(text: str) -> str:
    """Return the text as it is read from a small body."""
    value: str = parse_object(f'{{"a": "{text}"}}'.encode())["a"]
    return value


@pytest.mark.parametrize("special", SPECIAL)
def test_a_long_text_is_read_as_a_short_one(special: str) -> None:
    for before in (*range(STEP - 14, STEP + 2), 2 * STEP - 3):
        body = f'{{"k": ["{"A" * before}{special}{"B" * LONG}", 1], "{special}": null}}'.encode()
        assert len(body) > PARSED_AT_ONCE
        found = parse_object(body)
        assert found["k"] == ["A" * before + _small(special) + "B" * LONG, 1]
        assert list(found) == ["k", _small(special)]


@pytest.mark.parametrize("count", [1, 3, 90])
def test_texts_and_names_of_every_length_stay_in_their_places(count: int) -> None:
    value = {
        f"{n:05}{'k' * (n % 3 * LONG)}": {"x": ["a" * (LONG * n // 9), n, None, "", {"y": "z" * n}]}
        for n in range(count)
    }
    body = json.dumps(value | {"pad": "p" * STEP}).encode()
    assert parse_object(body) == value | {"pad": "p" * STEP}


def test_an_object_that_is_encoded_twice_is_read_too() -> None:
    value = {"image": "A" * (2 * STEP), "quoted": '"\\'}
    assert parse_object(json.dumps(json.dumps(value)).encode()) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"a": "%s', "a text does not end"),
        ('{"a": "%s\\', "not JSON"),
        ('{"a": "%s\\x"}', "invalid escape"),
        ('{"a": "%s\\u12"}', "not JSON"),
        ('{"a": "%s\n"}', "control character"),
        ('{"a": "%s" "b"}', "not JSON"),
        ('{"a": "%s", }', "not JSON"),
        ('{"a": ["%s", "b\\u0000"]}', "a[1]: must not hold U+0000"),
        ('{"a": ["%s\\u0000"]}', "a[0]: must not hold U+0000"),
        ('{"a": "%s", "b": ' + "[" * 70 + "]" * 70 + "}", "levels deep"),
        ('["%s"]', "must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_large_body_is_said(body: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_object((body % ("A" * 2 * STEP)).encode())
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":"' + "中".encode() * 5_000_000 + b'"}', "not in ASCII"),
        (b"[" + b'"' + b"x" * 4000 + b'",' + (b'"' + b"x" * 4000 + b'",') * 3000, "besides"),
        (b'""' * 200_000, "texts"),
    ],
    ids=["characters", "short texts", "texts alone"],
)
def test_what_could_not_be_read_in_short_steps_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        parse_object(body)


@pytest.mark.parametrize("special", SPECIAL)
def test_a_body_is_read_alike_in_pieces_of_any_size(special: str) -> None:
    texts = ["a", special, "A" * (LONG - 3) + special, "B" * 3 * LONG + special, f"x{special}x"]
    inner = '", "'.join(texts)
    body = f'{{"{special}": ["{inner}"], "n": 1}}'.encode()
    expected, digest = parse_object(body), hashlib.sha256(body).digest()
    for size in (61, LONG - 1, LONG + 5, len(body)):
        seen = hashlib.sha256()
        reader = JsonReader(seen)
        for start in range(0, len(body), size):
            reader.add(body[start : start + size])
        assert reader.finish() == expected
        assert seen.digest() == digest


@pytest.mark.parametrize("rest", ["\\", '"', "\\u12", "中"[:1], '", "b"', '\\x"}'])
def test_what_is_wrong_is_said_of_pieces_too(rest: str) -> None:
    body = f'{{"a": "{"A" * 2 * LONG}{rest}'.encode()
    reader = JsonReader(None)
    with pytest.raises(InvalidRequest, match="not JSON"):  # noqa: PT012 - either may raise it
        for start in range(0, len(body), 100):
            reader.add(body[start : start + 100])
        reader.finish()


@pytest.mark.parametrize("before", ["a cat", "A" * 2 * LONG])
def test_a_text_that_was_cut_within_a_character_lacks_that_one(before: str) -> None:
    for cut in ("é".encode()[:1], "中".encode()[:2], "😀".encode()[:1], "😀".encode()[:3]):
        body = b'{"a": "%b%b", "n": 1}' % (before.encode(), cut)
        reader = JsonReader(None)
        reader.add(body)
        assert parse_object(body) == reader.finish() == {"a": f"{before}\ufffd", "n": 1}


@pytest.mark.parametrize("raw", ["中文".encode("gbk"), b"\xff", b"\xe4\xb8 x", b"\x80", b"\xc0"])
def test_bytes_of_another_charset_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not JSON"):
        parse_object(b'{"a": "%b"}' % raw)


def test_no_text_can_stand_for_another() -> None:
    forged = '\\u00000\\u0000", "' + "0" * 33
    body = f'{{"a": ["{forged}", "{"A" * 2 * STEP}"]}}'.encode()
    left, long = take_out_long_texts(body)
    assert left.count(long.mark.encode()) == 1


def _picture(piece: str) -> bytes:
    return b'{"input": {"image": "' + piece.encode() * (LARGEST // len(piece)) + b'"}}'


@pytest.mark.parametrize(
    "make",
    [
        lambda: _picture("A"),
        lambda: _picture("AAAA\\/"),
        lambda: _picture("\\u002B"),
        lambda: b"[" + (b'"' + b"A" * (1024 * 1024) + b'",') * 57 + b"1]",
        lambda: b'{"a": ' + b'"' * LARGEST,
        lambda: b'{"a": "' + b"\x80" * LARGEST + b'""',
    ],
    ids=["plain", "escaped", "by number", "many", "marks alone", "no characters"],
)
def test_no_step_of_the_largest_body_stops_other_threads_for_long(
    make: Callable[[], bytes],
) -> None:
    body = make()

    def read() -> None:
        try:
            parse_object(body)
        except InvalidRequest:
            assert body[:1] == b"[" or body.endswith(b'""')

    _assert_short_steps(read)


@pytest.mark.parametrize("charset", ["gbk", "utf-16", "iso-8859-1"])
def test_another_charset_is_read_in_short_steps_too(charset: str) -> None:
    text = "中A" if charset != "iso-8859-1" else "éA"
    body = (text * 3_000_000).encode(charset)
    assert (
        convert_to_utf8(f"application/json; charset={charset}", body) == (text * 3_000_000).encode()
    )
    _assert_short_steps(lambda: convert_to_utf8(f"text/plain; charset={charset}", body))


def _assert_short_steps(read: Callable[[], Any]) -> None:
    """Hold the longest call into C to its processor time, in the best of a few tries."""
    tries = [measure_longest_call_s(read)]
    while min(tries) > STALL_S and len(tries) < 3:
        tries.append(measure_longest_call_s(read))
    assert min(tries) < STALL_S * measure_slowness(), tries
