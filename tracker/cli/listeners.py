"""Sockets to listen on, bound before anything is said about them."""

import contextlib
import errno
import socket

from tracker.cli.exits import FAILED
from tracker.cli.shared import fail
from tracker.web.edge.connections import QUEUE


class Listener(socket.socket):
    """A socket whose queue is long although an event loop asks for a short one.

    asyncio's own loop listens with the number of connections that it is to accept in one turn.
    """

    def listen(self, _backlog: int = QUEUE, /) -> None:
        """Listen."""
        super().listen(QUEUE)


ACCEPTED_AT_ONCE = 16
"""Connections that one turn of the event loop accepts."""


def multiply(listener: socket.socket) -> list[socket.socket]:
    """Return a listener as often as connections are to be accepted in one turn of the event loop.

    uvloop accepts one for each socket that it listens on. A turn takes as long as the requests of
    all connections together, so that whoever is not accepted yet would wait for many such turns.
    """
    return [listener, *(listener.dup() for _ in range(ACCEPTED_AT_ONCE - 1))]


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Bind every address of the host; ends the command with one line when that cannot be.

    port: 0 for a free one, the same at every address. setting: what chooses another one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        fail(f"TRACKER_HOST or --host: {host!r} is no address of this machine")
    bound: list[socket.socket] = []
    for family, address in dict.fromkeys((family, address) for family, *_, address in found):
        # The protocol is named so that asyncio switches Nagle's delay off for what is taken here.
        listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        place = (address[0], bound[0].getsockname()[1] if bound else port, *address[2:])
        try:
            listener.bind(place)
        except OSError as error:
            listener.close()
            if bound and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                continue  # `localhost` with IPv6 in the hosts file only
            with contextlib.ExitStack() as stack:
                for one in bound:
                    stack.callback(one.close)
            fail(explain_refusal(host, place[1], error, setting), code=FAILED)
        bound.append(listener)
    return bound


def explain_refusal(host: str, port: int, error: OSError, setting: str) -> str:
    """Say why an address cannot be bound, and what to do. setting: of the port."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is taken: choose another with {setting}"
        case errno.EACCES:
            return f"port {port} is for administrators: choose one above 1023 with {setting}"
        case errno.EADDRNOTAVAIL:
            return f"{host!r} is no address of this machine: see --host"
    return f"{host}:{port}: {error.strerror}"
