"""A receiver of deliveries: answers as it is told, and keeps what it was sent."""

import contextlib
import json
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.event_bodies import check_event


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def parse_json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Sink:
    """Listens while its block runs; a block without another error fails for an event that has
    not its documented shape.

    answers: statuses in order; the last one goes on.
    headers, body: of every answer.
    is_silent: takes requests and answers none before its block ends.
    """

    def __init__(
        self,
        answers: Sequence[int] = (200,),
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        is_silent: bool = False,
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._answers = list(answers)
        self._headers = headers or {}
        self._body = body
        self._may_answer = threading.Event()
        if not is_silent:
            self._may_answer.set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        self._may_answer.set()
        self._server.shutdown()
        self.close_connections()
        self._server.server_close()
        self._thread.join(60)
        if kind is None:
            for one in self.received:
                check_event(one.headers, one.body)

    def answer(self) -> None:
        """Answer what waits, and everything from now on."""
        self._may_answer.set()

    def close_connections(self) -> None:
        """Close what clients keep open."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # it closed by itself just now
                    connection.shutdown(socket.SHUT_RDWR)

    def _take(self, request: Received) -> int:
        with self._lock:
            self.received.append(request)
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with sink._lock:
                    sink.connections += 1
                    sink._open.add(self.connection)

            def finish(self) -> None:
                with sink._lock:
                    sink._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length", 0))
                body = self.rfile.read(size)
                if len(body) < size:  # whoever sent it died in the middle
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = sink._take(Received(self.path, headers, body))
                sink._may_answer.wait()
                with contextlib.suppress(ConnectionError):  # who is told too late has left
                    self.send_response(status)
                    for name, value in sink._headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(sink._body)))
                    self.end_headers()
                    self.wfile.write(sink._body)

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        return Handler
