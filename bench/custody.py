"""Rows 20 to 24: custody of results. Files come from an origin in this process."""

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path
from statistics import median

import httpx

from bench.bed import BOTH, SECRET, Bed
from bench.callbacks import CONNECTIONS, ours_after
from bench.load import request
from bench.processes import ROOT, Server, rss_mb
from bench.table import Figure
from tests.support.history import insert, new_task
from tests.support.origin import head, ranged
from tests.support.upstream import Asked, Upstream
from tracker.clock import SystemClock
from tracker.domain.custody import Asset, AssetState, Custody
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.policy import Policy
from tracker.domain.task import Artifact, TaskState
from tracker.egress.download import Downloading
from tracker.objects.folder import Folder
from tracker.providers.registry import PROVIDERS
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.storage import Storage
from tracker.store import assets, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

MB = 1024 * 1024
BLOCK = 16 * 1024
AT_ONCE = 16
_URL = re.compile(r"/(\d+)\.mp4")


def film(number: int, size: int) -> bytes:
    """Return bytes that begin like a video and are those of no other number."""
    return b"\0\0\0\x18ftypmp42" + sha256(str(number).encode()).digest() * (size // 32)


def random_kills(bed: Bed) -> list[Figure]:
    """Row 20: workers killed at random, an origin that breaks off at every tenth block."""
    files, size = (100 if bed.quick else 1000), 24 * BLOCK

    def broken(asked: Asked) -> Iterable[bytes]:
        return ranged(film(_number(asked), size), cut_after=10 * BLOCK)(asked)

    figures = []
    for kind in BOTH:
        url, folder = bed.migrated(kind), bed.folder / f"kept-{kind}"
        with Upstream(broken) as origin:
            asyncio.run(_want(url, folder, [f"{origin.url}/{n}.mp4" for n in range(files)]))
            began, kills = time.monotonic(), 0
            chance = random.Random(7)
            workers = [_worker(url, folder) for _ in range(2)]
            while (left := _left(url, folder)) and time.monotonic() - began < 300:
                time.sleep(chance.uniform(2.0, 6.0))
                if left > files // 20:
                    victim = chance.randrange(len(workers))
                    _end(workers[victim], signal.SIGKILL)
                    workers[victim] = _worker(url, folder)
                    kills += 1
            for worker in workers:
                _end(worker, signal.SIGTERM)
        found = asyncio.run(_assets(url, folder))
        whole = sum(_is_right(one, folder, size) for one in found)
        asked = len(origin.asked)
        note = f"{whole} of {files} whole and right after {kills} kills, {asked} requests"
        figures.append(Figure("20", files - whole, note, kind))
    return figures


def sixteen_at_once(bed: Bed) -> list[Figure]:
    """Row 21: files a second of one worker beside a bare loop of downloads, and its memory."""
    files, size = (32 if bed.quick else 96), 8 * MB
    body = film(0, size)

    def fast(_asked: Asked) -> Iterable[bytes]:
        yield head("200 OK", len(body))
        yield body

    url, folder = bed.migrated("sqlite"), bed.folder / "sixteen"
    with Upstream(fast) as origin:
        urls = [f"{origin.url}/{n}.mp4" for n in range(files)]
        (bed.folder / "bare").mkdir(exist_ok=True)
        bare_s = asyncio.run(_bare_loop(urls, bed.folder / "bare"))
        worker = _worker(url, folder)
        time.sleep(3)
        idle, most = rss_mb(worker.pid), 0.0
        began = time.monotonic()
        asyncio.run(_want(url, folder, urls))
        while _left(url, folder):
            most = max(most, rss_mb(worker.pid))
            time.sleep(0.2)  # each look opens the database anew
        ours_s = time.monotonic() - began
        _end(worker, signal.SIGTERM)
    note = f"{files} files of {size // MB} MB: {ours_s:.1f} s, bare {bare_s:.1f} s"
    return [
        Figure("21", bare_s / ours_s, note),
        Figure("21x", most - idle, f"{idle:.0f} MB idle, {most:.0f} MB at most"),
    ]


def callbacks_beside(bed: Bed) -> list[Figure]:
    """Row 22: callbacks a second of a service that fetches a result of each task beside."""
    figures = []
    for kind in BOTH:
        with ExitStack() as stack:
            subjects = [
                ours_after(bed, stack, kind, 0, settings={"TRACKER_ASSETS": word})
                for word in ("off", "on")
            ]
            for subject in subjects:
                subject.warm_up()
            for _ in range(bed.rounds):
                for subject in subjects:
                    subject.take(CONNECTIONS, bed.seconds)
        off, on = subjects
        value = median(b.rate() / a.rate() for a, b in zip(off.loads, on.loads, strict=True))
        figures.append(Figure("22", value, f"{on.rate:,.0f}/s ÷ {off.rate:,.0f}/s", kind))
    return figures


_READER = """
import asyncio, re, sys
from pathlib import Path
from tracker.domain.custody import Custody
from tracker.domain.exchange import HttpCall
from tracker.egress.client import EgressClient
from tracker.objects.folder import Folder
from tracker.services.inline_sinks import sinks_for
from tracker.services.storage import Storage
def status(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
async def main():
    objects = Folder(Path(sys.argv[2]))
    storage = Storage(Custody(), objects, None)
    client = EgressClient(["127.0.0.0/8"])
    sinks = sinks_for(storage, b"secret", "default")
    await client.call_provider(HttpCall("POST", sys.argv[1] + "/small"), files=sinks)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    call = HttpCall("POST", sys.argv[1] + "/large", timeout_s=120)
    answer = await client.call_provider(call, files=sinks)
    after = status("VmHWM")
    assert answer.status == 200 and len(answer.body) < 1000, answer
    assert max(p.stat().st_size for p in Path(sys.argv[2]).rglob("*")) > 100_000_000
    print((after - before) * 1024 / 1e6)
    await client.close(); objects.close()
asyncio.run(main())
"""


def inline(bed: Bed) -> list[Figure]:
    """Row 23: the memory that an answer of 100 MB of base64 takes."""
    piece = b"AAAA" * 16384

    def answer(asked: Asked) -> Iterable[bytes]:
        pieces = 1 if "small" in asked.line else 100 * MB * 4 // 3 // len(piece)
        yield head("200 OK", None)
        yield b'{"data": [{"b64_json": "'
        for _ in range(pieces):
            yield piece
        yield b'"}]}'

    grown = []
    with Upstream(answer) as origin:
        for turn in range(3):
            done = subprocess.run(
                [sys.executable, "-c", _READER, origin.url, str(bed.folder / f"inline{turn}")],
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
            )
            grown.append(float(done.stdout))
    return [Figure("23", median(grown), "100 MB decoded into a folder, 3 runs")]


def first_byte(bed: Bed) -> list[Figure]:
    """Row 24: the first byte behind a link beside that of a bare static file server."""
    body = film(0, 4 * MB)
    folder = bed.folder / "static"
    folder.mkdir(exist_ok=True)
    (folder / "film.mp4").write_bytes(body)
    figures = []
    for kind in BOTH:
        url, here = bed.migrated(kind), bed.folder / f"serve-{kind}"
        settings = {"TRACKER_ASSET_STORE": str(here)}
        with (
            bed.service(url, "--no-worker", **settings) as ours,
            bed.plain("static", url=str(folder)) as bare,
        ):
            base = f"http://127.0.0.1:{ours.port}"
            made = httpx.post(f"{base}/v1/uploads", content=body, trust_env=False, timeout=60)
            path = "/links/" + made.json()["link"]["url"].rpartition("/links/")[2]
            times: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(50 if bed.quick else 300):
                times["ours"].append(_first_byte_s(ours, path, len(body)))
                times["bare"].append(_first_byte_s(bare, "/film.mp4", len(body)))
        ours_s, bare_s = median(times["ours"]), median(times["bare"])
        note = f"{ours_s * 1000:.2f} ÷ {bare_s * 1000:.2f} ms, p50 of {len(times['ours'])}"
        figures.append(Figure("24", ours_s / bare_s, note, kind))
    return figures


def _number(asked: Asked) -> int:
    found = _URL.search(asked.line)
    return 0 if found is None else int(found[1])  # a worker that was killed asks for nothing


def _is_right(asset: Asset, folder: Path, size: int) -> bool:
    if asset.state is not AssetState.KEPT or asset.store_key is None:
        return False
    kept = (folder / asset.store_key).read_bytes()
    return sha256(kept).digest() == asset.sha256 and len(kept) == len(film(0, size))


def _worker(url: str, folder: Path) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    env = {
        "DATABASE_URL": url,
        "TRACKER_DATA_DIR": str(folder.parent),
        "TRACKER_ASSET_STORE": str(folder),
        "TRACKER_CALLBACK_SECRETS": SECRET,
        "TRACKER_KLING_API_KEY": "a-key-for-measuring-only",
        "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
        "TRACKER_LEASE_S": "2",
        "TRACKER_LOG_LEVEL": "error",
    }
    log = (folder.parent / "worker.log").open("ab")
    with closing(log):
        return subprocess.Popen(
            [sys.executable, "-m", "tracker", "worker"],
            env=inherited | env,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )


def _end(worker: subprocess.Popen[bytes], by: signal.Signals) -> None:
    worker.send_signal(by)
    worker.wait(60)


async def _want(url: str, folder: Path, urls: Sequence[str]) -> None:
    """Let tasks succeed whose results lie at these URLs."""
    clock = SystemClock()
    async with Store(url, clock) as store:
        context = Context(
            store=store,
            egress=None,  # type: ignore[arg-type]  # nothing is sent
            clock=clock,
            jitter=lambda: 0.0,
            policy=Policy(),
            providers=PROVIDERS,
            accounts={},
            secrets=[SECRET.encode()],
            storage=Storage(Custody(), Folder(folder), Downloading((), cap=0, silence_s=1)),
        )
        now = clock.now()
        new = [new_task(state=TaskState.RUNNING, created_at=now, updated_at=now) for _ in urls]
        made = await insert(store, *new)

        def succeed(tx: Tx, items: Sequence[Sequence[tuple[int, str]]]) -> list[None]:
            for pairs in items:
                held = tasks.lock_by_key(tx.db, [key for key, _ in pairs])
                recorder = Recorder(context, tx, held.values())
                for key, there in pairs:
                    pieces = (Artifact("video", there),)
                    seen = EventKind.SEEN_SUCCEEDED
                    recorder.record(key, Event(seen, Source.CALLBACK, artifacts=pieces))
                recorder.flush()
            return [None] * len(items)

        await store.write(succeed, [(t.key, u) for t, u in zip(made, urls, strict=True)])


async def _assets(url: str, folder: Path) -> list[Asset]:
    del folder
    async with Store(url, SystemClock()) as store:
        return await store.read(lambda db: assets.kept_after(db, 0, limit=100_000))


def _left(url: str, folder: Path) -> int:
    del folder

    async def count() -> int:
        async with Store(url, SystemClock()) as store:
            return (await store.read(assets.counts)).get("wanted", 0)

    return asyncio.run(count())


async def _bare_loop(urls: Sequence[str], folder: Path) -> float:
    """Download to files, AT_ONCE at a time, and hash; returns seconds."""
    places = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def one(number: int, url: str) -> None:
            async with places, client.stream("GET", url) as answer:
                digest = sha256()
                with (folder / str(number)).open("wb") as file:
                    async for chunk in answer.aiter_raw():
                        digest.update(chunk)
                        file.write(chunk)

        began = time.monotonic()
        await asyncio.gather(*(one(number, url) for number, url in enumerate(urls)))
        return time.monotonic() - began


def _first_byte_s(server: Server, path: str, size: int) -> float:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        asked = request("GET", path, connection="close")
        began = time.perf_counter()
        line.sendall(asked)
        line.recv(1)
        took_s = time.perf_counter() - began
        left = size
        while left > 0 and (piece := line.recv(1 << 20)):
            left -= len(piece)
        return took_s
