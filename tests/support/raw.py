"""Requests as bytes on a socket, and the answers that come back."""

import socket
import ssl
from urllib.parse import urlsplit

from tests.support.waiting import PATIENCE_S


def dial(url: str) -> socket.socket:
    """Connect to a service."""
    parts = urlsplit(url)
    return socket.create_connection((f"{parts.hostname}", parts.port or 0), timeout=PATIENCE_S)


def build_request(
    path: str, body: bytes, *lines: str, version: str = "1.1", method: str = "POST"
) -> bytes:
    """A request with its length, unless the lines say how it is framed."""
    head = [f"{method} {path} HTTP/{version}", "host: x", *lines]
    if not any("transfer-encoding" in line for line in lines):
        head.append(f"content-length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def build_chunked(body: bytes) -> bytes:
    """A body in two chunks."""
    half = len(body) // 2
    pieces = [b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:half], body[half:]) if one]
    return b"".join((*pieces, b"0\r\n\r\n"))


def answer_of(line: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The next answer on a connection: status, headers, body."""
    came = b""
    while not came.endswith(b"\r\n\r\n"):
        came += _receive_up_to(b"\n", line)
    first, *fields = came.decode().strip().split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)
    left = int(headers.get("content-length", 0))
    body = b""
    while len(body) < left:
        piece = line.recv(left - len(body))
        assert piece, body
        body += piece
    return int(first.split()[1]), headers, body


def _receive_up_to(end: bytes, line: socket.socket) -> bytes:
    """Receive at least a byte, and nothing behind the first end that came."""
    if isinstance(line, ssl.SSLSocket):  # it shows nothing before it is taken
        return line.recv(1)
    seen = line.recv(65536, socket.MSG_PEEK)
    assert seen, "the connection ended within an answer"
    return line.recv(seen.find(end) + 1 or len(seen))


def is_open(line: socket.socket) -> bool:
    """Return true if another request is answered on a connection."""
    try:
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        return answer_of(line)[0] == 200
    except (OSError, AssertionError):
        return False


def is_cut(line: socket.socket) -> bool:
    """Wait for the other side to end a connection; what it says before is dropped."""
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
