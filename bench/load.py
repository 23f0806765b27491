"""A load generator that costs little: raw sockets, keep-alive, requests built beforehand."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import cast

import uvloop


@dataclass
class Load:
    """The result of a run of requests.

    answers:   how many by HTTP status.
    latencies: seconds, one per answer.
    seconds:   from the first request to the last answer.
    """

    answers: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def rate(self, status: int = 200) -> float:
        """Good answers per second."""
        return self.answers[status] / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    @property
    def p50(self) -> float:
        """The median latency in seconds."""
        return median(self.latencies)

    @property
    def p99(self) -> float:
        """In seconds."""
        return self.percentile(0.99)


_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection(asyncio.Protocol):
    """One request after another, each as soon as the one before is answered."""

    def __init__(self, requests: Iterator[bytes], load: Load, until: float) -> None:
        self._requests = requests
        self._load = load
        self._until = until
        self._buffer = b""
        self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self) -> None:
        """Send the first request."""
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0 or len(self._buffer) < head_end + 4 + _length(self._buffer, head_end):
            return
        now = perf_counter()
        self._load.latencies.append(now - self._sent_at)
        self._load.answers[int(self._buffer[9:12])] += 1
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end()
            return
        self._sent_at = perf_counter()
        self._transport.write(request)

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()


def _length(answer: bytes, head_end: int) -> int:
    if answer[9:12] in (b"304", b"204"):
        return 0
    at = answer.lower().find(b"content-length:", 0, head_end)
    assert at >= 0, answer[:head_end]
    return int(answer[at + 15 : answer.find(b"\r\n", at)])


def closed_loop(port: int, lanes: Sequence[Iterator[bytes]], *, seconds: float) -> Load:
    """Every lane is a connection that always has one request on its way, for so many seconds.

    A lane whose requests run out ends early.
    """
    return uvloop.run(_closed_loop(port, lanes, seconds))


async def _closed_loop(port: int, lanes: Sequence[Iterator[bytes]], seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    load = Load()
    until = perf_counter() + seconds + 0.05 * (len(lanes) > 100)
    connections = [
        (
            await loop.create_connection(
                lambda lane=lane: _Connection(lane, load, until),  # type: ignore[misc]  # a default pins the lane
                "127.0.0.1",
                port,
            )
        )[1]
        for lane in lanes
    ]
    began = perf_counter()
    for connection in connections:
        connection.begin()
    await asyncio.gather(*(connection.ended for connection in connections))
    load.seconds = perf_counter() - began
    return load


def paced(port: int, requests: Iterator[bytes], *, rate: float, seconds: float) -> Load:
    """So many requests a second, each at its time whether or not those before are answered.

    A latency counts from that time, so that what has waited for others counts in full.
    """
    return uvloop.run(_paced(port, requests, rate, seconds))


async def _paced(port: int, requests: Iterator[bytes], rate: float, seconds: float) -> Load:
    load, free, sent = Load(), list[_Line](), list[asyncio.Task[None]]()
    began = perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - perf_counter()))
        if not free:
            free.append(await asyncio.open_connection("127.0.0.1", port))
        sent.append(asyncio.create_task(_ask(free.pop(), free, next(requests), due, load)))
    await asyncio.gather(*sent)
    load.seconds = perf_counter() - began
    for _, writer in free:
        writer.close()
    return load


async def _ask(line: _Line, free: list[_Line], asked: bytes, due: float, load: Load) -> None:
    reader, writer = line
    writer.write(asked)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(_length(head, len(head) - 4))
    load.latencies.append(perf_counter() - due)
    load.answers[int(head[9:12])] += 1
    free.append(line)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of one request. Underscores in header names stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
