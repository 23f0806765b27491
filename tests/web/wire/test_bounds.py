"""Limits of a connection in size and time, before and behind its requests."""

import gc
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.support.hosts import HOSTS, NO_HOSTS
from tests.support.raw import answer_of, build_request, dial, is_cut, is_open
from tests.support.requests import (
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.domain.token import SHARED

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


@contextmanager
def _dialled(url: str, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(dial(url)) for _ in range(count)]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz?" + b"a" * 17000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\na: " + b"b" * 70000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\na: " + b"b" * 400_000, 431),
        (b"no request at all\r\n\r\n", 400),
        (b"GET http://x/healthz HTTP/1.1\r\nhost: x\r\n\r\n", 200),
        (b"GET HTTP://x HTTP/1.1\r\nhost: x\r\naccept: text/plain\r\n\r\n", 200),
        (b"GET http://u@x/healthz HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"GET http://u:p@x/healthz HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    ],
    ids=[
        *("no host", "two hosts", "old", "url", "lines", "whole head", "endless head", "junk"),
        *("absolute", "no path", "user", "password"),
    ],
)
def test_heads_that_are_not_taken_are_told_why_and_the_connection_ends(
    url: str, request_: bytes, status: int
) -> None:
    with dial(url) as line:
        line.sendall(request_)
        code, headers, body = answer_of(line)
        assert code == status
        if status != 200:
            assert json.loads(body)["status"] == status
            assert headers["content-type"] == "application/problem+json"
            if status != 400 or request_.startswith(b"no"):
                assert headers["connection"] == "close"
                assert is_cut(line)


def test_a_callback_without_a_host_is_refused_too(http: httpx.Client, url: str) -> None:
    path = find_callback_path(submit(http)["id"])
    request = build_request(path, build_kling_callback("succeed"))
    for lines in (b"", b"host: x\r\nhost: y\r\n"):
        with dial(url) as line:
            line.sendall(request.replace(b"host: x\r\n", lines))
            assert answer_of(line)[0] == 400


@pytest.mark.parametrize("target", ["", "http://x"], ids=["path", "absolute"])
def test_a_callback_whose_host_is_none_is_refused(url: str, target: str) -> None:
    request = build_request(target + find_callback_path(SHARED), build_kling_callback("succeed"))
    for host in (*HOSTS[::3], *NO_HOSTS[::3]):
        with dial(url) as line:
            line.sendall(request.replace(b"host: x\r\n", b"host: " + host + b"\r\n"))
            assert (answer_of(line)[0] == 400) == (host in NO_HOSTS), host


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HT", HEALTH + b"GET /hea"])
def test_a_head_that_does_not_come_is_not_waited_for(impatient_url: str, sent: bytes) -> None:
    with dial(impatient_url) as line:
        line.sendall(sent)
        assert is_cut(line)


def test_an_idle_connection_ends(impatient_url: str) -> None:
    with ExitStack() as stack:
        lines = list[socket.socket]()

        def is_answered() -> bool:  # not where a busy machine lets it wait before its first request
            lines.append(stack.enter_context(dial(impatient_url)))
            return is_open(lines[-1])

        wait_until(is_answered)
        assert is_cut(lines[-1])


def test_silent_connections_give_way_to_those_that_speak(http: httpx.Client, url: str) -> None:
    before = http.get("/readyz").json()["connections"]
    assert before["most"] == 40
    with _dialled(url, 60):
        for _ in range(50):
            task = submit(http)["id"]
            with dial(url) as line:
                line.sendall(
                    build_request(find_callback_path(task), build_kling_callback("succeed"))
                )
                assert answer_of(line)[0] == 200
        now = http.get("/readyz").json()["connections"]
        assert now["open"] <= 40
        assert now["gave_way"] >= before["gave_way"] + 20


def test_answers_that_nobody_reads_are_not_piled_up(impatient_url: str) -> None:
    with _dialled(impatient_url, 4) as lines:
        for line in lines:
            line.settimeout(0.2)
            ahead = memoryview(HEALTH.replace(b"healthz", b"openapi.json") * 5000)
            try:
                while ahead:
                    ahead = ahead[line.send(ahead) :]
            except OSError:  # it reads no more, as it should, or has ended the connection
                pass

        def is_rid_of_them() -> bool:
            answer = httpx.get(f"{impatient_url}/readyz", trust_env=False, timeout=PATIENCE_S)
            return bool(answer.json()["connections"]["open"] == 1)  # the one that asks

        wait_until(is_rid_of_them)  # reading meanwhile would have all of them answered
        for line in lines:
            line.settimeout(PATIENCE_S)
            assert is_cut(line)


def test_requests_sent_ahead_are_all_answered(url: str) -> None:
    with dial(url) as line:
        line.sendall(HEALTH * 300)
        assert {answer_of(line)[0] for _ in range(300)} == {200}
        assert is_open(line)


def test_what_follows_an_unanswered_request_is_refused_behind_its_answer(url: str) -> None:
    with dial(url) as line:
        line.sendall(HEALTH + b"no request at all\r\n\r\n")
        assert [answer_of(line)[0], answer_of(line)[0]] == [200, 400]
        assert is_cut(line)


LARGE = (b"content-length: 9000000", b"transfer-encoding: chunked")


@pytest.mark.parametrize("framed", LARGE, ids=["length", "chunks"])
@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"POST /healthz", 405),
        (b"POST /v1/none", 404),
        (b"POST /v1/tasks", 401),
        (b"GET /healthz?" + b"a" * 17000, 414),
    ],
    ids=["method", "route", "key", "flaw"],
)
def test_the_answer_to_an_unread_body_ends_the_connection(
    url: str, framed: bytes, line: bytes, status: int
) -> None:
    with dial(url) as client:
        client.sendall(b"%s HTTP/1.1\r\nhost: x\r\n%s\r\n\r\n" % (line, framed))
        found, headers, _ = answer_of(client)
        assert (found, headers["connection"]) == (status, "close")
        sent = 0

        def is_ended() -> bool:
            nonlocal sent
            try:
                sent += client.send(b"2000\r\n" + b" " * 8192 + b"\r\n")
            except OSError:
                return True
            return False

        wait_until(is_ended)
        assert sent < 9_000_000


