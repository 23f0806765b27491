"""Origins of files, honest and lying, for tests of custody."""

import re
from collections.abc import Callable, Iterable
from hashlib import md5, shake_128

from tests.support.upstream import Asked, Script

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
BLOCK = 64 * 1024


def make_film(size: int, seed: int = 0) -> bytes:
    """A video whose boxes are whole, and whose bytes repeat nowhere."""
    boxes = MP4 + b"\0\0\0\x08moov" + max(size - 32, 8).to_bytes(4) + b"mdat"
    return (boxes + shake_128(str(seed).encode()).digest(size))[:size]


def build_head(status: str, length: int | None, *lines: str) -> bytes:
    """The head of an answer."""
    sized = () if length is None else (f"content-length: {length}",)
    return "\r\n".join((f"HTTP/1.1 {status}", *sized, *lines, "connection: close", "", "")).encode()


def serve_whole(body: bytes, *lines: str, status: str = "200 OK") -> Script:
    """Give a file, or whatever else, at once, to whoever has sent all of a request."""

    def answer(asked: Asked) -> Iterable[bytes]:
        for _ in asked.body:
            pass
        return [build_head(status, len(body), *lines), body]

    return answer


def serve_ranges(body: bytes, *, cut_after: int | None = None, etag: str | None = None) -> Script:
    """Give a file from where it is asked for, as RFC 9110 has it.

    cut_after: bytes after which each answer breaks off.
    """
    tag = f'"{md5(body).hexdigest()}"' if etag is None else etag

    def answer(asked: Asked) -> Iterable[bytes]:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        start, status, lines = 0, "200 OK", [f"etag: {tag}"]
        if wanted and asked.headers.get("if-range") == tag:
            start, status = int(wanted[1]), "206 Partial Content"
            lines.append(f"content-range: bytes {start}-{len(body) - 1}/{len(body)}")
        rest = body[start:]
        yield build_head(status, len(rest), *lines)
        rest = rest[:cut_after]
        for at in range(0, len(rest), BLOCK):
            yield rest[at : at + BLOCK]

    return answer


def serve_by_path(scripts: dict[str, Script]) -> Script:
    """Answer each path in its own way; others are not found."""

    def answer(asked: Asked) -> Iterable[bytes]:
        path = asked.line.split()[1].partition("?")[0]
        return scripts.get(path, serve_whole(b"", status="404 Not Found"))(asked)

    return answer


def serve_in_turn(*scripts: Script) -> Script:
    """Answer the first request in the first way, and so on; the last way answers the rest."""
    left = list(scripts)

    def answer(asked: Asked) -> Iterable[bytes]:
        script: Callable[[Asked], Iterable[bytes]] = left.pop(0) if len(left) > 1 else left[0]
        return script(asked)

    return answer
