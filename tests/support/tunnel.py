"""An HTTP proxy that leads a few hosts to addresses on this machine, and nobody anywhere else.

Clients whose address is built in reach us through it unmodified (`HTTPS_PROXY`).
"""

import contextlib
import socket
from collections.abc import Mapping

from tests.support.listener import Listener


class Tunnel(Listener):
    """Answers CONNECT; its address is for `HTTPS_PROXY` and `HTTP_PROXY`.

    hosts:   `name:port` → the port on loopback that it leads to.
    refused: what else was asked for.
    """

    def __init__(self, hosts: Mapping[str, int]) -> None:
        super().__init__()
        self.refused: list[str] = []
        self._hosts = hosts

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                connection.close()
                return
            head += piece
        method, target = head.split(b" ", 2)[:2]
        port = self._hosts.get(target.decode()) if method == b"CONNECT" else None
        if port is None:
            self.refused.append(target.decode("latin-1"))
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            connection.close()
            return
        server = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.run(_copy, server, connection)
        _copy(connection, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until one side ends; then both do."""
    with source, target, contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_RDWR)
