"""Answers that are passed on piece by piece: bounded in size and time, closed whatever happens."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.loop_time import LoopTime
from tests.support.upstream import Asked, Upstream, build_json_answer
from tracker.domain.errors import BrokenTransfer
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpStream
from tracker.egress.client import EgressClient

pytestmark = pytest.mark.anyio


async def opened(egress: EgressClient, call: HttpCall, cap: int = 1000) -> HttpStream:
    """A stream; there must be one."""
    answer = await egress.open_provider(call, cap=cap)
    assert isinstance(answer, HttpStream), answer
    return answer


async def test_an_answer_comes_with_its_status_and_headers(egress: EgressClient) -> None:
    with Upstream(lambda _: [build_json_answer(b"{}", "418 Teapot", "text/x")]) as upstream:
        answer = await opened(egress, HttpCall("GET", upstream.url))
        body = b"".join([piece async for piece in answer.chunks])
    assert (answer.status, answer.headers["content-type"], body) == (418, "text/x", b"{}")


async def test_one_byte_too_many_breaks_it(egress: EgressClient) -> None:
    with Upstream(lambda _: [build_json_answer(b"x" * 11)]) as upstream:
        answer = await opened(egress, HttpCall("GET", upstream.url), cap=10)
        with pytest.raises(BrokenTransfer, match="larger than 10 bytes"):
            _ = [piece async for piece in answer.chunks]


async def test_an_answer_that_ends_early_is_broken(egress: EgressClient) -> None:
    with Upstream(lambda _: [build_json_answer(b"whole")[:-2]]) as upstream:
        answer = await opened(egress, HttpCall("GET", upstream.url))
        with pytest.raises(BrokenTransfer, match="broke off"):
            _ = [piece async for piece in answer.chunks]


async def test_a_trickle_is_broken_when_the_whole_time_is_over(
    egress: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = LoopTime(monkeypatch)

    def trickle(asked: Asked) -> Iterator[bytes]:
        yield build_json_answer(b"whole")[:-2]
        asked.wait_until_gone()

    with Upstream(trickle) as upstream:
        answer = await opened(egress, HttpCall("GET", upstream.url, timeout_s=600))
        passing.move(600)
        with pytest.raises(BrokenTransfer, match="in time"):
            _ = [piece async for piece in answer.chunks]


async def test_silence_and_a_closed_port_are_failures(
    egress: EgressClient,
) -> None:
    def silence(asked: Asked) -> Iterator[bytes]:
        yield from ()
        _ = asked

    with Upstream(silence) as upstream:
        cut = await egress.open_provider(HttpCall("GET", upstream.url), cap=1)
    shut = await egress.open_provider(HttpCall("GET", "http://127.0.0.1:9/"), cap=1)
    assert isinstance(cut, HttpFailure)
    assert isinstance(shut, HttpFailure)
    assert (cut.certainty, shut.certainty) == (Certainty.UNKNOWN, Certainty.NOT_SENT)


async def test_a_body_goes_out_piece_by_piece(egress: EgressClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    got: list[bytes] = []

    def take(asked: Asked) -> Iterator[bytes]:
        got.extend(asked.body)
        yield build_json_answer(b"{}")

    with Upstream(take) as upstream:
        call = HttpCall("POST", upstream.url)
        answer = await egress.open_provider(call, body=body(), cap=10)
        assert isinstance(answer, HttpStream)
        await answer.chunks.aclose()
    assert got == [b"one", b"two"]
