"""Rows 9 and 10: what a waiter costs, and how soon it wakes."""

import asyncio
import resource
from contextlib import ExitStack
from time import perf_counter

from bench import fill
from bench.bed import BOTH, Bed, callback
from bench.load import request
from bench.processes import Server
from bench.table import Figure

IDLE = 5000
ROUNDS = 60


def idle(bed: Bed) -> list[Figure]:
    """Row 9."""
    number = IDLE // 5 if bed.quick else IDLE
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures = []
    for name in ("long-poll", "SSE"):
        url = bed.migrated("sqlite")
        fill.queued(url, 1, number)
        with bed.service(url, "--no-worker") as server:
            paths = [
                f"/v1/tasks/{fill.task_id(n)}?wait=60"
                if name == "long-poll"
                else "/v1/changes/stream?after=now"
                for n in range(1, number + 1)
            ]
            before, after = asyncio.run(hold(server, paths))
        value = (after - before) * 1000 / number
        raw = f"{number} waiters: {before:.1f} → {after:.1f} MB"
        figures.append(Figure("9", value, raw, name))
    return figures


def wake_up(bed: Bed) -> list[Figure]:
    """Row 10: from the answer to a callback until the answer to who waited for its task."""
    figures = []
    rounds = ROUNDS // 5 if bed.quick else ROUNDS
    for kind in BOTH:
        url = bed.migrated(kind)
        fill.queued(url, 1, 4 * rounds)
        with ExitStack() as stack:
            here = stack.enter_context(bed.service(url, "--no-worker"))
            numbers = iter(range(1, 4 * rounds + 1))
            took = asyncio.run(_wake(here, here, [next(numbers) for _ in range(rounds)]))
            figures.append(_woken("10", took, kind))
            there = stack.enter_context(bed.service(url, "--no-worker"))
            took = asyncio.run(_wake(here, there, [next(numbers) for _ in range(rounds)]))
            figures.append(_woken("10x", took, kind))
    return figures


def _woken(row: str, took: list[float], kind: str) -> Figure:
    ordered = sorted(took)
    p50, p95 = ordered[len(took) // 2] * 1000, ordered[int(len(took) * 0.95)] * 1000
    return Figure(row, p95, f"p50 {p50:.1f} ms, {len(took)} times", kind)


async def hold(server: Server, paths: list[str]) -> tuple[float, float]:
    """Resident memory in MB before and while all of these wait."""
    await _exchange(server, request("GET", "/readyz"))
    before = server.rss_mb
    lines = []
    for path in paths:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("GET", path))
        lines.append((reader, writer))
    await _exchange(server, request("GET", "/readyz"))
    await asyncio.sleep(1.5)
    after = server.rss_mb
    for reader, writer in lines:
        assert not reader.at_eof(), "it did not wait"
        writer.close()
    return before, after


async def _wake(waits: Server, told: Server, numbers: list[int]) -> list[float]:
    took = []
    for number in numbers:
        reader, writer = await asyncio.open_connection("127.0.0.1", waits.port)
        path = f"/v1/tasks/{fill.task_id(number)}?wait=30"
        writer.write(request("GET", path, if_none_match='"1"'))
        await asyncio.sleep(0.03)  # until it waits
        waiting = asyncio.create_task(_answered(reader))
        await _exchange(told, callback(number, "succeed"))
        committed = perf_counter()
        took.append(max(await waiting - committed, 0.0))
        writer.close()
    return took


async def _answered(reader: asyncio.StreamReader) -> float:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] == b"200", head
    return perf_counter()


async def _exchange(server: Server, asked: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(asked)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] == b"200", head
    writer.close()
