"""Several web processes at one port, with connections dealt out evenly.

Where all listen on one socket, whoever looks first takes every connection that waits: of two
processes one had four fifths of 256, and clients keep the connections they have. On Linux each has
a socket of its own at the same port, among which the kernel spreads what comes. Elsewhere they
share one.
"""

import socket
import sys
from typing import Any

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from tracker.cli.listeners import Listener, multiply


def serve_in_processes(config: Config, listener: socket.socket) -> None:
    """Serve until told to end; a process that dies is replaced.

    config:   with the number of processes.
    listener: bound to the address. It is closed at the end.
    """
    if sys.platform != "linux":
        listener = socket.socket(fileno=listener.detach())  # only a plain one can be handed on
    sockets: Any = [listener]
    if sys.platform == "linux":
        # Bound, not listening: it keeps the port from everybody else, and lets ours share it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sockets = _OwnSockets(listener)
    try:
        Multiprocess(config, sockets).run()
    finally:
        listener.close()


class _OwnSockets:
    """Handed to a process, it arrives as the sockets that the process is to listen on."""

    def __init__(self, like: socket.socket) -> None:
        self._opened = _open, (like.family, like.getsockname())

    def __reduce__(self) -> tuple[Any, ...]:
        return self._opened


def _open(family: int, address: Any) -> list[socket.socket]:
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(address)
    return multiply(listener)
