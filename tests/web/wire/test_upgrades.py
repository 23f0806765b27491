"""An offer to upgrade the connection is ignored: the request is an ordinary one with its body."""

import httpx
import pytest

from tests.support.raw import answer_of, chunked, dial, is_open, spelt
from tests.support.requests import callback_path, kling_says, submit

OFFERS = {
    "the JDK's": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEA"),
    "Apache's": ("Upgrade: TLS/1.2", "Connection: Upgrade"),
    "a WebSocket's": ("Connection: keep-alive, Upgrade", "Upgrade: websocket"),
}


@pytest.mark.parametrize("offer", list(OFFERS))
@pytest.mark.parametrize("framing", ["whole", "chunked", "cut", "cut in the head"])
def test_the_body_is_read_and_the_connection_stays(
    http: httpx.Client, url: str, offer: str, framing: str
) -> None:
    task = submit(http)["id"]
    path, said, lines = callback_path(task), kling_says("succeed", task_id=task), OFFERS[offer]
    request = spelt(path, said, *lines)
    with dial(url) as line:
        if framing == "chunked":
            line.sendall(spelt(path, chunked(said), *lines, "transfer-encoding: chunked"))
        elif framing == "whole":
            line.sendall(request)
        else:
            at = request.index(said) if framing == "cut" else 30
            line.sendall(request[:at])
            line.sendall(request[at:])
        status, _, body = answer_of(line)
        assert (status, body) == (200, b'{"verdict":"advanced"}')
        assert is_open(line)
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"


def test_requests_behind_an_offer_are_answered_in_their_order(http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    path, offer = callback_path(task), OFFERS["the JDK's"]
    health = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    with dial(url) as line:
        line.sendall(
            spelt(path, kling_says("submitted"), *offer)
            + health
            + spelt(path, kling_says("processing"), *offer)
            + spelt(path, kling_says("succeed"))
        )
        bodies = [answer_of(line)[2] for _ in range(4)]
        assert bodies == [b'{"verdict":"advanced"}', b'{"status":"ok"}', *bodies[:1] * 2]


def test_an_offer_beside_expect_is_told_to_go_on(http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    said = kling_says("succeed")
    request = spelt(callback_path(task), said, *OFFERS["the JDK's"], "expect: 100-continue")
    with dial(url) as line:
        line.sendall(request[: -len(said)])
        assert answer_of(line)[0] == 100
        line.sendall(said)
        assert answer_of(line)[0] == 200
        assert is_open(line)


def test_connect_makes_no_tunnel_and_costs_nothing(http: httpx.Client, url: str) -> None:
    del http
    with dial(url) as line:
        line.sendall(spelt("/healthz", b"abc", method="CONNECT"))
        assert answer_of(line)[0] == 405
        assert is_open(line)
