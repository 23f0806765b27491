"""An HTTP proxy that leads a few hosts to addresses on this machine, and nobody anywhere else.

Clients whose address is built in reach us through it unmodified (`HTTPS_PROXY`).
"""

import contextlib
import re
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.support.listener import Listener


class Tunnel(Listener):
    """Answers CONNECT, and passes on requests with a whole URL.

    Its address is for `HTTPS_PROXY`, `HTTP_PROXY` and `TRACKER_{PROVIDER}_PROXY`.

    hosts:       `name:port` → the port on loopback that it leads to.
    credentials: what `Proxy-Authorization` must be; None where nobody is asked for it.
    asked:       the first line of each request that it took, with its `Proxy-Authorization`.
    refused:     what else was asked for.
    """

    def __init__(self, hosts: Mapping[str, int], credentials: str | None = None) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self._hosts = hosts
        self._credentials = credentials

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                connection.close()
                return
            head += piece
        line, _, rest = head.partition(b"\r\n")
        method, target = line.decode("latin-1").split(" ", 2)[:2]
        credentials = _read_header(head, "proxy-authorization")
        if self._credentials not in (None, credentials):
            _refuse(connection, head, "407 Proxy Authentication Required")
            return
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        port = self._hosts.get(url.netloc)
        if port is None:
            self.refused.append(target)
            _refuse(connection, head, "403 Forbidden")
            return
        self.asked.append((line.decode("latin-1"), credentials))
        server = socket.create_connection(("127.0.0.1", port))
        if method == "CONNECT":
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            # One request a connection, since what follows is copied as it is.
            rest = re.sub(rb"(?i)\r\n(proxy-)?connection:[^\r]*", b"", rest)
            server.sendall(f"{method} {path} HTTP/1.1\r\nConnection: close\r\n".encode() + rest)
        self.run(_copy, server, connection)
        _copy(connection, server)


def _read_header(head: bytes, name: str) -> str:
    """The value of a header; empty where it is not there."""
    for line in head.decode("latin-1").split("\r\n"):
        if line.lower().startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    return ""


def _refuse(connection: socket.socket, begun: bytes, status: str) -> None:
    """Answer once the body is read: a close before that would reset the connection."""
    head, _, body = begun.partition(b"\r\n\r\n")
    left = int(_read_header(head, "content-length") or "0") - len(body)
    while left > 0 and (piece := connection.recv(left)):
        left -= len(piece)
    connection.sendall(
        f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
    )
    connection.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until one side ends or is reset; then both do."""
    with source, target:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        # Closing alone tells the other side nothing while the other thread still reads from it.
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
