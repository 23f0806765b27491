"""Calls to providers: what their failures prove, and that nobody is told a secret by them."""

from collections.abc import AsyncIterator

import pytest

from tests.support.upstream import Asked, Upstream, json_answer
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.redaction import MASK
from tracker.egress.client import EgressClient

pytestmark = pytest.mark.anyio
KEY = "sk-canary-of-the-key"


@pytest.fixture
async def egress() -> AsyncIterator[EgressClient]:
    made = EgressClient(())
    yield made
    await made.close()


@pytest.mark.parametrize(
    "value", [f"Bearer {KEY}\n", f"Bearer {KEY} ", f"{KEY}\r\nx: y", f"{KEY}é"]
)
async def test_a_header_that_cannot_be_written_was_not_sent(
    egress: EgressClient, value: str
) -> None:
    with Upstream(lambda _: [json_answer(b"{}")]) as upstream:
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
        return [json_answer(said.encode(), "401 X")]

    headers = {"authorization": f"Bearer {KEY}", "x-api-key": f"{KEY}-2"}
    with Upstream(echo) as upstream:
        call = HttpCall("GET", upstream.url, headers, secrets=("the-token-of-a-url",))
        answer = await egress.call_provider(call)
        stream = await egress.open_provider(call, cap=1000)
        assert isinstance(answer, HttpResult)
        assert not isinstance(stream, HttpFailure)
        body = b"".join([piece async for piece in stream.chunks])
    assert answer.body == body == f"Bearer {MASK} {MASK} {MASK}".encode()


async def test_a_large_answer_is_searched_too(egress: EgressClient) -> None:
    body = b"." * 300_000 + KEY.encode() + b"." * 300_000
    with Upstream(lambda _: [json_answer(body)]) as upstream:
        call = HttpCall("GET", upstream.url, {"authorization": f"Bearer {KEY}"})
        answer = await egress.call_provider(call)
    assert isinstance(answer, HttpResult)
    assert answer.body == body.replace(KEY.encode(), MASK.encode())
