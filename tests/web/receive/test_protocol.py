"""Callbacks that are not passed through the app are answered just as those that are."""

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.raw import answer_of, build_request, dial, is_open
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tracker.web.receive import protocol

AT_THE_APP = "tracker.web.wire.parsed:BoundedHttpTools"


class Counting:
    """Around an app: which paths it was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.paths.append(scope["path"])
        await self._app(scope, receive, send)


class Service:
    """One that runs, and what its app was asked for."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.counting: Counting | None = None

    def around(self, app: ASGIApp) -> ASGIApp:
        self.counting = Counting(app)
        return self.counting

    def asked_for_callbacks(self) -> int:
        """Return how many callbacks came to the app; those it was asked for are then forgotten."""
        assert self.counting is not None
        found = sum("/callbacks/" in path for path in self.counting.paths)
        self.counting.paths.clear()
        return found


def _service(database_url: str, folder: Path) -> Service:
    return Service(
        build_environment(
            database_url,
            folder,
            provider_url="http://127.0.0.1:9",
            public_url="https://tracker.example",
            TRACKER_CALLBACK_SECRETS="a secret for tests only",
            TRACKER_CALLBACK_MAX_BYTES="16384",
        )
    )


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Service:
    return _service(database_url, tmp_path)


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    """Return where it runs, as it is shipped."""
    with serve_service(service.env, workers=False, around=service.around) as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        yield client


def _same(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], object]:
    """An answer without what is new in each."""
    status, headers, body = answer
    document = json.loads(body) | {"request_id": ""}
    names = {"date": "", "x-request-id": ""}
    return status, headers | {n: "" for n in names if n in headers}, document


def _variants(task: str) -> dict[str, tuple[bytes, bool]]:
    """Requests, and whether they are plain: those do not come to the app."""
    path, said = find_callback_path(task), build_kling_callback("processing", task_id=task)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(said), said)
    return {
        "plain": (build_request(path, said), True),
        "with an id": (build_request(path, said, "x-request-id: mine"), True),
        "with a bad id": (build_request(path, said, "x-request-id: a b"), True),
        "closing": (build_request(path, said, "connection: close"), True),
        "unreadable": (build_request(path, b"{"), True),
        "empty": (build_request(path, b""), True),
        "forged": (build_request(path[:-1] + "~", said), True),
        "of nobody": (build_request("/callbacks/nobody/x/y", said), True),
        "too large": (build_request(path, b" " * 16385), False),
        "chunked": (build_request(path, chunked, "transfer-encoding: chunked"), False),
        "old": (build_request(path, said, version="1.0"), False),
        "with a query": (build_request(f"{path}?a=b", said), False),
        "encoded": (build_request(path.replace("kling", "%6bling"), said), False),
        "too long a path": (build_request(f"{path}/more", said), False),
        "a GET": (build_request(path, b"", method="GET"), False),
        "upgrading": (build_request(path, said, "connection: upgrade", "upgrade: h2c"), True),
    }


@pytest.mark.parametrize("name", list(_variants("t")))
def test_plain_ones_are_answered_as_the_app_answers(
    service: Service, http: httpx.Client, url: str, name: str
) -> None:
    request, is_plain = _variants(submit(http)["id"])[name]
    other, _ = _variants(submit(http)["id"])[name]
    with dial(url) as line:
        line.sendall(request)
        answer, stays = _same(answer_of(line)), is_open(line)
    assert service.asked_for_callbacks() == (0 if is_plain else 1)
    at_the_app = serve_service(service.env, workers=False, http=AT_THE_APP)
    with at_the_app as theirs, dial(theirs) as line:
        line.sendall(other)
        assert (_same(answer_of(line)), is_open(line)) == (answer, stays)


def test_those_that_come_at_once_are_answered_as_those_that_come_alone(
    service: Service, http: httpx.Client, url: str
) -> None:
    names = [name for name, (_, is_plain) in _variants("t").items() if is_plain] * 4
    alone = {}
    for name in dict.fromkeys(names):
        with dial(url) as line:
            line.sendall(_variants(submit(http)["id"])[name][0])
            alone[name] = _same(answer_of(line))
    requests = [_variants(submit(http)["id"])[name][0] for name in names]
    service.asked_for_callbacks()
    with ExitStack() as stack:
        lines = [stack.enter_context(dial(url)) for _ in names]
        for line, request in zip(lines, requests, strict=True):
            line.sendall(request)
        answers = [_same(answer_of(line)) for line in lines]
    assert answers == [alone[name] for name in names]
    assert service.asked_for_callbacks() == 0


