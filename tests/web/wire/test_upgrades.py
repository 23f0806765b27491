"""An offer to upgrade the connection is ignored: the request is an ordinary one with its body."""

import httpx
import pytest

from tests.support.raw import answer_of, build_chunked, build_request, dial, is_open
from tests.support.requests import build_kling_callback, find_callback_path, submit

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
    path, said, lines = (
        find_callback_path(task),
        build_kling_callback("succeed", task_id=task),
        OFFERS[offer],
    )
    request = build_request(path, said, *lines)
    with dial(url) as line:
        if framing == "chunked":
            line.sendall(
                build_request(path, build_chunked(said), *lines, "transfer-encoding: chunked")
            )
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
    path, offer = find_callback_path(task), OFFERS["the JDK's"]
    health = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    with dial(url) as line:
        line.sendall(
            build_request(path, build_kling_callback("submitted"), *offer)
            + health
            + build_request(path, build_kling_callback("processing"), *offer)
            + build_request(path, build_kling_callback("succeed"))
        )
        bodies = [answer_of(line)[2] for _ in range(4)]
        assert bodies == [b'{"verdict":"advanced"}', b'{"status":"ok"}', *bodies[:1] * 2]


def test_an_offer_beside_expect_is_told_to_go_on(http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    said = build_kling_callback("succeed")
    request = build_request(
        find_callback_path(task), said, *OFFERS["the JDK's"], "expect: 100-continue"
    )
    with dial(url) as line:
        line.sendall(request[: -len(said)])
        assert answer_of(line)[0] == 100
        line.sendall(said)
        assert answer_of(line)[0] == 200
        assert is_open(line)


def test_connect_makes_no_tunnel_and_costs_nothing(http: httpx.Client, url: str) -> None:
    del http
    with dial(url) as line:
        line.sendall(build_request("/healthz", b"abc", method="CONNECT"))
        assert answer_of(line)[0] == 405
        assert is_open(line)
