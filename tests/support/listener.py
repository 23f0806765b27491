"""A listener on loopback: each connection is served in a thread, and all end with the block."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self


class Listener:
    """Listens while its block runs. What it does with a connection, a subclass says."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for thread in self._threads:
            thread.join(60)

    def serve(self, connection: socket.socket) -> None:
        """One connection, in a thread of its own."""
        raise NotImplementedError

    def run(self, target: Callable[..., object], *arguments: object) -> None:
        """In a thread that is waited for at the end."""
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                connection, _ = self._door.accept()
                self.run(self.serve, connection)
