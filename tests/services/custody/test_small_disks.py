"""A disk that really fills up: in the middle of a fetch, an upload, an answer and the archive.

Nothing half stays, nothing that was told of is lost, attention says it, and it goes on by itself.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Any

import pytest

from tests.services.custody.test_inline import answer_of, with_files
from tests.services.upkeep.test_retention import DAY_S, _free_lease, _succeed, opened
from tests.support.custody import RULES, CustodyBench, Relay, open_custody
from tests.support.databases import SqliteTemplate
from tests.support.dropping import run_all
from tests.support.origin import make_film, serve_whole
from tests.support.small_disk import SmallDisk, mount_small_disk
from tests.support.upstream import Upstream
from tests.support.workbench import HandClock, Workbench
from tracker.domain.custody import AssetState
from tracker.domain.errors import Unavailable
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.objects.folder import Folder
from tracker.services.custody.sweeping import GRACE, AssetSweeper, SweepResult
from tracker.services.custody.uploading import UploadReceiver, UploadTerms
from tracker.services.store_room import PAUSE_S, StoreRoom
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.pauses import NO_ROOM
from tracker.services.upkeep import archive_reading
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import conditions
from tracker.store.archives import ArchiveFilter
from tracker.store.conditions import ARCHIVE_FAILING, DISK_LOW
from tracker.store.schema import jobs

pytestmark = pytest.mark.anyio
FILM = make_film(3_000_000)
PNG = b"\x89PNG\r\n\x1a\n" + shake_128(b"").digest(30_000)
DAY = timedelta(days=1)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mount_small_disk(tmp_path / "disk", size=8_000_000) as mounted:
        yield mounted


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]


async def is_told(bench: Workbench, name: str) -> bool:
    return name in {one.name for one in await bench.context.store.read(conditions.list_open)}


async def reasons(bench: Workbench) -> list[str | None]:
    waiting = jobs.select().with_only_columns(jobs.c.last_error)
    return await bench.context.store.read(lambda db: list(db.scalars(waiting)))


async def test_fetches_and_uploads_wait_for_room_and_lose_nothing(
    database_url: str, disk: SmallDisk
) -> None:
    clock = HandClock()
    async with open_custody(database_url, disk.path, clock=clock) as custody:
        uploading, fetching = UploadReceiver(custody.bench.context), custody.fetching
        kept = await uploading.keep("default", chunks(FILM[:-1]), UploadTerms(DAY))
        disk.fill(but=2_000_000)
        with Upstream(serve_whole(FILM)) as origin:
            task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
            await custody.fetch()
            (waits,) = await custody.list_assets(task)
            assert (waits.state, waits.attempts) == (AssetState.WANTED, 0)
            assert "No space left" in (waits.reason or "")
            with pytest.raises(Unavailable, match="No space left"):
                await uploading.keep("default", chunks(FILM), UploadTerms(DAY))
            assert (len(custody.list_files()), custody.render_parts()) == (1, [])
            assert await is_told(custody.bench, DISK_LOW)
            assert not await fetching.has_room()
            disk.free_space()
            clock.move(PAUSE_S)
            assert await fetching.has_room()
            assert not await is_told(custody.bench, DISK_LOW)
            await custody.fetch()
        (asset,) = await custody.list_assets(task)
        assert (asset.state, await custody.read_content(asset)) == (AssetState.KEPT, FILM)
        assert await custody.read_content(kept) == FILM[:-1]
        assert (len(custody.list_files()), custody.render_parts()) == (2, [])


async def test_no_task_is_sent_whose_files_nobody_could_take(
    database_url: str, disk: SmallDisk
) -> None:
    rules, clock = replace(RULES, min_free_bytes=1_000_000), HandClock()
    with Upstream(serve_whole(answer_of(PNG))) as provider:
        outbound = Relay(provider.url)
        async with open_custody(
            database_url, disk.path, outbound=outbound, rules=rules, clock=clock
        ) as custody:
            bench = custody.bench
            with_files(bench.context)
            disk.fill()
            attempting = SubmitAttempts(bench.context)
            task = await bench.create_queued("ours", operation="draw")
            other = await bench.create_queued("other")
            for job in await bench.claim(JobKind.SUBMIT):
                await attempting.run(job)
            assert (await bench.read_task(task.key)).state is TaskState.QUEUED
            assert (await bench.read_task(other.key)).state is not TaskState.QUEUED  # brings none
            assert (NO_ROOM in await reasons(bench), len(provider.asked)) == (True, 1)
            assert await is_told(bench, DISK_LOW)
            disk.free_space()
            for _ in range(2):  # of the other task a file came all the same, and was not taken
                clock.move(PAUSE_S)
                await bench.bring_forward(task)
                for job in await bench.claim(JobKind.SUBMIT):
                    await attempting.run(job)
            assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
            assert [await custody.read_content(one) for one in await custody.list_assets(task)] == [
                PNG
            ]
            assert not await is_told(bench, DISK_LOW)


async def test_a_condition_that_another_process_raised_ends_with_its_cause(
    custody: CustodyBench,
) -> None:
    context, health = custody.bench.context, custody.storage.health
    room = context.room
    assert room is not None
    health.reason, health.refusals = "away", 1
    await room.report()
    assert await is_told(custody.bench, DISK_LOW)
    health.reason = None  # as in a process that has stored nothing yet
    await StoreRoom(custody.storage, context.store, context.clock).report()
    assert not await is_told(custody.bench, DISK_LOW)
    assert custody.list_files() == []


async def test_a_database_on_the_full_disk_records_what_is_stored_once_there_is_room(
    sqlite_template: SqliteTemplate, disk: SmallDisk
) -> None:
    fills = [CrashPoint.FETCH_STORED]

    def fill_once(point: CrashPoint) -> None:
        if point in fills:
            fills.remove(point)
            disk.fill()

    clock = HandClock()
    options: dict[str, Any] = {"clock": clock, "signal": fill_once}
    async with open_custody(sqlite_template.copy(disk.path), disk.path, **options) as custody:
        with Upstream(serve_whole(PNG)) as origin:
            task = await custody.create_succeeded({"url": f"{origin.url}/a.png"})
            with pytest.raises(Unavailable):
                await custody.fetch()
            assert len(custody.list_files()) == 1
            disk.free_space()
            await custody.fetch()
        (asset,) = await custody.list_assets(task)
        assert (asset.state, asset.sha256) == (AssetState.KEPT, sha256(PNG).digest())
        clock.move(2 * GRACE.total_seconds())
        assert await AssetSweeper(custody.bench.context).sweep() == SweepResult(1, 0)
        assert await custody.read_content(asset) == PNG


async def test_an_archive_that_fills_its_disk_drops_nothing_until_there_is_room(
    database_url: str, disk: SmallDisk
) -> None:
    days = {**dict.fromkeys(KeptClass), KeptClass.INPUTS: timedelta(days=10)}
    clock, archive = HandClock(), Folder(disk.path / "archive", is_new=True)
    async with opened(database_url, clock, RetentionPolicy(days), archive) as bench:
        task = await bench.create_queued("large", words=shake_128(b"words").hexdigest(200_000))
        task = await bench.accept_task(task, "theirs-large")
        await _succeed(bench, task)
        clock.move(11 * DAY_S)
        disk.fill(but=100_000)
        chore = RetentionChore(bench.context)
        await run_all(chore)
        assert await is_told(bench, ARCHIVE_FAILING)
        assert [path for path in archive_files(disk) if path.is_file()] == []
        disk.free_space()
        await bench.context.store.write(_free_lease, None)
        await run_all(chore)
        assert not await is_told(bench, ARCHIVE_FAILING)
        store = bench.context.store
        found = [
            row async for _, row in archive_reading.iterate_rows(store, archive, ArchiveFilter())
        ]
        assert [row["task"] for row in found] == [task.id]
        assert [flaw async for flaw in archive_reading.iterate_flaws(store, archive)] == []
    archive.close()


def archive_files(disk: SmallDisk) -> list[Path]:
    return list((disk.path / "archive").rglob("*"))
