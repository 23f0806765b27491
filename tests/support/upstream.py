"""A provider that answers whatever bytes a test scripts, piece by piece, on a real socket."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Asked:
    """One request, read as far as its headers; the body comes by `body`.

    headers: lower-case names.
    """

    line: str
    headers: dict[str, str]
    body: Iterator[bytes]
    wait_until_gone: Callable[[], object]
    """Returns when the other side hangs up."""


Script = Callable[[Asked], Iterable[bytes]]


def json_answer(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Upstream:
    """Answers every request with the pieces that the script gives, then closes the connection."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self._script = script
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
            thread.join(10)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # the door was closed
            while True:
                connection, _ = self._door.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            line = stream.readline().decode().strip()
            headers = {}
            while (field := stream.readline().strip()) != b"":
                name, _, value = field.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            asked = Asked(
                line, headers, _pieces(stream.readline, stream.read, headers), stream.read
            )
            self.asked.append(asked)
            for piece in self._script(asked):
                connection.sendall(piece)


def _pieces(
    read_line: Callable[[], bytes], read: Callable[[int], bytes], headers: dict[str, str]
) -> Iterator[bytes]:
    if headers.get("transfer-encoding") != "chunked":
        yield read(int(headers.get("content-length", "0")))
        return
    while size := int(read_line().strip() or b"0", 16):
        yield read(size)
        read_line()
