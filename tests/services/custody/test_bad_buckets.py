"""A bucket that is silent, full, busy, or hangs up: what waits for it, how long, and what is said.

The bucket is a small one of the tests' own, as moto's has no such faults.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.services.custody.test_inline import answer_of, drawn, with_files
from tests.support.custody import RULES, Relay, open_custody
from tests.support.origin import make_film, serve_whole
from tests.support.small_s3 import SmallS3, cut, open_small_bucket, refuse_all, stay_silent
from tests.support.upstream import Asked, Script, Upstream
from tests.support.workbench import HandClock, Workbench
from tracker.domain.custody import AssetState
from tracker.domain.errors import StorageError, Unavailable
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.objects.bucket import Bucket
from tracker.services.custody.uploading import UploadReceiver, UploadTerms
from tracker.services.store_room import PAUSE_S
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.pauses import NO_ROOM
from tracker.store import conditions
from tracker.store.conditions import DISK_LOW
from tracker.store.schema import jobs

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30_000)
DATA = make_film(6_000_000)

SILENT = "has said nothing for 0.[12] s"
"""The reason of any failure on a busy machine."""
FAULTS: dict[str, tuple[Script, str]] = {
    "silent": (stay_silent, SILENT),
    "busy": (refuse_all("503 Slow Down"), f"503|{SILENT}"),
    "full": (refuse_all("507 Insufficient Storage"), f"507|{SILENT}"),
    "closed": (refuse_all("403 Forbidden"), f"403|{SILENT}"),
    "gone": (refuse_all("404 Not Found"), f"404|{SILENT}"),
    "hangs up": (cut, f"HTTP error|{SILENT}"),
}
"""How a bucket answers, and what is said of it."""


@pytest.fixture
def s3() -> SmallS3:
    return SmallS3()


@pytest.fixture
def bucket(s3: SmallS3) -> Iterator[Bucket]:
    with open_small_bucket(s3, silence_s=0.1) as opened:
        yield opened


@pytest.fixture
def patient(s3: SmallS3) -> Iterator[Bucket]:
    """One whose waiting no test sees the end of."""
    with open_small_bucket(s3, silence_s=60) as opened:
        yield opened


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1_000_000):
        yield data[at : at + 1_000_000]


async def read(bucket: Bucket, key: str, start: int, end: int) -> bytes:
    async with aclosing(bucket.read(key, start, end)) as blocks:
        return b"".join([block async for block in blocks])


async def state_of(bench: Workbench) -> tuple[bool, bool]:
    """Return whether the condition stands, and whether a job waits for room."""
    opened = await bench.context.store.read(conditions.list_open)
    waiting = jobs.select().with_only_columns(jobs.c.last_error)
    reasons = await bench.context.store.read(lambda db: list(db.scalars(waiting)))
    return any(one.name == DISK_LOW for one in opened), NO_ROOM in reasons


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_call_of_a_bad_bucket_ends_with_the_reason(
    s3: SmallS3, bucket: Bucket, fault: str
) -> None:
    script, why = FAULTS[fault]
    s3.objects["small/kept/a"] = PNG
    s3.fault = lambda _asked: script
    calls: list[Coroutine[Any, Any, object]] = [bucket.put("b", chunks(PNG))]
    calls.append(read(bucket, "a", 0, 9))
    if fault != "gone":
        calls += [bucket.get_size("a"), bucket.delete("b")]
    for call in calls:
        with pytest.raises(StorageError, match=why):
            await call
    with pytest.raises(StorageError, match=why):
        [one async for one in bucket.list()]
    assert list(s3.objects) == ["small/kept/a"]


@pytest.mark.parametrize("step", ["PUT partNumber uploadId", "POST uploadId"])
async def test_a_write_that_is_refused_within_is_aborted(
    s3: SmallS3, patient: Bucket, step: str
) -> None:
    s3.fault = {step: refuse_all("403 Forbidden")}.get
    with pytest.raises(StorageError, match="refuses access"):
        await patient.put("b", chunks(DATA))
    assert (s3.asked[-2:], s3.objects) == ([step, "DELETE uploadId"], {})


async def test_a_read_goes_on_behind_each_cut(s3: SmallS3, patient: Bucket) -> None:
    """A bucket closes what is not read for a while; obstore goes on for its own time alone."""
    s3.objects["small/kept/a"] = DATA

    def some(asked: Asked) -> Iterator[bytes]:
        head, body = s3.answer("GET", "small/kept/a", {})(asked)
        yield head.replace(b'etag: "', b'etag: "%d' % len(s3.asked))  # obstore gives up by itself
        yield body[:2_500_000]

    s3.fault = {"GET": some}.get
    assert await read(patient, "a", 7, len(DATA)) == DATA[7:]
    assert s3.asked.count("GET") > 2
    s3.objects.clear()
    s3.fault = lambda _asked: None
    with pytest.raises(StorageError, match="not there"):
        await read(patient, "a", 0, 9)


async def test_nothing_is_sent_and_paid_for_whose_files_a_bad_bucket_would_not_take(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    clock = HandClock()
    with Upstream(serve_whole(answer_of(PNG))) as provider:
        async with open_custody(
            sqlite_url, tmp_path, outbound=Relay(provider.url), objects=bucket, clock=clock
        ) as custody:
            bench = custody.bench
            with_files(bench.context)
            attempting = SubmitAttempts(bench.context)
            task = await bench.create_queued("ours", operation="draw")

            async def attempt() -> TaskState:
                clock.move(PAUSE_S)
                await bench.bring_forward(task)
                for job in await bench.claim(JobKind.SUBMIT):
                    await attempting.run(job)
                return (await bench.read_task(task.key)).state

            for script, _ in FAULTS.values():
                s3.fault = {"POST uploads": script}.get
                assert (await attempt(), provider.asked) == (TaskState.QUEUED, [])
                assert await state_of(bench) == (True, True)
            s3.fault = lambda _asked: None
            while await attempt() is TaskState.QUEUED:
                pass  # the probe was too slow for a busy machine
            assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
            assert len(provider.asked) == 1
            assert [await custody.read_content(one) for one in await custody.list_assets(task)] == [
                PNG
            ]
            assert await state_of(bench) == (False, False)


async def test_creates_that_wait_for_a_bad_bucket_try_it_once_together(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    s3.fault = lambda _asked: stay_silent
    async with open_custody(sqlite_url, tmp_path, objects=bucket) as custody:
        room = custody.bench.context.room
        assert room is not None
        took = await asyncio.gather(*(room.can_take_files(once=True) for _ in range(8)))
    assert (took, s3.asked) == ([False] * 8, ["POST uploads"])


@pytest.mark.parametrize("fault", FAULTS)
async def test_fetches_and_uploads_end_with_the_reason_and_cost_no_try(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket, fault: str
) -> None:
    script, why = FAULTS[fault]
    rules = replace(RULES, max_bytes=10**8)
    with Upstream(serve_whole(DATA)) as origin:
        async with open_custody(sqlite_url, tmp_path, objects=bucket, rules=rules) as custody:
            uploading = UploadReceiver(custody.bench.context)
            task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
            s3.fault = lambda _asked: script
            await custody.fetch()
            (waits,) = await custody.list_assets(task)
            assert (waits.state, waits.attempts) == (AssetState.WANTED, 0)
            assert re.search(why, waits.reason or "")
            with pytest.raises(Unavailable, match=why):
                await uploading.keep("default", chunks(DATA), UploadTerms(timedelta(days=1)))
            assert (await state_of(custody.bench))[0]
            s3.fault = lambda _asked: None
            while (await custody.list_assets(task))[0].state is AssetState.WANTED:
                await custody.fetch()  # more than once on a busy machine
            (kept,) = await custody.list_assets(task)
            assert kept.sha256 == sha256(DATA).digest()
            assert len(s3.objects) == 1


async def test_an_answer_that_is_paid_for_waits_out_a_bucket_that_is_busy_for_a_while(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    """Its files are nowhere else: they wait for longer than any caller would."""
    clock, left = HandClock(), 30

    def refuse(_asked: str) -> Script | None:
        nonlocal left
        left -= 1
        return refuse_all("503 Slow Down") if left >= 0 else None

    with Upstream(serve_whole(answer_of(PNG))) as provider:
        async with open_custody(
            sqlite_url, tmp_path, outbound=Relay(provider.url), objects=bucket, clock=clock
        ) as custody:
            room = custody.bench.context.room
            assert room is not None
            while not await room.can_take_files(once=True):  # the probe goes before
                clock.move(PAUSE_S)
            s3.fault = refuse
            task = await drawn(custody)
            (kept,) = await custody.list_assets(task)
    assert (task.state, kept.sha256) == (TaskState.SUCCEEDED, sha256(PNG).digest())
    assert left < 0
