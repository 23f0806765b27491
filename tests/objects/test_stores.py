"""The folder and the bucket do the same; the bucket is moto's, of the group `s3`."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.upkeep.test_retention import DAY_S, _succeed, _task, opened
from tests.support.custody import RULES, open_custody
from tests.support.dropping import run_all
from tests.support.origin import make_film, serve_ranges
from tests.support.s3 import BUCKET, MISSING, is_there, serve_emulated_s3
from tests.support.upstream import Upstream
from tests.support.workbench import HandClock
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.objects.bucket import Bucket
from tracker.objects.folder import BLOCK_BYTES, PARTS, Folder
from tracker.services.custody.sweeping import AssetSweeper
from tracker.services.storage import ObjectStore
from tracker.services.upkeep import archive_reading
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.archives import ArchiveFilter

INPUTS = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.INPUTS: timedelta(days=10)})
pytestmark = pytest.mark.anyio
DATA = bytes(range(256)) * 30_000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    if not is_there():
        pytest.skip(MISSING)
    with serve_emulated_s3() as given, pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        yield f"s3://{BUCKET}/kept"


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    store: Folder | Bucket
    if request.param == "folder":
        store = Folder(tmp_path)
    else:
        store = Bucket(f"{request.getfixturevalue('s3')}/{tmp_path.name}")
    yield store
    store.close()


async def chunks(data: bytes, *, breaks: bool = False) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]
    if breaks:
        raise ConnectionError("cut")


async def listed(objects: ObjectStore) -> dict[str, int]:
    return {one.key: one.size async for one in objects.list()}


async def read(objects: ObjectStore, key: str, start: int, end: int) -> bytes:
    return b"".join([block async for block in objects.read(key, start, end)])


async def test_an_object_is_kept_listed_read_and_deleted(objects: ObjectStore) -> None:
    await objects.put("t/2026-11/a", chunks(DATA))
    await objects.put("t/2026-11/b", chunks(b"small"))
    assert await objects.get_size("t/2026-11/a") == len(DATA)
    assert await listed(objects) == {"t/2026-11/a": len(DATA), "t/2026-11/b": 5}
    assert await read(objects, "t/2026-11/a", 0, len(DATA)) == DATA
    assert await read(objects, "t/2026-11/a", 7, 2_000_001) == DATA[7:2_000_001]
    await objects.delete("t/2026-11/a")
    await objects.delete("t/2026-11/a")
    assert await objects.get_size("t/2026-11/a") is None
    assert list(await listed(objects)) == ["t/2026-11/b"]


async def test_a_crowd_of_readers_that_take_nothing_holds_small_blocks(tmp_path: Path) -> None:
    with closing(Folder(tmp_path)) as objects:
        await objects.put("t/2026-11/a", chunks(DATA))
        crowd = [objects.read("t/2026-11/a", 0, len(DATA)) for _ in range(96)]
        held = [len(block) for one in crowd for block in (await anext(one), await anext(one))]
        for one in crowd:
            await one.aclose()
    assert held[:2] == [64 * 1024, 1024 * 1024]
    assert sum(held) <= 64 * 1024 * 1024


@pytest.mark.parametrize("size", [1000, 12_000_000])
async def test_a_write_that_breaks_off_leaves_nothing(objects: ObjectStore, size: int) -> None:
    await objects.put("t/2026-11/there", chunks(b"x"))
    with pytest.raises(ConnectionError, match="cut"):
        await objects.put("t/2026-11/cut", chunks(bytes(size), breaks=True))
    assert await objects.get_size("t/2026-11/cut") is None
    assert list(await listed(objects)) == ["t/2026-11/there"]


async def test_a_write_that_is_cancelled_asks_for_no_more_chunks(objects: ObjectStore) -> None:
    is_asked = asyncio.Event()

    async def without_end() -> AsyncGenerator[bytes, None]:
        yield b"x"
        is_asked.set()
        await asyncio.Event().wait()

    await objects.put("t/2026-11/there", chunks(b"x"))
    given = without_end()
    writing = asyncio.create_task(objects.put("t/2026-11/cut", given))
    await is_asked.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await given.aclose()
    assert list(await listed(objects)) == ["t/2026-11/there"]


async def test_an_object_of_many_small_pieces_is_whole(objects: ObjectStore) -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        for at in range(0, 9_000, 7):
            yield DATA[at : at + 7]

    await objects.put("t/2026-11/a", pieces())
    assert await read(objects, "t/2026-11/a", 0, 9_002) == DATA[:9_002]


async def test_a_folder_is_not_touched_for_a_file_that_never_begins(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "assets")
    with pytest.raises(ConnectionError):
        await folder.put("t/2026-11/a", chunks(b"", breaks=True))
    assert [*os.scandir(tmp_path)] == []
    folder.close()


async def test_a_file_costs_one_flush_of_its_folder_once_that_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    flush = os.fsync

    def noted(handle: int) -> None:
        flush(handle)
        flushed.append(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    store, other = Folder(tmp_path), Folder(tmp_path)
    month = tmp_path / "t" / "2026-11"

    def inodes(*paths: Path) -> list[int]:
        return [path.stat().st_ino for path in paths]

    await store.put("t/2026-11/a", chunks(b"a"))
    assert flushed == inodes(month / "a", month, month.parent, tmp_path)
    flushed.clear()
    await store.put("t/2026-11/b", chunks(b"b"))
    assert flushed == inodes(month / "b", month)
    for name in ("a", "b"):
        await other.delete(f"t/2026-11/{name}")
    assert not month.exists()
    flushed.clear()
    await store.put("t/2026-11/c", chunks(b"c"))
    assert flushed == inodes(month / "c", month, month.parent, tmp_path)
    with pytest.raises(StorageError, match="exists"):
        await store.put("t/2026-11/c", chunks(b"d"))
    assert await read(store, "t/2026-11/c", 0, 1) == b"c"
    assert list(await listed(store)) == ["t/2026-11/c"]
    for one in (store, other):
        one.close()


async def test_a_write_whose_part_is_taken_away_is_refused_in_words(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    async def meddled() -> AsyncGenerator[bytes, None]:
        yield bytes(BLOCK_BYTES)
        for part in (tmp_path / PARTS).iterdir():
            part.unlink()

    with pytest.raises(StorageError, match="removed meanwhile"):
        await folder.put("t/2026-11/a", meddled())
    assert await listed(folder) == {}
    folder.close()


async def test_what_is_not_there_says_so(objects: ObjectStore) -> None:
    await objects.put("t/2026-11/there", chunks(b"x"))
    with pytest.raises(StorageError, match="not there"):
        await read(objects, "t/2026-11/nothing", 0, 1)


async def test_results_are_kept_in_a_bucket_as_in_a_folder(
    database_url: str, tmp_path: Path, s3: str
) -> None:
    body = make_film(12_000_000)
    with Upstream(serve_ranges(body, cut_after=5_000_000)) as origin:
        bucket = Bucket(f"{s3}/{tmp_path.name}")
        async with open_custody(
            database_url, tmp_path, objects=bucket, rules=replace(RULES, max_bytes=10**8)
        ) as custody:
            kept = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
            again = await custody.create_succeeded({"url": f"{origin.url}/same.mp4"}, name="again")
            await custody.fetch()
            (same,) = await custody.list_assets(again)
            assert await custody.read_content(kept) == body
            assert same.store_key == kept.store_key
            assert len(await listed(bucket)) == 1
            await bucket.delete(kept.store_key or "")
            found = await AssetSweeper(custody.bench.context).sweep()
            assert (found.strays, found.vanished) == (0, 2)


async def test_what_is_dropped_is_archived_in_a_bucket_and_read_back(
    sqlite_url: str, tmp_path: Path, s3: str
) -> None:
    bucket, clock = Bucket(f"{s3}/{tmp_path.name}"), HandClock()
    async with opened(sqlite_url, clock, INPUTS, bucket) as bench:
        task = await _task(bench, "one")
        await _succeed(bench, task)
        clock.move(11 * DAY_S)
        await run_all(RetentionChore(bench.context))
        store = bench.context.store
        found = [
            row async for _, row in archive_reading.iterate_rows(store, bucket, ArchiveFilter())
        ]
        assert [(row["key"], row["task"]) for row in found] == [(task.key, task.id)]
        assert [flaw async for flaw in archive_reading.iterate_flaws(store, bucket)] == []
        (path,) = await listed(bucket)
        await bucket.delete(path)
        assert [flaw async for flaw in archive_reading.iterate_flaws(store, bucket)] == [
            f"{path} is not there"
        ]
