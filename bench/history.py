"""Rows 11 and 12: what a million tasks of history cost reads and callbacks."""

import itertools
import json
from contextlib import ExitStack
from statistics import median

import httpx

from bench import fill
from bench.bed import Bed
from bench.callbacks import CONNECTIONS, Subject, ours_after
from bench.load import closed_loop, request
from bench.processes import Server
from bench.table import Figure

SMALL = 10_000


def grown(bed: Bed) -> list[Figure]:
    """Both rows, on each database that is asked for."""
    return [figure for kind in bed.kinds for figure in _grown(bed, kind)]


def _grown(bed: Bed, kind: str) -> list[Figure]:
    sizes = {"small": SMALL, "large": 50_000 if bed.quick else 1_000_000}
    with ExitStack() as stack:
        subjects = {name: ours_after(bed, stack, kind, size) for name, size in sizes.items()}
        reads = _reads(bed, kind, {n: (s.server, sizes[n]) for n, s in subjects.items()}, sizes)
        for subject in subjects.values():
            subject.warm_up()
        for _ in range(bed.rounds):
            for subject in subjects.values():
                subject.take(CONNECTIONS, bed.seconds)
        return [*reads, _callbacks(kind, subjects, sizes)]


def _callbacks(kind: str, subjects: dict[str, Subject], sizes: dict[str, int]) -> Figure:
    large, small = subjects["large"], subjects["small"]
    value = median(a.rate() / b.rate() for a, b in zip(large.loads, small.loads, strict=True))
    raw = f"{large.rate:,.0f}/s at {sizes['large']:,} tasks ÷ {small.rate:,.0f}/s at {SMALL:,}"
    return Figure("12", value, raw, kind)


def _reads(
    bed: Bed, kind: str, servers: dict[str, tuple[Server, int]], sizes: dict[str, int]
) -> list[Figure]:
    p50: dict[str, dict[str, float]] = {}
    for name, (server, tasks) in servers.items():
        p50[name] = {what: _p50(bed, server, asked) for what, asked in _asked(server, tasks)}
    ratios = {what: p50["large"][what] / p50["small"][what] for what in p50["large"]}
    worst = max(ratios, key=lambda what: ratios[what])
    each = ", ".join(
        f"{what} {p50['large'][what] * 1000:.2f} ÷ {p50['small'][what] * 1000:.2f} ms"
        for what in ratios
    )
    return [
        Figure("11", ratios[worst], f"at {sizes['large']:,}: {each}", f"{kind}, worst: {worst}")
    ]


def _asked(server: Server, tasks: int) -> list[tuple[str, bytes]]:
    """Build the requests to measure, by name; each reads from the middle of the history."""
    middle = tasks // 2
    one = f"/v1/tasks/{fill.task_id(middle)}"
    ids = json.dumps({"ids": [str(fill.task_id(n)) for n in range(middle, middle + 100)]})
    url = f"http://127.0.0.1:{server.port}"
    feed = httpx.get(f"{url}/v1/changes?limit=100", trust_env=False).json()
    page = httpx.get(f"{url}/v1/tasks?limit=50", trust_env=False).json()
    wanted = {
        "one": request("GET", one),
        "its transitions": request("GET", f"{one}/transitions"),
        "its receipts": request("GET", f"{one}/receipts"),
        "list": request("GET", "/v1/tasks?limit=50"),
        "list, next page": request("GET", f"/v1/tasks?limit=50&cursor={page['next_cursor']}"),
        "by state": request("GET", "/v1/tasks?limit=50&state=succeeded"),
        "by rare state": request("GET", "/v1/tasks?limit=50&state=failed"),
        "by external id": request("GET", f"/v1/tasks?external_task_id=b-{middle}"),
        "100 by id": request("POST", "/v1/tasks/query", ids.encode()),
        "feed": request("GET", f"/v1/changes?limit=100&after={feed['next_cursor']}"),
        "attention": request("GET", "/v1/attention"),
        "stats": request("GET", "/v1/stats"),
    }
    return [(what, asked) for what, asked in wanted.items() if _is_served(server, asked)]


def _is_served(server: Server, asked: bytes) -> bool:
    load = closed_loop(server.port, [iter([asked])], seconds=5)
    return set(load.answers) == {200}


def _p50(bed: Bed, server: Server, asked: bytes) -> float:
    seconds = 0.1 if bed.quick else 0.5
    lanes = [itertools.repeat(asked)]
    return closed_loop(server.port, lanes, seconds=seconds).p50
