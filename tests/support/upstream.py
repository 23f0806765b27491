"""A provider that answers whatever bytes a test scripts, piece by piece, on a real socket."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.support.listener import Listener
from tests.support.tls import Certificates


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


def build_json_answer(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole answer, after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


class Upstream(Listener):
    """Answers every request with the pieces that the script gives, then closes the connection.

    certificates: those that it speaks TLS with; None: it speaks without.
    """

    def __init__(self, script: Script, certificates: Certificates | None = None) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self._script = script
        self._tls = None
        if certificates is not None:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificates.cert, certificates.key)

    def serve(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except ssl.SSLError:  # the client trusts another name
                return
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            line = stream.readline().decode().strip()
            headers = {}
            while (field := stream.readline().strip()) != b"":
                name, _, value = field.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            asked = Asked(
                line, headers, _split_pieces(stream.readline, stream.read, headers), stream.read
            )
            self.asked.append(asked)
            pieces = iter(self._script(asked))
            connection.sendall(_tell_of_close(line, next(pieces, b"")))
            for piece in pieces:
                connection.sendall(piece)


def _tell_of_close(asked: str, first: bytes) -> bytes:
    """Return the beginning of an answer that says that the connection is closed behind it.

    A client that does not know may send its next request before it sees the end, and is reset.
    """
    status, end, rest = first.partition(b"\r\n")
    if asked.startswith("CONNECT ") or not end or not status.startswith(b"HTTP/1."):
        return first
    return (
        first
        if b"\r\nconnection:" in first.lower()
        else b"\r\n".join((status, b"connection: close", rest))
    )


def _split_pieces(
    read_line: Callable[[], bytes], read: Callable[[int], bytes], headers: dict[str, str]
) -> Iterator[bytes]:
    if headers.get("transfer-encoding") != "chunked":
        yield read(int(headers.get("content-length", "0")))
        return
    while size := int(read_line().strip() or b"0", 16):
        yield read(size)
        read_line()
