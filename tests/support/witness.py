"""A process that sends honest callbacks while a service is attacked, and times each of them.

It begins one every `EVERY_S`, whether those before it are answered or not, each on a connection of
its own, as providers do. A callback that waits is so not made up for by those that come after it.
"""

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import click

EVERY_S = 0.01
ANSWER_S = 30
ROOT = Path(__file__).resolve().parents[2]


class Witness:
    """Sends callbacks within its block; afterwards `delays_s` and `failures` tell how it fared."""

    def __init__(self, url: str, paths: Sequence[str]) -> None:
        self._url, self._paths = url, paths
        self.delays_s: list[float] = []
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        """Start it; the first callback has been answered when this returns."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.witness", self._url, *self._paths],
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


class _Sending:
    """Send callbacks, in the process."""

    def __init__(self, url: str, paths: Sequence[str]) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._paths = paths
        self.delays_s: list[float] = []
        self.failures: list[str] = []

    async def until(self, is_over: asyncio.Event) -> None:
        """Send until told to end, and until all are answered."""
        loop, number, sent = asyncio.get_running_loop(), 0, set[asyncio.Task[None]]()
        begun = loop.time()
        while not is_over.is_set():
            due = begun + number * EVERY_S
            try:
                async with asyncio.timeout_at(due):
                    await is_over.wait()
            except TimeoutError:
                sent.add(asyncio.create_task(self._send(number, due)))
                number += 1
        await asyncio.gather(*sent)

    async def _send(self, number: int, due: float) -> None:
        path = self._paths[number % len(self._paths)]
        body = json.dumps({"task_id": f"t{number}", "task_status": "processing", "n": number})
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        try:
            async with asyncio.timeout_at(due + ANSWER_S):
                reader, writer = await asyncio.open_connection(*self._address)
                writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
                said = await reader.read()
                writer.close()
        except (OSError, TimeoutError) as error:
            self.failures.append(repr(error))
            return
        self.delays_s.append(asyncio.get_running_loop().time() - due)
        if not said.startswith(b"HTTP/1.1 200 "):
            self.failures.append(said[:200].decode("latin-1"))
        if number == 0:
            click.echo("begun")


async def _main(url: str, paths: Sequence[str]) -> None:
    sending, is_over, loop = _Sending(url, paths), asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin, is_over.set)  # readable at its end: whoever started it has done
    await sending.until(is_over)
    click.echo(json.dumps({"delays_s": sending.delays_s, "failures": sending.failures}))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2:]))
