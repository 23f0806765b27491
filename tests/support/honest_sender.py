"""A process that sends honest callbacks while a service is attacked, and times each of them.

It begins one every `EVERY_S`, whether those before it are answered or not, each on a connection of
its own, as providers do. A callback that waits is so not made up for by those that come after it.

A delay counts without the time for which the machine had no core for the service or for this
process. Nothing is left out where a core is free; where none is, the rest is the service's own.
"""

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import click

EVERY_S = 0.01
ANSWER_S = 30
ROOT = Path(__file__).resolve().parents[2]


class HonestSender:
    """Sends callbacks within its block; afterwards `delays_s` and `failures` tell how it fared.

    pid: of the service.
    """

    def __init__(self, url: str, pid: int, paths: Sequence[str]) -> None:
        self._arguments = (url, str(pid), *paths)
        self.delays_s: list[float] = []
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        """Start it; the first callback has been answered when this returns."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.honest_sender", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"begun\n"
        return self

    def __exit__(self, *_exc: object) -> None:
        said, _ = self._process.communicate(timeout=2 * ANSWER_S)
        found: dict[str, Any] = json.loads(said)
        self.delays_s, self.failures = sorted(found["delays_s"]), found["failures"]

    @property
    def p99_s(self) -> float:
        """Ninety-nine of a hundred callbacks were answered within it."""
        return self.delays_s[math.ceil(len(self.delays_s) * 0.99) - 1]


class Held:
    """Counts for how long the machine let a service, or this process, wait for a core."""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._here_s = 0.0

    async def watch_here(self) -> None:
        """Count how late this process wakes up; never returns."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(EVERY_S)
            self._here_s += loop.time() - before - EVERY_S

    def measure_total_s(self) -> float:
        """Return the seconds so far: all of the service's threads, and this process."""
        waited_ns = 0
        for thread in self._threads.iterdir():
            with suppress(OSError):  # it has ended, or the kernel does not count
                waited_ns += int((thread / "schedstat").read_text().split()[1])
        return waited_ns / 1e9 + self._here_s


class _Sending:
    """Send callbacks, in the process."""

    def __init__(self, url: str, held: Held, paths: Sequence[str]) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._held, self._paths = held, paths
        self.delays_s: list[float] = []
        self.failures: list[str] = []

    async def send_until(self, is_over: asyncio.Event) -> None:
        """Send until told to end, and until all are answered."""
        loop, number, sent = asyncio.get_running_loop(), 0, set[asyncio.Task[None]]()
        watching = asyncio.create_task(self._held.watch_here())
        begun = loop.time()
        while not is_over.is_set():
            due = begun + number * EVERY_S
            try:
                async with asyncio.timeout_at(due):
                    await is_over.wait()
            except TimeoutError:
                sent.add(asyncio.create_task(self._send(number)))
                number += 1
        await asyncio.gather(*sent)
        watching.cancel()

    async def _send(self, number: int) -> None:
        loop, held_s = asyncio.get_running_loop(), self._held.measure_total_s()
        begun = loop.time()  # when it was due, or when this process had a core again
        path = self._paths[number % len(self._paths)]
        body = json.dumps({"task_id": f"t{number}", "task_status": "processing", "n": number})
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        try:
            async with asyncio.timeout_at(begun + ANSWER_S):
                reader, writer = await asyncio.open_connection(*self._address)
                writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
                said = await reader.read()
                writer.close()
        except (OSError, TimeoutError) as error:
            self.failures.append(repr(error))
            return
        took_s, held_s = loop.time() - begun, max(0.0, self._held.measure_total_s() - held_s)
        self.delays_s.append(max(0.0, took_s - held_s))
        if not said.startswith(b"HTTP/1.1 200 "):
            self.failures.append(said[:200].decode("latin-1"))
        if number == 0:
            click.echo("begun")


async def _main(url: str, pid: str, paths: Sequence[str]) -> None:
    sending, is_over = _Sending(url, Held(int(pid)), paths), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, is_over.set)  # readable at its end: whoever started it has done
    await sending.send_until(is_over)
    click.echo(json.dumps({"delays_s": sending.delays_s, "failures": sending.failures}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3:]))
