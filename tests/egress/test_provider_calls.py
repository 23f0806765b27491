"""Calls to providers: what their failures prove, and that nobody is told a secret by them."""

import asyncio
import gzip
import json
import sys
import tracemalloc
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest

from tests.support.upstream import Asked, Upstream, build_json_answer
from tracker import __version__
from tracker.domain.errors import BrokenTransfer
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult, HttpStream
from tracker.domain.redaction import MASK
from tracker.egress.answers import SMALL_ANSWER_BYTES
from tracker.egress.client import EgressClient

pytestmark = pytest.mark.anyio
KEY = "sk-canary-of-the-key"


async def test_what_a_provider_repeats_in_a_header_is_taken_out(egress: EgressClient) -> None:
    said = build_json_answer(b"{}").replace(b"\r\n", f"\r\nx-seen: key {KEY}\r\n".encode(), 1)
    with Upstream(lambda _: [said]) as upstream:
        call = HttpCall("GET", upstream.url, {"authorization": f"Bearer {KEY}"})
        whole, streamed = await egress.call_provider(call), await egress.open_provider(call, cap=9)
    assert isinstance(whole, HttpResult)
    assert isinstance(streamed, HttpStream)
    await streamed.chunks.aclose()
    assert whole.headers["x-seen"] == streamed.headers["x-seen"] == f"key {MASK}"


@pytest.mark.parametrize(
    "value", [f"Bearer {KEY}\n", f"Bearer {KEY} ", f"{KEY}\r\nx: y", f"{KEY}é"]
)
async def test_a_header_that_cannot_be_written_was_not_sent(
    egress: EgressClient, value: str
) -> None:
    with Upstream(lambda _: [build_json_answer(b"{}")]) as upstream:
        call = HttpCall("POST", upstream.url, {"authorization": value}, b"{}")
        whole, streamed = await egress.call_provider(call), await egress.open_provider(call, cap=9)
    for failure in (whole, streamed):
        assert isinstance(failure, HttpFailure)
        assert failure.certainty is Certainty.NOT_SENT
        assert KEY not in failure.reason
    assert [one.line for one in upstream.asked if one.line] == []


async def test_a_header_that_was_written_may_have_arrived(egress: EgressClient) -> None:
    with Upstream(lambda _: []) as upstream:
        failure = await egress.call_provider(HttpCall("POST", upstream.url, {}, b"{}"))
    assert isinstance(failure, HttpFailure)
    assert failure.certainty is Certainty.UNKNOWN


async def test_what_a_provider_repeats_of_the_call_is_taken_out(egress: EgressClient) -> None:
    def echo(asked: Asked) -> list[bytes]:
        said = f"{asked.headers['authorization']} {asked.headers['x-api-key']} the-token-of-a-url"
        return [build_json_answer(said.encode(), "401 X")]

    headers = {"authorization": f"Bearer {KEY}", "x-api-key": f"{KEY}-2"}
    with Upstream(echo) as upstream:
        call = HttpCall("GET", upstream.url, headers, secrets=("the-token-of-a-url",))
        answer = await egress.call_provider(call)
        stream = await egress.open_provider(call, cap=1000)
        assert isinstance(answer, HttpResult)
        assert not isinstance(stream, HttpFailure)
        body = b"".join([piece async for piece in stream.chunks])
    assert answer.body == body == f"Bearer {MASK} {MASK} {MASK}".encode()


REPEATED: dict[str, Callable[[str], bytes]] = {
    "base64": lambda key: b64encode(key.encode()),
    "base64 of a header": lambda key: b64encode(f"Bearer {key}".encode()),
    "base64 of a user's": lambda key: b64encode(f"me:{key}".encode()),
    "base64 for URLs": lambda key: urlsafe_b64encode(f"a:{key}?".encode()),
    "hex": lambda key: key.encode().hex().encode(),
    "capitals": lambda key: key.upper().encode(),
    "UTF-16": lambda key: json.dumps({"message": key}).encode("utf-16"),
    "UTF-16, the other end first": lambda key: f"{key}.".encode("utf-16-be"),
    "entities": lambda key: key.replace("-", "&#45;").encode(),
}


@pytest.mark.parametrize("repeated", REPEATED.values(), ids=REPEATED)
async def test_what_a_provider_repeats_in_another_code_is_taken_out(
    egress: EgressClient, repeated: Callable[[str], bytes]
) -> None:
    said = b"before " + repeated(KEY) + b" after"
    with Upstream(lambda _: [build_json_answer(said, "401 X")]) as upstream:
        headers = {"authorization": f"Bearer {KEY}"}
        answer = await egress.call_provider(HttpCall("GET", upstream.url, headers))
    assert isinstance(answer, HttpResult)
    assert MASK.encode() in answer.body
    assert (answer.body[:7], answer.body[-6:]) == (b"before ", b" after")
    middle = len(said) // 2
    assert said[middle - 4 : middle + 4] not in answer.body


