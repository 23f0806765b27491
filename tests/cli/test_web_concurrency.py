"""`tracker serve` with several processes: all of them get work, and one that dies is replaced."""

import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.databases import PostgresTemplate
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import PATIENCE_S, wait_until

CONNECTIONS = 64

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("several")


@pytest.fixture(scope="module")
def env(postgres_template: PostgresTemplate, folder: Path) -> Iterator[dict[str, str]]:
    more = {"PORT": str(free_port()), "WEB_CONCURRENCY": "2"}
    with postgres_template.copy() as url:
        yield build_environment(
            url, folder, provider_url="http://127.0.0.1:9", public_url=None, **more
        )


@pytest.fixture(scope="module")
def service(env: dict[str, str], folder: Path) -> Iterator[Process]:
    process = Process(("serve", "--no-worker"), env, folder / "serve.log").start()
    try:
        wait_until_ready(_url(env), process)
        wait_until(lambda: len(_listeners(process, env)) == 2)
        yield process
    finally:
        assert process.stop() == 0


def _url(env: dict[str, str]) -> str:
    return f"http://127.0.0.1:{env['PORT']}"


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in listed]


def _sockets(process: Process, env: dict[str, str], state: str) -> Counter[int]:
    """Count the TCP sockets at the port of each web process. state: as the kernel numbers it."""
    port = f":{int(env['PORT']):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = {f"socket:[{r[9]}]" for r in rows if r[1].endswith(port) and r[3] == state}
    found: Counter[int] = Counter()
    assert process.pid is not None
    for child in _children(process.pid):
        if mine := len(wanted.intersection(_open_files(child))):
            found[child] = mine
    return found


def _open_files(pid: int) -> Iterator[str]:
    """Name what a process has open. One that has just ended has nothing."""
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # it has just been closed; the others count all the same
                yield f"{one.readlink()}"


def _listeners(process: Process, env: dict[str, str]) -> Counter[int]:
    return _sockets(process, env, "0A")


def _dial(stack: ExitStack, env: dict[str, str]) -> None:
    """Open connections that stay, each of which is answered."""
    for _ in range(CONNECTIONS):
        place = ("127.0.0.1", int(env["PORT"]))
        line = stack.enter_context(socket.create_connection(place, PATIENCE_S))
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")


def test_each_process_gets_its_share_of_connections(service: Process, env: dict[str, str]) -> None:
    with ExitStack() as stack:
        _dial(stack, env)
        shares = _sockets(service, env, "01")
    assert len(shares) == 2
    # The kernel tosses a coin: less than 12 of 64 for either come once in a million times.
    assert min(shares.values()) >= 12, shares


def test_one_that_dies_is_replaced_and_gets_its_share_again(
    service: Process, env: dict[str, str]
) -> None:
    before = set(_listeners(service, env))
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(now := set(_listeners(service, env))) == 2 and victim not in now)
    with ExitStack() as stack:
        _dial(stack, env)
        shares = _sockets(service, env, "01")
    assert shares.keys() == set(_listeners(service, env))
    assert min(shares.values()) >= 12, shares


def test_a_port_that_is_taken_is_refused(
    service: Process, env: dict[str, str], tmp_path: Path
) -> None:
    second = Process(("serve", "--no-worker"), env, tmp_path / "second.log").start()
    assert second.join() != 0
    assert second.log.read_text().splitlines() == [
        f"tracker: port {env['PORT']} of 127.0.0.1 is taken: choose another with --port or PORT"
    ]
    assert len(_listeners(service, env)) == 2
    assert httpx.get(f"{_url(env)}/healthz", trust_env=False, timeout=60).status_code == 200
