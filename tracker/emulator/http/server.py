"""Runs the emulator under uvicorn: in the foreground, in a task or in a thread. No protocol."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.http.answers import ABORT
from tracker.emulator.http.app import create_app

__all__ = ["EmulatorServer", "run", "serve"]

_LONGEST_START = 10.0
_LONGEST_STOP = 10.0


class EmulatorServer:
    """A running emulator in a thread of its own, for tests and demonstrations.

    `with EmulatorServer(config) as emulator: httpx.get(emulator.url + "/emulator/tasks")`.
    On leaving, the port is closed and the thread has ended.
    """

    def __init__(
        self,
        config: EmulatorConfig | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        sock: socket.socket | None = None,
    ) -> None:
        """Port 0 takes a free one. A socket given here is closed on leaving."""
        self.config = config or EmulatorConfig()
        self._sock = sock
        self._address = (host, port)
        self._url: str | None = None
        self._started = threading.Event()
        self._stop: _StopSignal | None = None
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base address without a trailing slash; known once started."""
        if self._url is None:
            message = "the emulator has not been started"
            raise RuntimeError(message)
        return self._url

    def start(self) -> Self:
        """Bind, start the thread, and return when it serves."""
        app = create_app(self.config)
        sock = self._sock = self._sock or _listen(*self._address)
        self._url = _build_url(sock)
        self._thread = threading.Thread(
            target=self._run, args=(app, sock), name="emulator", daemon=True
        )
        self._thread.start()
        if not self._started.wait(_LONGEST_START) or self._failure is not None:
            message = "the emulator did not start"
            raise RuntimeError(message) from self._failure
        return self

    def stop(self) -> None:
        """Stop serving and wait for the thread. Can be called twice."""
        if self._stop is not None:
            self._stop.set()
        if self._thread is not None:
            self._thread.join(_LONGEST_STOP)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _run(self, app: Starlette, sock: socket.socket) -> None:
        try:
            asyncio.run(self._serve(app, sock))
        except BaseException as problem:  # noqa: BLE001 - handed to the thread that waits
            self._failure = problem
        finally:
            self._started.set()

    async def _serve(self, app: Starlette, sock: socket.socket) -> None:
        server = _UvicornServer(app)
        self._stop = _StopSignal(asyncio.get_running_loop(), server)
        server.when_started = self._started.set
        await server.serve(sockets=[sock])


async def serve(
    config: EmulatorConfig | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8100,
    sock: socket.socket | None = None,
) -> None:
    """Serve inside the running event loop until cancelled; signals stay the caller's.

    Raises OSError when the address cannot be bound.
    """
    server = _UvicornServer(create_app(config))
    serving = asyncio.ensure_future(server.serve(sockets=[sock or _listen(host, port)]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.request_exit()
        await serving
        raise


def run(
    config: EmulatorConfig | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8100,
    sock: socket.socket | None = None,
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    Raises OSError when the address cannot be bound.
    """
    server = _UvicornServer(create_app(config), takes_signals=True)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once it has stopped
        server.run(sockets=[sock or _listen(host, port)])


class _StopSignal:
    """Stops a server from another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: "_UvicornServer") -> None:
        self._loop = loop
        self._server = server

    def set(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._server.request_exit)


class _UvicornServer(uvicorn.Server):
    """uvicorn that stops at once, and lets calls that are never answered go first."""

    def __init__(self, app: Starlette, *, takes_signals: bool = False) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_AbortableProtocol,
                ws="none",
                lifespan="on",
                loop="asyncio",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,
                # nginx's (nginx.org/en/docs/http/ngx_http_core_module.html, read 2026-11-29).
                timeout_keep_alive=75,
            )
        )
        self._closing: asyncio.Event = app.state.emulator.closing
        self._takes_signals = takes_signals
        self._exit = asyncio.Event()
        self.when_started = _do_nothing

    def request_exit(self) -> None:
        """Begin to stop; from the loop's own thread."""
        self.should_exit = True
        self._exit.set()

    async def main_loop(self) -> None:
        """Tick like uvicorn's loop, but end as soon as the exit is set."""
        self.when_started()
        ticks = 0
        while not await self.on_tick(ticks % 864_000):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Release whoever waits for an answer that never comes, then as uvicorn."""
        self._closing.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM only where this is the program itself."""
        with super().capture_signals() if self._takes_signals else contextlib.nullcontext():
            yield


class _AbortableProtocol(H11Protocol):
    """HTTP/1.1 whose application can abort the connection, for scenarios that need that.

    ASGI has no word for "close without an answer", so the function goes in as an extension.
    """

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override] # as in uvicorn: HTTP is a stream
    ) -> None:
        super().connection_made(transport)
        _send_at_once(transport)
        inner = self.app

        async def run_app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = partial(_abort, transport)
            await inner(scope, receive, send)

        self.app = run_app


def _send_at_once(transport: asyncio.Transport) -> None:
    """Set TCP_NODELAY, or every second answer takes 40 ms.

    asyncio does it only for sockets that were made with proto=IPPROTO_TCP, which those of
    `socket.create_server` are not.
    """
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
        with contextlib.suppress(OSError):  # the caller is gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _abort(transport: asyncio.Transport) -> None:
    """Reset the TCP connection; bytes not yet sent are lost."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # Zero linger: close() then sends RST instead of an orderly FIN.
        with contextlib.suppress(OSError):  # the caller is gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _build_url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _do_nothing() -> None:
    pass
