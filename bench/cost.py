"""python -m bench.cost: processor time of a callback in the event loop and in the writer.

Batches of 64 are replayed in one thread, which takes turns as the loop and as the writer, so that
only its own time counts: it tells microseconds where the rates of other rows differ by a tenth from
one run to the next. Sockets, wake-ups and changes between threads are left out. To compare two
checkouts, run it in each in turn.
"""

import argparse
import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from bench import fill
from bench.bed import BOTH, SECRET, STATUSES, Bed, callback
from tracker.app import build_server_options, make_app, tune_interpreter
from tracker.settings import Settings
from tracker.telemetry.logs import configure_logging

BATCH = 64
_UNMEASURED = 6
"""Batches that warm up."""


class _Transport(asyncio.Transport):
    """Counts answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0

    def write(self, data: Any) -> None:
        assert data[9:12] == b"200", data
        self.answers += 1

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5) if name in ("peername", "sockname") else default

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...


class _Catch:
    """Stands for the queue to the writer's thread: what is handed over is kept."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.held: list[Any] = []

    def put(self, items: Any) -> None:
        if items is None:
            self._queue.put(None)
        else:
            self.held += items


async def _replay(url: str, folder: str, rounds: int, more: Mapping[str, str]) -> None:
    env = {
        "DATABASE_URL": url,
        "TRACKER_DATA_DIR": folder,
        "TRACKER_PUBLIC_URL": "http://127.0.0.1:1",
        "TRACKER_CALLBACK_SECRETS": SECRET,
        "TRACKER_KLING_API_KEY": "a-key-for-measuring-only",
        **more,
    }
    os.environ.update(env)
    settings = Settings.read_environment(env)
    app = make_app(settings, workers=False)
    async with app.router.lifespan_context(app) as state:
        options = build_server_options(settings)
        for name in ("workers", "factory", "log_config"):
            options.pop(name, None)
        config = uvicorn.Config(app, log_config=None, **options)
        config.load()
        configure_logging("info", "json", settings.log_redactor())
        tune_interpreter(settings)
        writer: Any = state["services"].reception._context.store._writer  # noqa: SLF001 - measured
        queue, catch = writer._queue, _Catch(writer._queue)  # noqa: SLF001
        writer._queue = catch  # noqa: SLF001
        connections = [_connection(config, state) for _ in range(BATCH)]
        shown, sys.stderr = sys.stderr, io.StringIO()
        try:
            took = [
                await _batch(writer, catch, connections, number)
                for number in range(_UNMEASURED + rounds * len(STATUSES))
            ]
        finally:
            writer._queue, sys.stderr = queue, shown  # noqa: SLF001
            if catch.held:
                queue.put(catch.held)
    _show(took[_UNMEASURED:])


def _connection(config: Any, state: Any) -> tuple[Any, _Transport]:
    protocol = config.http_protocol_class(
        config=config, server_state=ServerState(), app_state=state
    )
    transport = _Transport()
    protocol.connection_made(transport)
    return protocol, transport


async def _batch(
    writer: Any, catch: _Catch, connections: Sequence[tuple[Any, _Transport]], number: int
) -> tuple[float, float]:
    """Answer one batch. Returns microseconds of a callback in the loop, and in the writer."""
    group, kind = divmod(number, len(STATUSES))
    first = 1 + group * BATCH
    requests = [callback(first + place, STATUSES[kind]) for place in range(BATCH)]

    def arrive() -> None:
        for (protocol, _), request in zip(connections, requests, strict=True):
            protocol.data_received(request)

    loop_s = await _turns(arrive)
    items, catch.held = catch.held, []
    assert len(items) >= BATCH, items
    began = time.thread_time()
    writer._settle(items)  # noqa: SLF001
    writer_s = time.thread_time() - began
    loop_s += await _turns(lambda: writer._resolve(items, True))  # noqa: SLF001
    assert all(transport.answers == number + 1 for _, transport in connections)
    return loop_s / BATCH * 1e6, writer_s / BATCH * 1e6


async def _turns(act: Callable[[], object]) -> float:
    """Do something and let the loop turn until its consequences are there; seconds it took."""
    began = time.thread_time()
    act()
    for _ in range(8):
        await asyncio.sleep(0)
    return time.thread_time() - began


def _show(took: Sequence[tuple[float, float]]) -> None:
    for kind, status in enumerate(STATUSES):
        loop, writer = zip(*took[kind :: len(STATUSES)], strict=True)
        print(
            f"{status:>9}: loop {min(loop):.1f} (median {median(loop):.1f}), "
            f"writer {min(writer):.1f} (median {median(writer):.1f}) µs a callback"
        )


def main() -> None:
    """Measure on one database."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("--on", choices=BOTH, default="sqlite")
    parser.add_argument("--rounds", type=int, default=30, help="batches of each kind of callback")
    parser.add_argument("--set", action="append", default=[], help="a setting: NAME=VALUE")
    options = parser.parse_args()
    more = dict(one.split("=", 1) for one in options.set)
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder, ExitStack() as stack:
        bed = Bed(Path(folder), quick=True, stack=stack, seconds=0, rounds=options.rounds)
        url = bed.migrated(options.on)
        fill.queued(url, 1, BATCH * (options.rounds + _UNMEASURED))
        uvloop.run(_replay(url, folder, options.rounds, more))


if __name__ == "__main__":
    main()
