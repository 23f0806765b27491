"""An HTTP proxy that leads a few hosts to addresses on this machine, and nobody anywhere else.

Clients whose address is built in reach us through it unmodified (`HTTPS_PROXY`).
"""

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Self


class Tunnel:
    """Answers CONNECT while its block runs.

    hosts:   `name:port` → the port on loopback that it leads to.
    refused: what else was asked for.
    """

    def __init__(self, hosts: Mapping[str, int]) -> None:
        self.refused: list[str] = []
        self._hosts = hosts
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    @property
    def url(self) -> str:
        """For `HTTPS_PROXY` and `HTTP_PROXY`."""
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for thread in self._threads:
            thread.join(10)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # the door was closed
            while True:
                client, _ = self._door.accept()
                self._run(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                client.close()
                return
            head += piece
        method, target = head.split(b" ", 2)[:2]
        port = self._hosts.get(target.decode()) if method == b"CONNECT" else None
        if port is None:
            self.refused.append(target.decode("latin-1"))
            client.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._run(_copy, server, client)
        _copy(client, server)

    def _run(self, target: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # one of two
        self._threads.append(thread)
        thread.start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until one side ends; then both do."""
    with source, target, contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_RDWR)