def test_no_request_is_answered_behind_a_body_that_was_refused(url: str) -> None:
    whole = build_request("/healthz", b"", "transfer-encoding: chunked") + b"1\r\na\r\n"
    with dial(url) as line:
        line.sendall(whole)
        found, headers, _ = answer_of(line)
        assert (found, headers["connection"]) == (405, "close")
        line.sendall(b"0\r\n\r\n" + HEALTH)
        assert line.recv(1) == b""


def test_a_broken_body_behind_an_answer_that_ends_the_connection_breaks_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The app refuses the request while its body is found to be none."""
    head = b"POST /v1/uploads HTTP/1.1\r\nhost: stranger.example\r\n"
    for _ in range(4):
        with dial(url) as line:
            line.sendall(head + b"transfer-encoding: chunked\r\n\r\n")
            line.sendall(b"zz\r\n")
            assert answer_of(line)[0] in (400, 401)
            assert is_cut(line)
    with dial(url) as line:
        line.sendall(HEALTH)
        assert answer_of(line)[0] == 200
    gc.collect()  # what a task raised is told of once it is forgotten
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []


def test_a_body_that_was_not_asked_for_is_told_to_end_too(url: str) -> None:
    expecting = build_request("/healthz", b"", "expect: 100-continue")
    with dial(url) as line:
        line.sendall(expecting.replace(b"content-length: 0", b"content-length: 5"))
        found, headers, _ = answer_of(line)
        assert (found, headers["connection"]) == (405, "close")
        assert is_cut(line)


def test_a_large_body_that_was_read_ends_no_connection(http: httpx.Client, url: str) -> None:
    body = json.dumps(build_submission(metadata={"note": "x" * 100_000})).encode()
    with dial(url) as line:
        request = build_request("/v1/tasks", body, "content-type: application/json")
        line.sendall(request.replace(b"host: x", b"host: localhost"))
        found, headers, _ = answer_of(line)
        assert (found, headers.get("connection")) == (422, None)
        assert is_open(line)


def test_a_small_refused_body_costs_no_connection(url: str) -> None:
    with dial(url) as line:
        line.sendall(build_request("/healthz", b"a" * 3000)[:-1000])
        assert answer_of(line)[0] == 405
        line.sendall(b"a" * 1000)
        assert is_open(line)


def test_endless_trailers_are_not_kept(http: httpx.Client, url: str) -> None:
    path = find_callback_path(submit(http)["id"])
    with dial(url) as line:
        line.sendall(build_request(path, b"1\r\n{\r\n0\r\n", "transfer-encoding: chunked"))

        def is_ended() -> bool:
            try:
                line.send(b"a: " + b"b" * 4000 + b"\r\n")
            except OSError:
                return True
            return False

        wait_until(is_ended)
    assert http.get("/healthz").status_code == 200
