"""Run the service for tests: in a thread on a real socket, or as processes of its own."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from starlette.types import ASGIApp

from tests.support.fork_server import get_fork_server
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.app import build_server_options, make_app
from tracker.emulator import DEFAULT_KEY
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KEEPING_FILES = {"TRACKER_ASSETS": "on", "TRACKER_ASSET_MIN_FREE_BYTES": "0"}
"""Settings of a service with custody, on a disk however full."""
_GUARDS: list[socket.socket] = []


def listen(port: int = 0) -> socket.socket:
    """A listening socket of loopback. port: 0 for a free one; raises OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def read_url(listener: socket.socket, scheme: str = "http") -> str:
    """Return the address of what listens there."""
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


def free_port() -> int:
    """Return a port of loopback that nobody uses, and that no test process is given after it.

    It lies below those that systems hand out by themselves (from 32768 on Linux), so that no
    connection of another test takes it before it is listened on. The port of that number for
    datagrams is bound until this process ends, which keeps other runs of the tests off it too while
    a service that was killed starts again.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            guard.bind(("127.0.0.1", port))
            listen(port).close()
        except OSError:
            guard.close()
        else:
            _GUARDS.append(guard)
            return port


def build_environment(
    database_url: str, folder: Path, *, provider_url: str, public_url: str | None, **more: str
) -> dict[str, str]:
    """Settings of a service that submits to an emulator and is impatient."""
    given = {
        "DATABASE_URL": database_url,
        "TRACKER_DATA_DIR": str(folder),
        "TRACKER_KLING_BASE_URL": provider_url,
        "TRACKER_KLING_API_KEY": DEFAULT_KEY,
        "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
        "TRACKER_POLL_FIRST_S": "0.2",
        "TRACKER_POLL_CONFIRM_S": "0.3",
        "TRACKER_LOG_LEVEL": "warning",
        "TRACKER_METRICS_ADDR": "off",
        # A client that a busy machine holds up for so long would meet a connection that just ended.
        "TRACKER_IDLE_TIMEOUT_S": "600",
        "TRACKER_ASSETS": "off",  # tests of custody switch it on
    }
    if public_url is not None:
        given["TRACKER_PUBLIC_URL"] = public_url
    return given | more


@contextmanager
def serve_service(
    env: Mapping[str, str],
    *,
    workers: bool,
    listener: socket.socket | None = None,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    providers: Mapping[str, Provider] = PROVIDERS,
    **options: Any,
) -> Iterator[str]:
    """The service in a thread; yields its address.

    listener: where it listens; unless given, on a port that is free.
    around:   what stands between the server and the app.
    options:  of uvicorn, where they are to be others than the service's own.
    """
    listener = listen() if listener is None else listener
    settings = Settings.read_environment(env, providers)
    server = uvicorn.Server(
        uvicorn.Config(
            around(make_app(settings, workers=workers)),
            **build_server_options(settings) | options,
            timeout_graceful_shutdown=3,
            ssl_certfile=settings.tracker_tls_cert,
            ssl_keyfile=settings.tracker_tls_key,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive())
    assert server.started, "the service did not start"
    try:
        scheme = "https" if settings.tracker_tls_cert else "http"
        yield read_url(listener, scheme)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listener.close()
        assert not thread.is_alive(), "the service did not end"


@contextmanager
def serve_to_client(
    env: Mapping[str, str], *, workers: bool, **more: Any
) -> Iterator[httpx.Client]:
    """The service in a thread, as `serving` has it; yields a client of it."""
    with (
        serve_service(env, workers=workers, **more) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as http,
    ):
        yield http


@contextmanager
def serve_whole(
    database_url: str,
    folder: Path,
    provider_url: str,
    providers: Mapping[str, Provider] = PROVIDERS,
    /,
    **settings: str,
) -> Iterator[httpx.Client]:
    """The service with its workers, which providers call back; yields a client of it.

    provider_url: of Kling. settings: besides those of `environment`.
    """
    listener = listen()
    env = build_environment(
        database_url,
        folder,
        provider_url=provider_url,
        public_url=read_url(listener),
        **settings,
    )
    with serve_to_client(env, listener=listener, workers=True, providers=providers) as http:
        yield http


@dataclass
class Process:
    """A process of the service that can be frozen and killed.

    log:    where its stderr goes, and its stdout unless `out` is given.
    module: what is run.
    """

    arguments: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    module: str = "tracker"
    out: Path | None = None
    pid: int | None = None

    def start(self) -> Self:
        """Start it, with only these settings in its environment."""
        assert not self.is_alive, "it runs already; nobody could end the first one"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
        env = inherited | dict(self.env)
        self.log.touch()  # readers may be faster than the process
        self.pid = get_fork_server().fork(
            self.module, self.arguments, env, log=self.log, out=self.out
        )
        return self

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.is_alive and self.pid is not None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it as a power cut would: no handler runs."""
        self.signal(signal.SIGKILL)
        self.join()

    def __enter__(self) -> Self:
        """Start it, to be ended with the block whatever happens."""
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.kill()

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        self.signal(signal.SIGTERM)
        return self.join()

    def join(self) -> int:
        """Wait for its end; its exit status."""
        wait_until(lambda: not self.is_alive)
        return self._status() or 0

    @property
    def is_alive(self) -> bool:
        """True when it runs or is frozen."""
        return self.pid is not None and self._status() is None

    @property
    def is_frozen(self) -> bool:
        """True when it was stopped by a signal."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def _status(self) -> int | None:
        return None if self.pid is None else get_fork_server().read_status(self.pid)


def wait_until_ready(url: str, process: Process) -> None:
    """Until the service answers that it is ready."""

    def is_ready() -> bool:
        assert process.is_alive, f"it ended: {process.log.read_text()[-2000:]}"
        try:
            return httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(is_ready, timeout_s=PATIENCE_S)
