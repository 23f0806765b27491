"""A service in a process of its own, with few files, that is attacked while others use it."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.honest_sender import EVERY_S, HonestSender
from tests.support.keys import build_bearer, issue
from tests.support.limited import FILES
from tests.support.requests import find_callback_path, submit
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tracker.domain.access import Scope

MOST_P99_S = 1.0
"""Of honest callbacks, without the time for which the machine had no core for the service."""
MOST_GROWTH_BYTES = 100 * 1024 * 1024
FEWEST = 100
"""Honest callbacks of an attack, for a percentile to mean something."""
LONG_S = 3.0
"""How long an attack is kept up."""
_CALLBACKS_TO = 20


@dataclass(frozen=True)
class Site:
    """The service, the tasks that honest callbacks are about, and what it costs.

    folder: where its database is.
    reader: headers of a key that may only read. writer: of one that may do everything.
    """

    url: str
    process: Process
    folder: Path
    paths: list[str]
    reader: dict[str, str]
    writer: dict[str, str]

    @contextmanager
    def held_to_figures(self, *, growth_bytes: int = MOST_GROWTH_BYTES) -> Iterator[HonestSender]:
        """Within the block it is attacked: honest callbacks are answered, memory stays.

        Yields who sends them.
        """
        assert self.process.pid is not None
        with (
            self.held_to_memory(growth_bytes),
            HonestSender(self.url, self.process.pid, self.paths) as sender,
        ):
            ends = time.monotonic() + 2 * FEWEST * EVERY_S
            yield sender
            threading.Event().wait(ends - time.monotonic())  # an attack may be over sooner
        assert not sender.failures, (len(sender.failures), sender.failures[:3])
        assert len(sender.delays_s) >= FEWEST
        slowest = [round(delay, 3) for delay in sender.delays_s[-5:]]
        click.echo(f"p99 {sender.p99_s:.3f} s of {len(sender.delays_s)}")
        assert sender.p99_s <= MOST_P99_S, slowest

    @contextmanager
    def held_to_memory(self, growth_bytes: int) -> Iterator[None]:
        """Within the block the process grows by so much at most."""
        (Path(f"/proc/{self.process.pid}") / "clear_refs").write_text("5")  # the peak begins anew
        before = self._bytes("VmRSS")
        yield
        grown = self._bytes("VmHWM") - before
        click.echo(f"{grown >> 20} MiB")
        assert grown <= growth_bytes, f"{grown >> 20} MiB"

    def client(self, headers: Mapping[str, str]) -> httpx.Client:
        """A client that presents these headers."""
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    def _bytes(self, name: str) -> int:
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", said, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


def keep_up(act: Callable[[], object], *, pause_s: float = 0.0) -> None:
    """Do something again and again as long as an attack lasts."""
    end, never = time.monotonic() + LONG_S, threading.Event()
    while time.monotonic() < end:
        act()
        never.wait(pause_s)


@contextmanager
def attacked(
    database_url: str,
    folder: Path,
    *arguments: str,
    provider_url: str = "http://127.0.0.1:9",
    public_url: str | None = "https://tracker.example",
) -> Iterator[Site]:
    """A service of which strangers know the address and a tenant has two keys.

    arguments: of `tracker serve`.
    """
    writer = build_bearer(issue(database_url))
    reader = build_bearer(issue(database_url, scopes=[Scope.TASKS_READ]))
    port = free_port()
    env = build_environment(
        database_url,
        folder,
        provider_url=provider_url,
        public_url=public_url,
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_LOG_LEVEL="error",
        PORT=str(port),
        **{FILES: "1024"},
    )
    url = f"http://127.0.0.1:{port}"
    started = ("serve", *arguments)
    with Process(started, env, folder / "log", module="tests.support.limited") as process:
        wait_until_ready(url, process)
        with httpx.Client(base_url=url, headers=writer, trust_env=False, timeout=60) as http:
            paths = [find_callback_path(submit(http)["id"]) for _ in range(_CALLBACKS_TO)]
        yield Site(url, process, folder, paths, reader, writer)


@pytest.fixture(scope="module")
def site(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Web alone."""
    folder = tmp_path_factory.mktemp("attacked")
    with attacked(sqlite_template.copy(folder), folder, "--no-worker") as found:
        yield found