def test_the_id_of_a_request_comes_back(http: httpx.Client, url: str) -> None:
    path, said = find_callback_path(submit(http)["id"]), build_kling_callback("processing")
    with dial(url) as line:
        line.sendall(build_request(path, said, "x-request-id: mine"))
        assert answer_of(line)[1]["x-request-id"] == "mine"
        line.sendall(build_request(path, b"{", "x-request-id: a b"))
        _, headers, body = answer_of(line)
        assert headers["x-request-id"] == json.loads(body)["request_id"] != "a b"


def test_however_it_is_cut_it_is_received_once(
    service: Service, http: httpx.Client, url: str
) -> None:
    with dial(url) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(1, 600, 37):
            task = submit(http)["id"]
            said = build_kling_callback("processing", task_id=task)
            request = build_request(find_callback_path(task), said)
            line.sendall(request[:cut])
            line.sendall(request[cut:])
            assert answer_of(line)[0] == 200
            page = http.get(f"/v1/tasks/{task}/receipts").json()
            assert [one["verdict"] for one in page["receipts"]] == ["advanced"]
            assert page["receipts"][0]["body"].encode() == said


def test_one_that_takes_its_time_is_handed_to_the_app(
    service: Service, http: httpx.Client, url: str
) -> None:
    task = submit(http)["id"]
    request = build_request(find_callback_path(task), build_kling_callback("processing"))
    with dial(url) as line:
        line.sendall(request[:-10])
        wait_until(lambda: service.asked_for_callbacks() == 1)
        line.sendall(request[-10:])
        assert answer_of(line)[0] == 200
        assert is_open(line)
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "running"


def test_requests_sent_ahead_are_answered_in_their_order(http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    path = find_callback_path(task)
    health = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    said = [
        build_request(path, build_kling_callback(word))
        for word in ("submitted", "processing", "succeed")
    ]
    with dial(url) as line:
        line.sendall(said[0] + health + said[1] + said[2])
        answers = [answer_of(line) for _ in range(4)]
        assert [status for status, _, _ in answers] == [200] * 4
        told = [json.loads(body).get("verdict") for _, _, body in answers]
        assert told == ["advanced", None, "advanced", "advanced"]
        assert is_open(line)


def test_a_sender_who_does_not_wait_loses_nothing(http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    with dial(url) as line:
        line.sendall(build_request(find_callback_path(task), build_kling_callback("succeed")))
    wait_until(lambda: http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded")


def test_half_a_callback_is_none(service: Service, http: httpx.Client, url: str) -> None:
    task = submit(http)["id"]
    with dial(url) as line:
        line.sendall(build_request(find_callback_path(task), build_kling_callback("succeed"))[:-1])
    assert http.get("/healthz").status_code == 200
    assert http.get(f"/v1/tasks/{task}/receipts").json()["receipts"] == []


@pytest.mark.parametrize("missing", [0, 10], ids=["whole", "not all there"])
def test_what_has_begun_is_answered_before_the_server_ends(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE_S", 60)
    service = _service(sqlite_url, tmp_path)
    answers: list[tuple[int, str]] = []
    with serve_service(service.env, workers=False) as url:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
            task = submit(http)["id"]
        line = dial(url)
        request = build_request(find_callback_path(task), build_kling_callback("succeed"))
        # Whoever holds the only lock there is holds the callback back.
        file = sqlite_url.removeprefix("sqlite:///")
        holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        line.sendall(request[: len(request) - missing])

        def go_on() -> None:
            wait_until(lambda: _is_ending(url))
            line.sendall(request[len(request) - missing :])
            holder.execute("ROLLBACK")
            status, headers, _ = answer_of(line)
            answers.append((status, headers["connection"]))

        going_on = threading.Thread(target=go_on)
        going_on.start()
    going_on.join(60)
    line.close()
    holder.close()
    assert answers == [(200, "close")]


def _is_ending(url: str) -> bool:
    try:
        dial(url).close()
    except OSError:
        return True
    return False
