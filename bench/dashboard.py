"""Rows 31 to 36: what pages cost with a million tasks of history, on the wire and in a browser."""

import asyncio
import itertools
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from html import unescape
from statistics import median
from time import perf_counter
from uuid import UUID

import httpx
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text

from bench import fill
from bench.bed import Bed, callback
from bench.load import closed_loop, request
from bench.processes import Server
from bench.table import Figure
from bench.waiters import hold
from tracker.clock import SystemClock, make_id
from tracker.store import deliveries
from tracker.store.deliveries import NewDelivery
from tracker.store.driver.engine import open_engine

ASKS = {"accept": "text/html", "accept_encoding": "gzip"}
LATE_PAGE = 11
STEPS, RECEIPTS, OWED = 50, 200, 50
"""Of the task whose page is measured."""
WATCHERS = 1000
ON_DISPLAY = 200
MOVES_S = 6.0
"""For how long tasks on display move."""
PAINTS = 8
PAINT = """() => new Promise(tell => new PerformanceObserver(list => {
    for (const one of list.getEntriesByName("first-contentful-paint")) tell(one.startTime);
}).observe({ type: "paint", buffered: true }))"""
_RECEIPT = """
    INSERT INTO receipts (tenant, provider, task_key, source, verdict, received_at, fingerprint,
        headers, size_bytes, body)
    SELECT tenant, provider, task_key, source, 'duplicate', received_at, :fingerprint, headers,
        size_bytes, body
    FROM receipts WHERE key = (SELECT min(key) FROM receipts WHERE task_key = :task)
"""
_STEP = """
    INSERT INTO transitions (seq, tenant, task_key, version, from_state, to_state, kind, source,
        provider_status, at)
    SELECT (SELECT seq FROM feed_head) + 1, tenant, task_key, :version, 'succeeded', 'succeeded',
        kind, source, provider_status, at
    FROM transitions WHERE task_key = :task AND version = 4
"""


def pages(bed: Bed) -> list[Figure]:
    """Rows 31 to 34 and 36, on each database that is asked for."""
    return [figure for kind in bed.kinds for figure in _pages(bed, kind)]


def streams(bed: Bed) -> list[Figure]:
    """Row 35: one who watches tasks that move as fast as they can, and many who watch nothing."""
    url = bed.migrated("sqlite")
    fill.queued(url, 1, ON_DISPLAY)
    with bed.service(url, "--no-worker") as server:
        page = _get(server, f"/ui/tasks?limit={ON_DISPLAY}")
        sent, pieces, seconds = asyncio.run(_watched(server, _changes_of(page)))
        rate = sent / seconds / 1000
        raw = f"{pieces / seconds:.1f} pieces/s, {ON_DISPLAY} tasks on display all move"
        figures = [Figure("35", rate, raw, "sqlite")]
    number = WATCHERS // 5 if bed.quick else WATCHERS
    for name in ("tasks", "attention"):
        with bed.service(url, "--no-worker") as server:
            address = _changes_of(_get(server, f"/ui/{name}"))
            before, after = asyncio.run(hold(server, [address] * number))
        raw = f"{number} watchers: {before:.1f} → {after:.1f} MB"
        figures.append(Figure("35x", (after - before) * 1000 / number, raw, name))
    return figures


def _pages(bed: Bed, kind: str) -> list[Figure]:
    size = 50_000 if bed.quick else 1_000_000
    url = bed.migrated(kind)
    fill.history(url, 1, size)
    task = size // 2
    _lengthen(url, task)
    fill.settle(url)
    with ExitStack() as stack:
        server = stack.enter_context(bed.service(url, "--no-worker"))
        asked = {
            "first": "/ui/tasks",
            f"page {LATE_PAGE}": _late(server),
            "state": "/ui/tasks?state=succeeded",
            "rare state": "/ui/tasks?state=failed",
            "provider": "/ui/tasks?provider=kling",
            "operation": "/ui/tasks?operation=videos/text2video",
            "external id": f"/ui/tasks?external_task_id=b-{task}",
            "metadata": "/ui/tasks?metadata.order=1",
            "overdue": "/ui/tasks?overdue=true",
        }
        p95 = {name: _p95(bed, server, path) for name, path in asked.items()}
        api = _p95(bed, server, "/v1/tasks?limit=50")
        worst = max(p95, key=lambda name: p95[name])
        each = ", ".join(f"{name} {took * 1000:.1f} ms" for name, took in p95.items())
        usual = max(p95["first"], p95[f"page {LATE_PAGE}"])
        story = _p95(bed, server, f"/ui/tasks/{fill.task_id(task)}")
        figures = [
            Figure("31", p95[worst] * 1000, f"at {size:,}: {each}", f"{kind}, worst: {worst}"),
            Figure("31x", usual / api, f"{usual * 1000:.1f} ÷ {api * 1000:.1f} ms", kind),
            Figure("32", story * 1000, f"{STEPS} steps, {RECEIPTS} receipts, {OWED} owed", kind),
        ]
        return figures if kind != bed.kinds[0] else [*figures, *_seen(server)]


