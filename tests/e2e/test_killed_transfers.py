"""kill -9 in the middle of an upload and of a download: nothing half is kept, and both go on."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
from click.testing import CliRunner

from tests.support.listener import Listener
from tests.support.origin import make_film
from tests.support.raw import dial
from tests.support.service import (
    KEEPING_FILES,
    Process,
    build_environment,
    free_port,
    wait_until_ready,
)
from tests.support.waiting import wait_until
from tracker.cli.main import main
from tracker.objects.folder import PARTS

FILM = make_film(24_000_000)
"""More than the sockets between two processes hold."""
HALF = 1_000_000


class Relay(Listener):
    """Stands before the service. Of the first answer that is long it passes on the beginning.

    asked: the heads of requests. meanwhile: called in the middle of that answer, of which nothing
    more comes.
    """

    def __init__(self, url: str, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._to, self._meanwhile, self._lock = url, meanwhile, threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), dial(self._to) as there:
            while head := _head_of(connection):
                self.asked.append(head.decode("latin-1").lower())
                there.sendall(head.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
                size = 0
                while piece := there.recv(65536):
                    connection.sendall(piece)
                    size += len(piece)
                    if size > HALF and self._lock.acquire(blocking=False):
                        self._meanwhile()
                return


def _head_of(connection: socket.socket) -> bytes:
    came = b""
    while not came.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            return b""
        came += piece
    return came


def test_a_killed_service_keeps_nothing_half_and_goes_on_where_it_was(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=url,
        PORT=str(port),
        TRACKER_CALLBACK_SECRETS="an old secret of tests",
        **KEEPING_FILES,
    )
    parts = tmp_path / "assets" / PARTS
    with (
        Process(("serve",), env, tmp_path / "log") as running,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as http,
    ):
        wait_until_ready(url, running)
        made = http.post("/v1/uploads", content=FILM).json()

        def again(secrets: str) -> None:
            running.kill()
            running.env = env | {"TRACKER_CALLBACK_SECRETS": secrets}
            running.start()
            wait_until_ready(url, running)

        with dial(url) as line:
            lines = (
                "POST /v1/uploads HTTP/1.1",
                f"host: 127.0.0.1:{port}",
                f"content-length: {len(FILM)}",
                "",
                "",
            )
            line.sendall("\r\n".join(lines).encode() + FILM[: 4 * HALF])
            wait_until(lambda: any(part.stat().st_size >= HALF for part in parts.glob("*")))
            running.kill()
        (left,) = parts.glob("*")
        os.utime(left, (1_600_000_000, 1_600_000_000))
        again("a new secret of tests,an old secret of tests")
        assert [one["id"] for one in http.get("/v1/assets").json()["assets"]] == [made["id"]]
        wait_until(lambda: not left.exists())
        link = made["link"]["url"].removeprefix(url)
        assert http.get(link, headers={"range": "bytes=0-3"}).content == FILM[:4]

        with Relay(url, lambda: again("a new secret of tests")) as relay:
            out = tmp_path / "film.mp4"
            arguments = ("assets", "get", made["id"], "--out", str(out))
            done = CliRunner().invoke(main, arguments, env={"TRACKER_URL": relay.url})
        assert done.exit_code == 0, done.output
        assert out.read_bytes() == FILM
        resumed = relay.asked[-1]
        assert "range: bytes=" in resumed
        assert f'if-range: "{made["sha256"]}"' in resumed
        assert http.get(link).status_code == 404  # the secret that it was signed with is gone
