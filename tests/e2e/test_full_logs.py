"""A log that cannot be written stops neither service nor command: a full disk, a hung reader."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until

FULL = Path("/dev/full")
"""Takes nothing: https://man7.org/linux/man-pages/man4/full.4.html, read 2026-11-30."""

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def env(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return build_environment(
        sqlite_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        PORT=str(free_port()),
        TRACKER_LOG_LEVEL="info",
        TRACKER_METRICS_ADDR=f"127.0.0.1:{free_port()}",
    )


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Give a full pipe, as a file and as the end that nobody reads yet."""
    place = tmp_path / "pipe"
    os.mkfifo(place)
    reader = os.open(place, os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(reader, b"\n" * 4096)
    os.set_blocking(reader, True)
    yield place, reader
    os.close(reader)


def _lost_lines(env: dict[str, str]) -> float:
    metrics = f"http://{env['TRACKER_METRICS_ADDR']}/metrics"
    text = httpx.get(metrics, trust_env=False, timeout=60).text
    found = re.search(r"^tracker_log_lines_lost_total (.+)$", text, re.MULTILINE)
    return 0.0 if found is None else float(found[1])


def test_a_service_answers_whose_log_nobody_reads(
    env: dict[str, str], hung: tuple[Path, int]
) -> None:
    url = f"http://127.0.0.1:{env['PORT']}"
    place, reader = hung
    with Process(("serve",), env, place) as service:
        wait_until_ready(url, service)
        sent = 0
        while not _lost_lines(env):
            assert (
                httpx.get(f"{url}/{'a' * 15_000}", trust_env=False, timeout=60).status_code == 404
            )
            sent += 1
            assert sent < 100, "its log knows no bound"
        came = b""
        while came.count(b'"event": "request"') < sent // 2:
            came += os.read(reader, 65536)
        assert b"tracker on http" in came
        *lines, _ = came.decode().split("\n")
        assert [json.loads(line) for line in lines if line.startswith("{")]
        assert service.stop() == -signal.SIGTERM  # as uvicorn ends


def test_a_worker_starts_and_ends_whose_log_nobody_reads(
    env: dict[str, str], hung: tuple[Path, int]
) -> None:
    place, _ = hung
    with Process(("worker",), env, place) as worker:
        wait_until(lambda: _answers(env))
        assert worker.stop() == 0


def _answers(env: dict[str, str]) -> bool:
    try:
        return _lost_lines(env) == 0
    except httpx.HTTPError:
        return False


def test_a_service_answers_without_its_log_and_counts_what_it_lacks(env: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{env['PORT']}"
    with Process(("serve",), env, FULL) as service:
        wait_until_ready(url, service)
        for _ in range(3):
            assert httpx.get(f"{url}/v1/tasks", trust_env=False, timeout=60).status_code == 200
        assert _lost_lines(env) >= 3
        assert service.is_alive


def test_a_command_whose_output_cannot_be_written_says_so(
    env: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with Process(("--help",), env, log, out=FULL) as command:
        assert command.join() == 1
    assert log.read_text() == ("tracker: the output cannot be written: No space left on device\n")
