"""A proxy for PostgreSQL's protocol that ends a server's process at the statement it is told."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support.service import listen

_ANSWERS = frozenset(b"CsIE")
"""Messages that end the answer to one statement: complete, suspended, empty, failed."""


class End(StrEnum):
    """When the process of the server is ended."""

    BEFORE = "before the statement is carried out"
    AFTER = "after it was carried out, its answer lost"


Choose = Callable[[str], End | None]
"""Chooses the fault at a statement, by its text."""


class PostgresProxy:
    """Listens on loopback while its block runs.

    url:    of the database.
    choose: called in several threads, at each statement of each connection.
    """

    def __init__(self, url: str, choose: Choose) -> None:
        self._url = url
        self._choose = choose
        parts = urlsplit(url)
        self._folder = parse_qs(parts.query).get("host", [""])[0]
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._database = parts.path
        self._door = listen()

    @property
    def url(self) -> str:
        """The database's address through the proxy."""
        port = self._door.getsockname()[1]
        options = "sslmode=disable&gssencmode=disable"
        return f"postgresql://postgres@127.0.0.1:{port}{self._database}?{options}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        # Closing alone would leave `accept` waiting.
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _Connection(client, self._connect(), self._choose, self._end_backend).start()

    def _connect(self) -> socket.socket:
        if not self._folder:
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{self._folder}/.s.PGSQL.5432")
        return server

    def _end_backend(self, pid: int) -> None:
        """Returns once it is gone."""
        with psycopg.connect(self._url, autocommit=True) as db:
            db.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


class _Connection:
    def __init__(
        self,
        client: socket.socket,
        server: socket.socket,
        choose: Choose,
        end_backend: Callable[[int], None],
    ) -> None:
        self._client, self._server = client, server
        self._choose, self._end_backend = choose, end_backend
        self._pid = 0
        self._prepared: dict[bytes, str] = {}
        self._bound = ""
        self._asked: deque[End | None] = deque()
        self._over = threading.Event()
        self._left = 2

    def start(self) -> None:
        for run in (self._relay_requests, self._relay_answers):
            threading.Thread(target=self._wait_until_closed, args=(run,), daemon=True).start()

    def _wait_until_closed(self, run: Callable[[], None]) -> None:
        try:
            with suppress(OSError, EOFError):
                run()
        finally:
            self._over.set()
            self._left -= 1
            for end in (self._client, self._server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                if not self._left:
                    end.close()

    def _relay_requests(self) -> None:
        size = _read_exactly(self._client, 4)
        self._server.sendall(size + _read_exactly(self._client, struct.unpack("!I", size)[0] - 4))
        while True:
            kind, body, raw = _read_message(self._client)
            self._read(kind, body)
            if kind in b"EQ":
                end = self._choose(self._bound)
                if end is End.BEFORE:
                    self._end_backend(self._pid)
                    self._over.wait(10)  # the server's last words reach the client
                    return
                self._asked.append(end)
            self._server.sendall(raw)

    def _read(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, statement, _ = body.split(b"\0", 2)
            self._prepared[name] = statement.decode()
        elif kind == b"B":
            self._bound = self._prepared[body.split(b"\0", 2)[1]]
        elif kind == b"Q":
            self._bound = body.rstrip(b"\0").decode()

    def _relay_answers(self) -> None:
        while True:
            kind, body, raw = _read_message(self._server)
            if kind == b"K":
                self._pid = struct.unpack("!I", body[:4])[0]
            if kind[0] in _ANSWERS and self._asked and self._asked.popleft() is End.AFTER:
                self._end_backend(self._pid)
                return
            self._client.sendall(raw)


def _read_message(source: socket.socket) -> tuple[bytes, bytes, bytes]:
    head = _read_exactly(source, 5)
    body = _read_exactly(source, struct.unpack("!I", head[1:])[0] - 4)
    return head[:1], body, head + body


def _read_exactly(source: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = source.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)
