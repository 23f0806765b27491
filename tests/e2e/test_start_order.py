"""A service that is started before its database waits for it, says so once, and then serves."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.service import Process, build_environment, free_port, listen, wait_until_ready
from tests.support.waiting import wait_until
from tracker.cli.starting import SILENT, DatabaseWait
from tracker.settings import Settings
from tracker.store.migrate import upgrade
from tracker.store.probe import explain_outage


def test_a_service_waits_for_its_database(server: PostgresServer, tmp_path: Path) -> None:
    upgrade(server.build_url())
    server.stop()
    port = free_port()
    env = build_environment(
        server.build_url(),
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
    env = build_environment(
        server.build_url(),
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_START_TIMEOUT_S="0",
    )
    process = Process(("migrate",), env, tmp_path / "log").start()
    assert process.join() != 0
    assert "Traceback" not in process.log.read_text()
    assert "DATABASE_URL" in process.log.read_text()


def _settings(url: str, limit_s: str) -> Settings:
    return Settings.read_environment({"DATABASE_URL": url, "TRACKER_START_TIMEOUT_S": limit_s})


def test_one_that_goes_away_again_during_the_start_is_waited_for_again(
    server: PostgresServer,
) -> None:
    class Waiting(DatabaseWait):
        def wait(self) -> None:
            server.start()
            super().wait()

    upgrade(server.build_url())
    server.stop()
    assert Waiting(_settings(server.build_url(), "60")).find_problem() is None
    server.stop()
    assert "DATABASE_URL" in f"{DatabaseWait(_settings(server.build_url(), '0')).find_problem()}"


_SSL, _GSS = 80877103, 80877104
_OK = b"R" + struct.pack("!ii", 8, 0) + b"Z" + struct.pack("!i", 5) + b"I"


@contextmanager
def _answering(answer: bytes) -> Iterator[str]:
    """Yield the URL of what answers each client's first message so, and nothing after it."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                held.append(client)
                while struct.unpack("!ii", client.recv(8))[1] in (_SSL, _GSS):
                    client.sendall(b"N")
                client.recv(4096)
                client.sendall(answer)

    held: list[socket.socket] = []
    with closing(listen()) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"postgresql://tracker@127.0.0.1:{listener.getsockname()[1]}/tracker"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    for client in held:
        client.close()


def _refusal(text: str, severity: str) -> bytes:
    fields = f"S{severity}\0C08P01\0M{text}\0\0".encode()
    return b"E" + struct.pack("!i", 4 + len(fields)) + fields


@pytest.mark.parametrize(
    ("text", "may_come"),
    [
        ("the database system is starting up", True),
        ("sorry, too many clients already", True),
        ("query_wait_timeout", True),
        ("server login has been failing, cached error: connect failed (server_login_retry)", True),
        (
            (
                "server login has been failing, cached error: password authentication failed "
                'for user "tracker" (server_login_retry)'
            ),
            False,
        ),
        ('password authentication failed for user "tracker"', False),
        ('database "tracker" does not exist', False),
        ("ERROR transaction blocks not allowed in statement pooling mode", False),
    ],
)
def test_what_may_pass_is_waited_for_and_no_other_refusal(text: str, *, may_come: bool) -> None:
    severity = "ERROR" if text.startswith("ERROR ") else "FATAL"
    with _answering(_refusal(text.removeprefix("ERROR "), severity)) as url:
        assert (explain_outage(url) is not None) is may_come


def test_a_pooler_that_leaves_statements_unanswered_ends_the_start_in_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with _answering(_OK) as url, pytest.raises(SystemExit):
        DatabaseWait(_settings(url, "0"), silent_s=0.1).wait()
    assert capsys.readouterr().err == f"tracker: DATABASE_URL: {SILENT}\n"
