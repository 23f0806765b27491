"""Row 27: callbacks and deliveries while 200 callers wait for pictures of a synchronous provider.

The service has a core of its own. Provider and callers, who move 200 MB each way, are a process
that leaves the other core to this one: what is measured is sent and received here.
"""

import asyncio
import json
import multiprocessing
import os
import re
import socket
from base64 import b64encode
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from os import urandom
from time import perf_counter
from typing import Any, Self

import httpx
import uvloop

from bench import fill
from bench.bed import BOTH, Bed, callback
from bench.load import Load, request
from bench.processes import Server
from bench.table import Figure
from tests.support.service import KEEPING_FILES, listen, read_url

CALLERS = 200
PICTURE_BYTES = 1_000_000
"""Decoded; a picture of GPT Image has one to four million."""
PER_S = 40
"""Callbacks, each of which is owed one delivery."""
_NUMBER = re.compile(rb'"b-(\d+)"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Period:
    """Latencies of a while, and the most memory of the service meanwhile, in MB."""

    callbacks: Load = field(default_factory=Load)
    deliveries: Load = field(default_factory=Load)
    most_mb: float = 0.0


class Crowd:
    """Provider and callers.

    longest_s: until the last picture is there; OpenAI's take 60 s and more.
    """

    def __init__(self, listener: socket.socket, longest_s: float) -> None:
        """listener: where the provider listens."""
        self._door, self._longest_s = listener, longest_s
        self._asked = count()
        picture = b'{"created": 1, "data": [{"b64_json": "%s"}]}' % b64encode(
            urandom(PICTURE_BYTES)
        )
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        self._answer = head + b"content-length: %d\r\n\r\n" % len(picture) + picture

    def run(self, begin: Connection) -> None:
        """Be a process. begin: brings the service's port, and is told of the end."""
        _step_back()
        uvloop.run(self._run(begin))

    async def _run(self, begin: Connection) -> None:
        await asyncio.start_server(self._draw, sock=self._door, backlog=CALLERS)
        port = await asyncio.to_thread(begin.recv)
        await asyncio.gather(*(self._call(port, number) for number in range(CALLERS)))
        begin.send(None)

    async def _call(self, port: int, number: int) -> None:
        """Ask for a picture, and wait for it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        body = json.dumps({"model": "gpt-image-2", "prompt": f"picture {number}"}).encode()
        writer.write(request("POST", "/openai/v1/images/generations", body))
        head, content = await _message(reader) or (b"", b"")
        assert head.startswith(b"HTTP/1.1 200"), (head, content[:200])
        assert len(content) > PICTURE_BYTES
        writer.close()

    async def _draw(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a create after its time: they end evenly, as nobody draws them all at once."""
        while await _message(reader):
            share = 0.2 + 0.8 * (next(self._asked) % CALLERS) / CALLERS
            await asyncio.sleep(share * self._longest_s)
            writer.write(self._answer)


class Surroundings:
    """All that the service talks with; `with` it."""

    def __init__(self, longest_s: float, tasks: int) -> None:
        """longest_s: see Crowd. tasks: how many are there to be called back about."""
        self.provider, self.receiver = listen(), listen()
        self._longest_s = longest_s
        forking = multiprocessing.get_context("fork")
        self._begin, theirs = forking.Pipe()
        crowd = Crowd(self.provider, longest_s)
        self._crowd = forking.Process(target=crowd.run, args=(theirs,), daemon=True)
        self._tasks = iter(range(1, tasks + 1))
        self._sent: dict[int, float] = {}
        self._period = Period()

    def __enter__(self) -> Self:
        """Have provider and callers there."""
        self._crowd.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Let them go."""
        self._crowd.terminate()
        self._crowd.join()

    async def measure(self, server: Server) -> tuple[Period, Period]:
        """Return a while without the burst, and the time of the burst."""
        await asyncio.start_server(self._take, sock=self.receiver)
        await self._during(server, asyncio.sleep(2))  # one-time work
        calm = await self._during(server, asyncio.sleep(self._longest_s))
        self._begin.send(server.port)
        return calm, await self._during(server, asyncio.to_thread(self._begin.recv))

    async def _during(self, server: Server, what: Awaitable[object]) -> Period:
        period = self._period = Period()
        done = asyncio.ensure_future(what)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        due = perf_counter()
        while not done.done():
            number = next(self._tasks)
            self._sent[number] = perf_counter()
            writer.write(callback(number, "succeed"))
            assert (await _message(reader) or (b"",))[0].startswith(b"HTTP/1.1 200")
            period.callbacks.latencies.append(perf_counter() - self._sent[number])
            period.most_mb = max(period.most_mb, server.rss_mb)
            due += 1 / PER_S
            await asyncio.sleep(max(0.0, due - perf_counter()))
        writer.close()
        await done
        while len(period.deliveries.latencies) < len(period.callbacks.latencies):  # noqa: ASYNC110 - a receiver counts
            await asyncio.sleep(0.05)
        return period

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (message := await _message(reader)) is not None:
            found = _NUMBER.search(message[1])
            if found is not None:
                took_s = perf_counter() - self._sent[int(found[1])]
                self._period.deliveries.latencies.append(took_s)
            writer.write(_OK)


def _step_back() -> None:
    """Have a lower priority, under `chrt -r` too."""
    if hasattr(os, "SCHED_RR") and os.sched_getscheduler(0) == os.SCHED_RR:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    else:
        os.nice(10)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """Read a request or an answer; None where there is none any more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        return None  # cancelled: the measurement is over, and the service keeps its connection
    found = _LENGTH.search(head)
    return head, await reader.readexactly(int(found[1]) if found else 0)


def synchronous(bed: Bed) -> list[Figure]:
    """Row 27: p99 of callbacks and of deliveries with the burst ÷ without, and memory."""
    return [figure for kind in BOTH for figure in _measured(bed, kind)]


def _measured(bed: Bed, kind: str) -> Iterator[Figure]:
    longest_s = 8.0 if bed.quick else 60.0
    tasks, url = int(PER_S * 6 * longest_s), bed.migrated(kind)
    fill.queued(url, 1, tasks)
    around = Surroundings(longest_s, tasks)
    at = {
        name: read_url(listener)
        for name, listener in (("provider", around.provider), ("receiver", around.receiver))
    }
    settings: dict[str, Any] = {
        "TRACKER_OPENAI_BASE_URL": f"{at['provider']}/v1",
        "TRACKER_OPENAI_API_KEY": "k",
        "TRACKER_OPENAI_PROFILE": "official",
        "TRACKER_KLING_ASSETS": "off",
        **KEEPING_FILES,
    }
    with around, bed.service(url, **settings) as server:
        made = httpx.post(
            f"http://127.0.0.1:{server.port}/v1/endpoints",
            json={"url": at["receiver"]},
            trust_env=False,
            timeout=60,
        )
        made.raise_for_status()
        calm, burst = uvloop.run(around.measure(server))
    for name in ("callbacks", "deliveries"):
        before, beside = (getattr(period, name).p99 * 1000 for period in (calm, burst))
        raw = f"p99 {beside:.1f} ÷ {before:.1f} ms"
        yield Figure("27", beside / before, raw, f"{kind}, {name}")
    raw = f"{calm.most_mb:.0f} MB before, {burst.most_mb:.0f} MB at most"
    yield Figure("27x", burst.most_mb - calm.most_mb, raw, kind)
