"""Answers that come a byte at a time: never silent, never whole, and given up all the same."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

import httpx
import pytest

from tests.support.listener import Listener
from tests.support.upstream import Asked, Upstream
from tracker.bounded_http import BoundedTransport, EnvironmentTransport, limit_requests
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
        limit_requests(10 * PAUSE_S),
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
        limit_requests(60),
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


class SocksProxy(Listener):
    """Reaches nobody itself: gives the pieces of its answers to the two steps, and of the page.

    None in the place of pieces: it is silent until the client has gone.
    """

    def __init__(self, *steps: Iterable[bytes] | None) -> None:
        super().__init__()
        self._steps = steps

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            for pieces in self._steps:
                connection.recv(4096)
                if pieces is None:
                    connection.recv(4096)
                for piece in pieces or ():
                    connection.sendall(piece)


CHOSEN, CONNECTED = [b"\x05\x00"], [b"\x05\x00\x00\x01" + bytes(6)]
"""Answers of a proxy: it asks for no password; it has connected (RFC 1928)."""


@pytest.mark.parametrize(
    "last",
    [
        lambda: (CONNECTED, _drip(0)),
        lambda: (CONNECTED, _drip(len(HEAD))),
        lambda: (None,),
    ],
    ids=["head", "body", "handshake"],
)
def test_the_client_ends_behind_a_proxy_of_socks(
    last: Callable[[], Iterable[Iterable[bytes] | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with SocksProxy(CHOSEN, *last()) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url.replace("http", "socks5h"))
        with (
            Client("http://tracker.example", timeout_s=2 * PAUSE_S, tries=1) as client,
            pytest.raises(Unreachable),
        ):
            client.get("any")


@pytest.mark.parametrize("answer", [b"", b"\x05", b"\x04\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_proxy_of_socks_is_told(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with SocksProxy([answer]) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url.replace("http", "socks5"))
        with Client("http://tracker.example", tries=1) as client, pytest.raises(Unreachable):
            client.get("any")


def test_what_comes_through_a_proxy_of_socks_in_time_is_whole() -> None:
    page = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    with SocksProxy(CHOSEN, CONNECTED, [page]) as proxy:
        transport = BoundedTransport(verify=False, proxy=proxy.url.replace("http", "socks5"))
        with httpx.Client(transport=transport) as http, limit_requests(60):
            assert http.get("http://tracker.example").content == b"{}"


def test_what_is_no_proxy_is_refused() -> None:
    with pytest.raises(ValueError, match="socks4"):
        BoundedTransport(verify=False, proxy="socks4://127.0.0.1:1")
