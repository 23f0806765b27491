"""Answers that come a byte at a time: never silent, never whole, and given up all the same."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.support.upstream import Asked, Upstream
from tracker.bounded_http import BoundedTransport, EnvironmentTransport, within
from tracker.client import AsyncClient, Client, Unreachable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n"
PAUSE_S = 0.01
"""Between two bytes; all of them take seconds."""


def _drip(sent: int) -> Iterator[bytes]:
    answer, never = HEAD + b" " * 600, threading.Event()
    yield answer[:sent]
    for byte in answer[sent:]:
        never.wait(PAUSE_S)
        yield bytes([byte])


@pytest.fixture(params=[0, len(HEAD)], ids=["head", "body"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a server that drips its head, or its body alone."""

    def answer(_asked: Asked) -> Iterator[bytes]:
        return _drip(request.param)

    with Upstream(answer) as upstream:
        yield upstream.url


def test_commands_end(url: str) -> None:
    with (
        httpx.Client(transport=BoundedTransport(verify=False), timeout=60) as http,
        within(10 * PAUSE_S),
        pytest.raises(httpx.TimeoutException),
    ):
        http.get(url)


def test_the_client_ends(url: str) -> None:
    with Client(url, timeout_s=2 * PAUSE_S, tries=1) as client, pytest.raises(Unreachable):
        client.get("any")


def test_the_client_ends_behind_a_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", url)
    with (
        Client("http://tracker.example", timeout_s=2 * PAUSE_S, tries=1) as client,
        pytest.raises(Unreachable),
    ):
        client.get("any")


@pytest.mark.anyio
async def test_the_client_of_asyncio_ends(url: str) -> None:
    async with AsyncClient(url, timeout_s=2 * PAUSE_S, tries=1) as client:
        with pytest.raises(Unreachable):
            await client.get("any")


def test_what_comes_in_time_is_whole() -> None:
    def answer(_asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

    with (
        Upstream(answer) as upstream,
        httpx.Client(transport=BoundedTransport(verify=False)) as http,
        within(60),
    ):
        assert [http.get(upstream.url).content for _ in range(2)] == [b"{}"] * 2


@pytest.mark.parametrize("spared", ["127.0.0.1", "example.com, 127.0.0.1:{port}", "*"])
def test_a_host_that_no_proxy_is_for_is_asked_itself(
    spared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

    with Upstream(answer) as upstream:
        monkeypatch.setenv("all_proxy", f"{upstream.url}/of-nobody")
        monkeypatch.setenv("no_proxy", spared.format(port=httpx.URL(upstream.url).port))
        with httpx.Client(transport=EnvironmentTransport()) as http:
            http.get(upstream.url)
            if spared != "*":
                http.get("http://tracker.example/path")
    assert [asked.line.split()[1] for asked in upstream.asked] == (
        ["/"] if spared == "*" else ["/", "http://tracker.example/path"]
    )


def test_a_proxy_that_is_none_of_http_is_refused() -> None:
    with pytest.raises(ValueError, match="socks5"):
        BoundedTransport(verify=False, proxy="socks5://127.0.0.1:1")
