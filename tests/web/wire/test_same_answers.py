"""The callback protocol answers whatever comes just as the app's own way does."""

import asyncio
import gzip
import re
import zlib
from contextlib import ExitStack
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.support.databases import SqliteTemplate
from tests.support.raw import build_chunked
from tests.support.requests import build_kling_callback, find_callback_path
from tests.support.service import build_environment, serve_service
from tracker.domain.token import SHARED

COUNT = 2600
SEEDS = (7, 8)
"""Of two tests, which may run beside each other: over 5,000 requests, each sent both ways."""
AT_ONCE = 64
END = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
"""Sent behind each request, so that the connection ends when all is answered."""
_NEW = re.compile(rb'(x-request-id: |date: |"request_id":")[^\r"]*', re.IGNORECASE)
ODD_LINES = (
    "Connection: Upgrade\r\nUpgrade: h2c\r\n",
    "connection: upgrade\r\nupgrade: websocket\r\n",
    "x-request-id: mine\r\n",
    "x-request-id: a b\r\n",
    "Host: y\r\n",
    "content-type: application/json; charset=gbk\r\n",
    "content-type: text/plain; charset=rot13\r\n",
    "content-encoding: br\r\n",
    "content-encoding: gzip, gzip\r\n",
    "connection: close\r\n",
    "expect: 100-continue\r\n",
    "a: \xff\r\n",
    "bad header\r\n",
    "content-length: 5\r\n",
    "content-length: 1x\r\n",
    "x" * 70000 + ": y\r\n",
    "a: b\r\n" * 130,
)


def _body(chance: Random, number: int) -> tuple[bytes, str]:
    """A body that no other request has, and the line that says how it is encoded."""
    words = ("submitted", "processing", "succeed", "failed", "odd")
    said = build_kling_callback(chance.choice(words), task_id=f"t{number}")
    kind = chance.randrange(12)
    if kind == 0:
        return gzip.compress(said, mtime=0), "content-encoding: gzip\r\n"
    if kind == 1:
        return zlib.compress(said), "content-encoding: deflate\r\n"
    if kind == 2:
        return gzip.compress(b" " * 40000, mtime=0), "content-encoding: gzip\r\n"
    if kind == 3:
        return said[: chance.randrange(len(said))], ""
    if kind == 4:
        return said.replace(b'""', b'"\xe6\x95"'), ""
    if kind == 5:
        return b" " * chance.choice((0, 16384, 16385, 20000)), ""
    return said, ""


def _request(chance: Random, number: int) -> bytes:
    path = find_callback_path(SHARED)
    path = chance.choice(
        [
            *(path, path, path, path + "/", "/" + path, path + "?a=b", path + "x", path.upper()),
            *(path.replace("kling", "%6bling"), path.replace("/shared", "%2Fshared")),
            *(path.replace("kling", "nobody"), "http://x" + path, path + "/more", "*", path + "#a"),
            *("/callbacks/a/b", path + "y" * chance.choice((10, 17000))),
        ]
    )
    method = chance.choice(("POST",) * 12 + ("GET", "PUT", "HEAD", "CONNECT", "post", "PO ST"))
    version = chance.choice(("1.1",) * 14 + ("1.0", "2.0", "1.2", "x"))
    body, encoding = _body(chance, number)
    hosts = ("host: x\r\n",) * 4 + ("Host:x\r\n",) * 4 + ("host: a b\r\n", "host:\r\n")
    lines = "" if chance.random() < 0.05 else chance.choice(hosts)
    lines += encoding
    if chance.random() < 0.35:
        lines += chance.choice(ODD_LINES)
    if chance.random() < 0.15:
        lines, body = lines + "transfer-encoding: chunked\r\n", build_chunked(body)
    else:
        wrong = chance.choice((0,) * 30 + (-1, 3))
        lines += f"content-length: {max(0, len(body) + wrong)}\r\n"
    end = chance.choice(("\r\n",) * 40 + ("\n",))
    return f"{method} {path} HTTP/{version}\r\n{lines}{end}".encode("latin-1") + body


def _cut(chance: Random, raw: bytes) -> list[bytes]:
    places = sorted(chance.randrange(len(raw)) for _ in range(chance.choice((0, 0, 0, 1, 2, 3))))
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


async def _answers(url: str, pieces: list[bytes], room: asyncio.Semaphore) -> list[bytes] | None:
    """The lines that a service says until it ends the connection, but for what is new in each.

    None where the connection was reset.
    """
    async with room, asyncio.timeout(60):
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        came = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            while piece := await reader.read(65536):
                came += piece
        except ConnectionError:
            return None  # it ended the connection before all was read, and what it said is lost
        finally:
            writer.close()
        return sorted(_NEW.sub(rb"\1", came).splitlines())


async def _compared(urls: tuple[str, str], chance: Random) -> tuple[int, list[object]]:
    """Return how many requests both answered, and those that they answered differently."""
    sent = [_cut(chance, _request(chance, number) + END) for number in range(COUNT)]
    room = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(_answers(url, pieces, room) for pieces in sent for url in urls))
    pairs = zip(sent, found[::2], found[1::2], strict=True)
    told = [each for each in pairs if each[1] is not None and each[2] is not None]
    differing: list[object] = []
    for pieces, one, other in told:
        # Where a refusal ends the connection, it depends on the moment how much was read before. A
        # difference between the two ways stays, however often the request is sent again: none of
        # the answers of one is ever given by the other.
        seen = ([one], [other])
        for _ in range(10):
            if any(answer in seen[1] for answer in seen[0]):
                break
            for url, answers in zip(urls, seen, strict=True):
                answers.append(await _answers(url, pieces, room))
        else:
            differing.append((pieces, *seen))
    return len(told), differing


@pytest.mark.parametrize("seed", SEEDS)
def test_thousands_of_odd_requests_are_answered_the_same(
    sqlite_template: SqliteTemplate, tmp_path: Path, seed: int
) -> None:
    urls = []
    with ExitStack() as stack:
        for name in ("receive.protocol:CallbackProtocol", "wire.parsed:BoundedHttpTools"):
            folder = tmp_path / name.partition(":")[2]
            folder.mkdir()
            env = build_environment(
                sqlite_template.copy(folder),
                folder,
                provider_url="http://127.0.0.1:9",
                public_url="https://tracker.example",
                TRACKER_CALLBACK_SECRETS="a secret for tests only",
                TRACKER_CALLBACK_MAX_BYTES="16384",
                TRACKER_BODY_TIMEOUT_S="2",
                TRACKER_HEAD_TIMEOUT_S="2",
                TRACKER_LOG_LEVEL="error",
            )
            running = serve_service(env, workers=False, http=f"tracker.web.{name}")
            urls.append(stack.enter_context(running))
        told, differing = asyncio.run(_compared((urls[0], urls[1]), Random(seed)))
    assert not differing, (len(differing), differing[:2])
    assert told >= COUNT * 5 // 6
