"""A service that is started before its database waits for it, says so once, and then serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.service import Process, environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.store.migrate import upgrade


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        yield server.start()
    finally:
        server.close()


def test_a_service_waits_for_its_database(server: PostgresServer, tmp_path: Path) -> None:
    upgrade(server.url())
    server.stop()
    port = free_port()
    env = environment(
        server.url(),
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        PORT=str(port),
        TRACKER_START_TIMEOUT_S="60",
    )
    process = Process(("serve",), env, tmp_path / "log").start()
    try:
        wait_until(lambda: "waiting up to 60 s" in process.log.read_text())
        server.start()
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        assert process.log.read_text().count("waiting up to") == 1
    finally:
        process.kill()


def test_one_that_never_comes_ends_the_start_in_one_line(
    server: PostgresServer, tmp_path: Path
) -> None:
    server.stop()
    env = environment(
        server.url(),
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_START_TIMEOUT_S="0",
    )
    process = Process(("migrate",), env, tmp_path / "log").start()
    assert process.join() != 0
    assert "Traceback" not in process.log.read_text()
    assert "DATABASE_URL" in process.log.read_text()
