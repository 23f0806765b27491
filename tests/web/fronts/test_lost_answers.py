"""A create whose answer did not arrive, and its repeat: one task. Two that were answered: two."""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.keys import issue
from tests.support.raw import answer_of, dial
from tests.support.requests import EXAMPLE, MULTI_IMAGE
from tests.support.service import build_environment, serve_service
from tests.support.tls import make_certificates

STRIDE = {"parsed": 3, "plain": 11, "asyncio": 7}
"""Every so many bytes of an answer. Odd, so that both ends of a connection take turns."""
SERVERS: Mapping[str, Mapping[str, Any]] = {
    "parsed": {},
    "plain": {"http": "tracker.web.wire.plain:BoundedH11"},
    "asyncio": {"loop": "asyncio"},
}
"""Options of uvicorn: our two protocols, and its two event loops."""
_AT_ONCE = struct.pack("ii", 1, 0)
_numbers = count(1)


class RawClient:
    """A client that a tenant of its own has, and that opens its connections itself."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def create(self, body: Mapping[str, Any], *lines: str) -> socket.socket:
        """Send a create on a connection of its own; return once the answer begins to arrive."""
        built = httpx.Request("POST", f"{self.url}{MULTI_IMAGE}", json=dict(body))
        fields = [f"{name}: {value}" for name, value in built.headers.items()]
        head = "\r\n".join([*fields, f"authorization: Bearer {self.key}", *lines])
        line = dial(self.url)
        line.sendall(f"POST {MULTI_IMAGE} HTTP/1.1\r\n{head}\r\n\r\n".encode() + built.content)
        line.recv(1, socket.MSG_PEEK)
        return line

    def answered(self, body: Mapping[str, Any], *lines: str) -> str:
        """Create a task as most scripts do: one connection, the whole answer, an orderly end."""
        with closing(self.create(body, *lines)) as line:
            return task_id(line)

    def cut(self, body: Mapping[str, Any], *lines: str, after: int, is_reset: bool) -> bytes:
        """Read so many bytes of the answer to a create, and be gone."""
        with closing(self.create(body, *lines)) as line:
            came = b""
            while len(came) < after:
                piece = line.recv(after - len(came))
                assert piece
                came += piece
            if is_reset:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            return came

    def number_of_tasks(self) -> int:
        """Count the tenant's tasks."""
        headers = {"authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60) as http:
            found, path = 0, "/v1/tasks?limit=500"
            while path:
                answer = http.get(path)
                found += len(answer.json()["tasks"])
                path = answer.links.get("next", {}).get("url", "")
            return found


def task_id(line: socket.socket) -> str:
    """Read a whole answer; return the task that it names."""
    status, _, content = answer_of(line)
    assert status == 200, content
    parsed = httpx.Response(status, content=content).json()
    return str(parsed["data"]["task_id"])


def size_of_answer(caller: RawClient) -> int:
    """Return how many bytes the answer to a create has, its head included."""
    with closing(caller.create(fresh())) as line:
        head = b""
        while b"\r\n\r\n" not in head:
            head += line.recv(1)
        return len(head) + int(head.lower().partition(b"content-length: ")[2].split()[0])


def fresh() -> dict[str, Any]:
    """Return a request that nobody has made."""
    return EXAMPLE | {"prompt": f"rain, number {next(_numbers)}"}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def served(
    server: str, shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    env = build_environment(
        shared_database_url,
        tmp_path_factory.mktemp("lost"),
        provider_url="http://127.0.0.1:9",
        public_url=None,
    )
    with serve_service(env, workers=False, **SERVERS[server]) as url:
        yield url


@pytest.fixture
def caller(served: str, shared_database_url: str) -> RawClient:
    number = next(_numbers)
    return RawClient(served, issue(shared_database_url, tenant=f"caller-{number}").secret)


def test_cut_at_any_byte_of_the_answer(caller: RawClient, server: str) -> None:
    places = range(0, size_of_answer(caller), STRIDE[server])
    before = caller.number_of_tasks()

    def lose_and_repeat(after: int) -> None:
        body = fresh()
        caller.cut(body, after=after, is_reset=after % 2 == 0)
        caller.answered(body)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lose_and_repeat, places))
    assert caller.number_of_tasks() == before + len(places)