def _seen(server: Server) -> list[Figure]:
    """Rows 33, 34 and 36, which no database changes."""
    path = shutil.which("chromium")
    listed = len(_raw(server, "/ui/tasks"))
    figures = [Figure("33", listed / 1000, "50 rows, compressed, without headers")]
    if path is None:
        return figures
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        sizes, elements = _visit(browser, f"http://127.0.0.1:{server.port}/ui/tasks")
        cold, warm = _painted(browser, f"http://127.0.0.1:{server.port}/ui/tasks")
        browser.close()
    return [
        *figures,
        Figure("33x", sum(sizes) / 1000, f"{len(sizes)} requests"),
        Figure("34", cold, f"median of {PAINTS}"),
        Figure("34x", warm, f"median of {PAINTS}"),
        Figure("36", elements, "50 rows"),
    ]


def _visit(browser: Browser, url: str) -> tuple[list[int], int]:
    """Return what a first visit takes off the wire, request by request, and the page's elements."""
    with browser.new_context(timezone_id="UTC") as context:
        page, sizes = context.new_page(), list[int]()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda one: sizes.append(int(one["encodedDataLength"])))
        page.goto(url)
        page.locator("#live[data-mode=live]").wait_for()
        return sizes, int(page.evaluate("document.querySelectorAll('*').length"))


def _painted(browser: Browser, url: str) -> tuple[float, float]:
    """Return the first paint of a first visit and of the next one, in milliseconds."""
    cold, warm = list[float](), list[float]()
    for _ in range(PAINTS):
        with browser.new_context(timezone_id="UTC") as context:
            for took in (cold, warm):
                page = context.new_page()
                page.goto(url)
                took.append(float(page.evaluate(PAINT)))
                page.close()
    return median(cold), median(warm)


async def _watched(server: Server, address: str) -> tuple[int, int, float]:
    """Return bytes and pieces that one watcher gets while everything moves, and the seconds."""
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client,
        client.stream("GET", address, timeout=60) as stream,
    ):
        moving = asyncio.create_task(_move(server))
        sent, begun = b"", perf_counter()
        async for some in stream.aiter_raw():
            sent += some
            if perf_counter() - begun >= MOVES_S:
                break
        seconds = perf_counter() - begun
        await moving
    return len(sent), len(re.findall(rb"(?m)^id: ", sent)), seconds


async def _move(server: Server) -> None:
    """Have every task move twice, spread over the time that is measured."""
    said = [
        callback(n, word) for word in ("submitted", "processing") for n in range(1, ON_DISPLAY + 1)
    ]
    pause_s = MOVES_S / len(said)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for one in said:
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None, head
        await reader.readexactly(int(length[1]))
        await asyncio.sleep(pause_s / 2)
    writer.close()


def _lengthen(url: str, task: int) -> None:
    """Give a task many steps, receipts and deliveries."""
    engine, now = open_engine(url, pool_size=1), SystemClock().now()
    with engine.begin() as db:
        for _ in range(RECEIPTS - 3):
            db.execute(text(_RECEIPT), {"task": task, "fingerprint": os.urandom(16)})
        for version in range(5, STEPS + 1):
            db.execute(text(_STEP), {"task": task, "version": version})
            db.execute(text("UPDATE feed_head SET seq = seq + 1"))
        db.execute(text("UPDATE tasks SET version = :v WHERE key = :t"), {"v": STEPS, "t": task})
        body = make_id()
        deliveries.insert_bodies(db, [(body, "default", b"{}")])
        owed = [_owed(body, task, now) for _ in range(OWED)]
        deliveries.insert_many(db, owed)
    engine.dispose()


def _owed(body: UUID, task: int, now: datetime) -> NewDelivery:
    return NewDelivery(
        id=make_id(),
        tenant="default",
        event="task.succeeded",
        body_id=body,
        lane="default",
        created_at=now,
        url="https://subscriber.example/hook",
        task_key=task,
        version=4,
    )


def _late(server: Server) -> str:
    """Return the address of a late page, by following the links of those before it."""
    path = "/ui/tasks"
    for _ in range(LATE_PAGE - 1):
        (older,) = re.findall(r'<a rel="next" href="([^"]+)"', _get(server, path))
        path = unescape(older)
    return path


def _p95(bed: Bed, server: Server, path: str) -> float:
    lanes: Sequence[Iterator[bytes]] = [itertools.repeat(request("GET", path, **ASKS))]
    closed_loop(server.port, lanes, seconds=0.2)  # what is compiled and cached at the first one
    load = closed_loop(server.port, lanes, seconds=0.3 if bed.quick else 3.0)
    assert set(load.answers) == {200}, (path, load.answers)
    return load.percentile(0.95)


def _changes_of(page: str) -> str:
    (url,) = re.findall(r'id="live"[^>]* data-url="([^"]+)"', page)
    (after,) = re.findall(r'id="after" hidden data-after="([^"]*)"', page)
    return f"{unescape(url)}&after={after}"


def _get(server: Server, path: str) -> str:
    answer = httpx.get(f"http://127.0.0.1:{server.port}{path}", trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


def _raw(server: Server, path: str) -> bytes:
    with httpx.stream(
        "GET",
        f"http://127.0.0.1:{server.port}{path}",
        headers={"accept-encoding": "gzip"},
        trust_env=False,
        timeout=60,
    ) as answer:
        return b"".join(answer.iter_raw())
