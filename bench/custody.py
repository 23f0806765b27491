"""Rows 20 to 23: custody of results. Files come from an origin in this process."""

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path
from statistics import median

import httpx
from sqlalchemy import Connection, func, select

from bench.bed import BOTH, SECRET, Bed, in_s3
from bench.callbacks import CONNECTIONS, ours_after
from bench.processes import ROOT, rss_mb
from bench.table import Figure
from tests.support.history import insert, make_task
from tests.support.origin import build_head, serve_ranges
from tests.support.s3 import is_there
from tests.support.upstream import Asked, Upstream
from tracker.clock import SystemClock
from tracker.domain.custody import AssetState, Custody
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.policy import Policy
from tracker.domain.task import Artifact, TaskState
from tracker.egress.download import Downloading
from tracker.objects.bucket import Bucket
from tracker.objects.folder import Folder
from tracker.providers.registry import PROVIDERS
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.storage import Storage
from tracker.store import assets, schema, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

MB = 1024 * 1024
BLOCK = 16 * 1024
_LONGEST_S = 300
"""A fetch that is not over by then is lost."""
AT_ONCE = 16
_URL = re.compile(r"/(\d+)\.mp4")


def film(number: int, size: int) -> bytes:
    """Return bytes that begin like a video and are those of no other number."""
    return b"\0\0\0\x18ftypmp42" + sha256(str(number).encode()).digest() * (size // 32)


def random_kills(bed: Bed) -> list[Figure]:
    """Row 20: workers killed at random, an origin that breaks off at every tenth block.

    Into a folder, and from one database into S3 as moto emulates it where that is installed
    (`make .venv/.s3`).
    """
    figures = [_killed(bed, kind, bed.folder / f"kept-{kind}") for kind in bed.kinds]
    if is_there():
        with in_s3() as store:
            figures.append(_killed(bed, bed.kinds[0], store))
    return figures


def _killed(bed: Bed, kind: str, kept: Path | str) -> Figure:
    """kept: where files are kept, a folder or a bucket's address."""
    files, size = (100 if bed.quick else 1000), 24 * BLOCK

    def broken(asked: Asked) -> Iterable[bytes]:
        return serve_ranges(film(_number(asked), size), cut_after=10 * BLOCK)(asked)

    url = bed.migrated(kind)
    with Upstream(broken) as origin:
        asyncio.run(_want(url, [f"{origin.url}/{n}.mp4" for n in range(files)]))
        began, kills = time.monotonic(), 0
        chance = random.Random(7)
        workers = [_worker(bed, url, kept) for _ in range(2)]
        while (left := _left(url)) and time.monotonic() - began < _LONGEST_S:
            until = left - chance.randint(files // 40, files // 10)
            while left > max(until, 0) and time.monotonic() - began < _LONGEST_S:
                time.sleep(chance.uniform(0.02, 0.2))
                left = _left(url)
            if left > files // 20:
                victim = chance.randrange(len(workers))
                _end(workers[victim], signal.SIGKILL)
                workers[victim] = _worker(bed, url, kept)
                kills += 1
        for worker in workers:
            _end(worker, signal.SIGTERM)
    whole = asyncio.run(_whole(url, kept, size))
    asked = len(origin.asked)
    note = f"{whole} of {files} whole and right after {kills} kills, {asked} requests"
    return Figure("20", files - whole, note, kind if isinstance(kept, Path) else f"{kind}, S3")


def sixteen_at_once(bed: Bed) -> list[Figure]:
    """Row 21: files a second of one worker beside a bare loop of downloads, and its memory.

    The two take turns. A turn goes from the first request to the last file that is kept: how soon
    another process hears of work is not measured.
    """
    files, size = (32 if bed.quick else 96), 8 * MB
    began: list[float] = []

    def fast(asked: Asked) -> Iterable[bytes]:
        began.append(time.monotonic())
        yield build_head("200 OK", size)
        yield film(_number(asked), size)

    url = bed.migrated("sqlite")
    ratios, notes, most = list[float](), list[str](), 0.0
    with Upstream(fast) as origin:
        worker = _worker(bed, url, bed.folder / "sixteen")
        time.sleep(3)
        idle = rss_mb(worker.pid)
        for turn in range(bed.rounds):
            urls = [f"{origin.url}/{turn * files + n}.mp4" for n in range(files)]
            began.clear()
            bare = bed.folder / f"bare-{turn}"
            bare.mkdir()
            ended = asyncio.run(_bare_loop(urls, bare))
            bare_s = ended - began[0]
            shutil.rmtree(bare)
            began.clear()
            ended, peak = asyncio.run(_fetched(url, urls, worker))
            ours_s, most = ended - began[0], max(most, peak)
            for tenant in (bed.folder / "sixteen").glob("[!.]*"):
                shutil.rmtree(tenant)
            ratios.append(bare_s / ours_s)
            notes.append(f"{bare_s:.1f} ÷ {ours_s:.1f}")
        _end(worker, signal.SIGTERM)
    note = f"{files} files of {size // MB} MB, bare ÷ ours in s: {', '.join(notes)}"
    return [
        Figure("21", median(ratios), note),
        Figure("21x", most - idle, f"{idle:.0f} MB idle, {most:.0f} MB at most"),
    ]


def callbacks_beside(bed: Bed) -> list[Figure]:
    """Row 22: callbacks a second of a service that fetches the files of results beside.

    Each success names one, an origin has them all, and what is left over is fetched between the
    loads. The one that fetches is stopped while the other is measured: they share a core.
    """
    file = film(0, 256 * 1024)

    def picture(_: Asked) -> Iterable[bytes]:
        return [build_head("200 OK", len(file)), file]

    figures = []
    for kind in BOTH:
        with ExitStack() as stack:
            origin = stack.enter_context(Upstream(picture))
            off, on = subjects = [
                ours_after(bed, stack, kind, 0, settings={"TRACKER_ASSETS": word}, media=origin.url)
                for word in ("off", "on")
            ]
            stack.callback(os.kill, on.server.pid, signal.SIGCONT)
            for subject in subjects:
                subject.warm_up()
            for _ in range(bed.rounds):
                os.kill(on.server.pid, signal.SIGSTOP)
                off.take(CONNECTIONS, bed.seconds)
                os.kill(on.server.pid, signal.SIGCONT)
                on.take(CONNECTIONS, bed.seconds)
        value = median(b.rate() / a.rate() for a, b in zip(off.loads, on.loads, strict=True))
        note = f"{on.rate:,.0f}/s ÷ {off.rate:,.0f}/s, {len(origin.asked):,} files asked for"
        figures.append(Figure("22", value, note, kind))
    return figures


_READER = """
import asyncio, re, sys
from pathlib import Path
from tracker.domain.custody import Custody
from tracker.domain.exchange import HttpCall
from tracker.egress.client import EgressClient
from tracker.objects.bucket import Bucket
from tracker.objects.folder import Folder
from tracker.services.inline_sinks import build_sink_opener
from tracker.services.storage import Storage
def status(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
async def main():
    objects = Folder(Path(sys.argv[2]))
    storage = Storage(Custody(), objects, None)
    client = EgressClient(["127.0.0.0/8"])
    sinks = build_sink_opener(storage, b"secret", "default")
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
        yield build_head("200 OK", None)
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


def _number(asked: Asked) -> int:
    found = _URL.search(asked.line)
    return 0 if found is None else int(found[1])  # a worker that was killed asks for nothing


async def _whole(url: str, kept: Path | str, size: int) -> int:
    """Return how many files are kept whole and with the right bytes."""
    objects: Folder | Bucket = Folder(kept) if isinstance(kept, Path) else Bucket(kept)
    right = 0
    async with Store(url, SystemClock()) as store:
        for asset in await store.read(lambda db: assets.list_kept_after(db, 0, limit=100_000)):
            if asset.state is AssetState.KEPT and asset.store_key is not None:
                blocks = objects.read(asset.store_key, 0, asset.size or 0)
                body = b"".join([block async for block in blocks])
                right += sha256(body).digest() == asset.sha256 and len(body) == len(film(0, size))
    objects.close()
    return right


def _worker(bed: Bed, url: str, kept: Path | str) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    env = {
        "DATABASE_URL": url,
        "TRACKER_DATA_DIR": str(bed.folder),
        "TRACKER_ASSET_STORE": str(kept),
        "TRACKER_CALLBACK_SECRETS": SECRET,
        "TRACKER_KLING_API_KEY": "a-key-for-measuring-only",
        "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
        "TRACKER_LEASE_S": "2",
        "TRACKER_LOG_LEVEL": "error",
    }
    log = (bed.folder / "worker.log").open("ab")
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


async def _want(url: str, urls: Sequence[str]) -> None:
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
            storage=Storage(Custody(), Folder(Path()), Downloading((), cap=0, silence_s=1)),
        )
        now = clock.now()
        new = [make_task(state=TaskState.RUNNING, created_at=now, updated_at=now) for _ in urls]
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


def _left(url: str) -> int:
    async def count() -> int:
        async with Store(url, SystemClock()) as store:
            return await store.read(_count_wanted)

    return asyncio.run(count())


def _count_wanted(db: Connection) -> int:
    wanted = select(func.count()).where(schema.assets.c.state == AssetState.WANTED.value)
    return db.scalar(wanted) or 0


async def _bare_loop(urls: Sequence[str], folder: Path) -> float:
    """Download to files, AT_ONCE at a time, and hash; returns when it ended."""
    places = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def one(number: int, url: str) -> None:
            async with places, client.stream("GET", url) as answer:
                digest = sha256()
                with (folder / str(number)).open("wb") as file:
                    async for chunk in answer.aiter_raw():
                        digest.update(chunk)
                        file.write(chunk)

        await asyncio.gather(*(one(number, url) for number, url in enumerate(urls)))
        return time.monotonic()


async def _fetched(
    url: str, urls: Sequence[str], worker: subprocess.Popen[bytes]
) -> tuple[float, float]:
    """Have a worker fetch files; returns when it ended, and the worker's largest memory in MB."""
    await _want(url, urls)
    most = 0.0
    async with Store(url, SystemClock()) as store:
        while await store.read(_count_wanted):
            most = max(most, rss_mb(worker.pid))
            await asyncio.sleep(0.05)
    return time.monotonic(), most