@pytest.mark.parametrize("lines", [(), ("connection: close",)])
def test_answered_creates_stay_two(caller: RawClient, lines: tuple[str, ...]) -> None:
    body = fresh()
    assert len({caller.answered(body, *lines) for _ in range(4)}) == 4


def test_equal_creates_at_once_stay_apart(caller: RawClient) -> None:
    """A client that asks for four variations at once keeps its connections."""
    body = fresh()
    with ThreadPoolExecutor(4) as pool:
        lines = list(pool.map(lambda _: caller.create(body), range(4)))
    assert len({task_id(line) for line in lines}) == 4
    assert len({caller.answered(body) for _ in range(2)}) == 2
    for line in lines:
        line.close()


def test_repeat_of_a_closing_connection_is_joined(caller: RawClient) -> None:
    body = fresh()
    caller.cut(body, "connection: close", after=40, is_reset=False)
    first = caller.answered(body, "connection: close")
    assert caller.answered(body, "connection: close") != first
    assert caller.number_of_tasks() == 2


def test_two_lost_answers_are_for_two_repeats(caller: RawClient) -> None:
    body = fresh()
    for _ in range(2):
        caller.cut(body, after=20, is_reset=True)
    # The first repeat was joined to the first create; both of its answers were lost.
    assert caller.number_of_tasks() == 1
    caller.answered(body)
    assert caller.number_of_tasks() == 1


def test_calls_that_were_lost_together_stay_as_many(caller: RawClient) -> None:
    body = fresh()
    lines = [caller.create(body) for _ in range(3)]
    for line in lines:
        line.close()
    assert len({caller.answered(body) for _ in range(5)}) == 5
    assert caller.number_of_tasks() == 5


def test_other_bodies_and_tenants_are_not_joined(
    caller: RawClient, served: str, shared_database_url: str
) -> None:
    body = fresh()
    caller.cut(body, after=5, is_reset=True)
    caller.answered(body | {"mode": "pro"})
    other = RawClient(served, issue(shared_database_url, tenant=f"other-{next(_numbers)}").secret)
    other.answered(body)
    assert (caller.number_of_tasks(), other.number_of_tasks()) == (2, 1)


def test_repeat_that_counts_its_tries_takes_the_lost_answer_with_it(caller: RawClient) -> None:
    body = fresh()
    caller.cut(body, "x-stainless-retry-count: 0", after=5, is_reset=True)
    first = caller.answered(body, "x-stainless-retry-count: 1")
    assert caller.answered(body, "x-stainless-retry-count: 0") != first


@contextmanager
def over_tls(url: str, folder: Path) -> Iterator[tuple[str, str]]:
    certificates = make_certificates(folder, "127.0.0.1")
    env = build_environment(
        url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_TLS_CERT=str(certificates.cert),
        TRACKER_TLS_KEY=str(certificates.key),
    )
    with serve_service(env, workers=False) as served:
        yield served, str(certificates.authority)


def test_cut_over_tls(sqlite_url: str, tmp_path: Path) -> None:
    body = fresh()
    with over_tls(sqlite_url, tmp_path) as (url, authority):
        context = ssl.create_default_context(cafile=authority)

        def create() -> ssl.SSLSocket:
            line = context.wrap_socket(dial(url), server_hostname="127.0.0.1")
            built = httpx.Request("POST", f"{url}{MULTI_IMAGE}", json=body)
            head = "\r\n".join(f"{name}: {value}" for name, value in built.headers.items())
            line.sendall(f"POST {MULTI_IMAGE} HTTP/1.1\r\n{head}\r\n\r\n".encode() + built.content)
            return line

        with closing(create()) as line:
            line.recv(1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        found = []
        for _ in range(3):
            with closing(create()) as line:
                found.append(task_id(line))
        assert len(set(found)) == 3
        with httpx.Client(base_url=url, verify=context, trust_env=False, timeout=60) as http:
            assert len(http.get("/v1/tasks").json()["tasks"]) == 3