def encoded(body: bytes, *encodings: str) -> bytes:
    """A whole answer whose body is encoded so, in this order."""
    ways: dict[str, Callable[[bytes], bytes]]
    ways = {"gzip": gzip.compress, "deflate": zlib.compress, "bare": bare}
    for one in encodings:
        body = ways[one](body)
    names = ", ".join(encodings).replace("bare", "deflate")
    head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: {names}\r\n"
    head += f"content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def bare(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    "encodings", [("gzip",), ("deflate",), ("bare",), ("gzip", "gzip"), ("deflate", "gzip"), ()]
)
@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1_000_000])
async def test_an_encoded_answer_is_decoded(
    egress: EgressClient, encodings: tuple[str, ...], size: int
) -> None:
    body = bytes(number % 251 for number in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    with Upstream(lambda _: [encoded(body, *encodings)]) as upstream:
        answer = await egress.call_provider(HttpCall("GET", upstream.url))
        stream = await egress.open_provider(HttpCall("GET", upstream.url), cap=2_000_000)
        assert isinstance(stream, HttpStream)
        flowed = b"".join([piece async for piece in stream.chunks])
    assert isinstance(answer, HttpResult)
    assert answer.body == flowed == body


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: encoded(b"0" * 50_000_000, "gzip"), "larger than 8388608 bytes"),
        (lambda: encoded(b"0" * 50_000_000, "gzip", "gzip"), "larger than 8388608 bytes"),
        (
            lambda: encoded(bare(b"") * 20_000_000, "gzip").replace(b": gzip", b": deflate, gzip"),
            "larger",
        ),
        (lambda: encoded(b"x", "gzip", "gzip", "gzip"), "encoded 3 times"),
        (lambda: encoded(b"x", "gzip").replace(b": gzip", b": br"), "unknown encoding: 'br'"),
        (
            lambda: build_json_answer(b"not gzip at all").replace(
                b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n"
            ),
            "broken",
        ),
        (
            lambda: encoded(b"x" * 1000, "gzip").replace(b"length: 2", b"length: 1")[:-10],
            "broke off",
        ),
    ],
    ids=["once", "twice", "nothing within", "thrice", "unknown", "no gzip", "half"],
)
async def test_an_answer_that_cannot_be_decoded_says_why_and_takes_little(
    egress: EgressClient, answer: Callable[[], bytes], reason: str
) -> None:
    said = answer()  # made here: some take a tenth of a second
    with Upstream(lambda _: [said]) as upstream:
        tracemalloc.start()
        try:
            whole = await egress.call_provider(HttpCall("GET", upstream.url))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        stream = await egress.open_provider(HttpCall("GET", upstream.url), cap=8_388_608)
        assert isinstance(stream, HttpStream)
        with pytest.raises(BrokenTransfer):
            _ = [piece async for piece in stream.chunks]
    assert isinstance(whole, HttpFailure)
    assert (whole.certainty, reason in whole.reason) == (Certainty.UNKNOWN, True), whole.reason
    assert peak < 40_000_000


async def test_large_answers_wait_for_each_other(egress: EgressClient) -> None:
    body = b"0" * (SMALL_ANSWER_BYTES + 1)
    with Upstream(lambda _: [encoded(body, "gzip")]) as upstream:
        calls = [egress.call_provider(HttpCall("GET", upstream.url)) for _ in range(20)]
        answers = await asyncio.gather(*calls)
    assert [isinstance(one, HttpResult) and one.body == body for one in answers] == [True] * 20


async def test_a_large_answer_is_searched_too(egress: EgressClient) -> None:
    body = b"." * 300_000 + KEY.encode() + b"." * 300_000
    with Upstream(lambda _: [build_json_answer(body)]) as upstream:
        call = HttpCall("GET", upstream.url, {"authorization": f"Bearer {KEY}"})
        answer = await egress.call_provider(call)
    assert isinstance(answer, HttpResult)
    assert answer.body == body.replace(KEY.encode(), MASK.encode())


async def test_calls_of_both_kinds_say_who_makes_them() -> None:
    egress = EgressClient(("127.0.0.0/8",))
    with Upstream(lambda asked: [build_json_answer(b"".join(asked.body))]) as upstream:
        call = HttpCall("POST", upstream.url, {}, b"{}")
        await egress.call_provider(call)
        await egress.call_guarded(call)
    await egress.close()
    agents = [one.headers["user-agent"] for one in upstream.asked]
    assert agents == [f"tracker/{__version__}"] * 2


async def test_a_call_looks_for_no_module(
    egress: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that fails is made again each time: it reads every folder of the path."""
    wanted: list[str] = []

    class Spy:
        def find_spec(self, name: str, *_: object) -> None:
            wanted.append(name)

    with Upstream(lambda _: [build_json_answer(b"{}")]) as upstream:
        await egress.call_provider(HttpCall("GET", upstream.url, {}))  # imports what it needs
        # Python's own list, put in front of: whatever is looked for is still found.
        monkeypatch.setattr(sys, "meta_path", [Spy(), *sys.meta_path])
        await egress.call_provider(HttpCall("GET", upstream.url, {}))
    assert wanted == []
