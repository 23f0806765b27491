"""Connections of strangers, before any request of theirs is whole."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.attacks.conftest import Site, keep_up
from tests.support.raw import dial

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
SMALL = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n0"


@contextmanager
def _lines(url: str, count: int) -> Iterator[list[socket.socket]]:
    """Connections that are made as fast as they can be, and that wait for nothing."""
    with ExitStack() as stack:
        lines = []
        for _ in range(count):
            line = stack.enter_context(socket.socket())
            line.setblocking(False)
            line.connect_ex(("127.0.0.1", int(url.rpartition(":")[2])))
            lines.append(line)
        yield lines


def test_silent_connections(site: Site) -> None:
    with site.held_to_figures(), _lines(site.url, 1050):
        keep_up(lambda: None, pause_s=0.1)


def test_silent_connections_that_come_back(site: Site) -> None:
    with site.held_to_figures(), ExitStack() as stack:
        keep_up(lambda: stack.enter_context(_lines(site.url, 1050)), pause_s=1.0)


def test_heads_that_come_a_byte_a_second(site: Site) -> None:
    head = iter(b"GET /v1/tasks HTTP/1.1\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaa")
    with site.held_to_figures(), _lines(site.url, 500) as lines:

        def drip() -> None:
            byte = bytes([next(head)])
            for line in lines:
                with suppress(OSError):  # it is cut after a while
                    line.send(byte)

        keep_up(drip, pause_s=1.0)


def test_bodies_that_come_a_byte_a_second(site: Site) -> None:
    begun = f"POST {site.paths[0]} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n ".encode()
    with site.held_to_figures(), _lines(site.url, 700) as lines:

        def drip() -> None:
            for line in lines:
                with suppress(OSError):  # it gave way
                    line.send(begun or b" ")

        drip()
        begun = b""
        keep_up(drip, pause_s=1.0)


def test_header_lines_without_end(site: Site) -> None:
    piece = (b"a: " + b"b" * 4000 + b"\r\n") * 250

    def pour() -> None:
        with dial(site.url) as line, suppress(OSError):  # it is cut, and comes again
            line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
            for _ in range(300):
                line.sendall(piece)

    with site.held_to_figures():
        keep_up(pour)


def test_pipelined_requests_whose_answers_nobody_reads(site: Site) -> None:
    ahead = [one * (512 * 1024 // len(one)) for one in (HEALTH, SMALL)]
    with site.held_to_figures(growth_bytes=50 << 20), _lines(site.url, 40) as lines:
        left = {line: memoryview(ahead[number % 2]) for number, line in enumerate(lines)}

        def push() -> None:
            for line in lines:
                with suppress(OSError):  # it takes no more for now, or was cut
                    while left[line]:
                        left[line] = left[line][line.send(left[line]) :]

        keep_up(push, pause_s=0.05)
