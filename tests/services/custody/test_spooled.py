"""Files of answers that wait on their machine while the store takes none."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.services.custody.test_inline import answer_of, drawn
from tests.support.custody import CustodyBench, Relay, open_custody
from tests.support.origin import serve_whole
from tests.support.small_s3 import SmallS3, open_small_bucket, refuse_all, stay_silent
from tests.support.upstream import Asked, Upstream
from tests.support.workbench import HandClock
from tracker.domain.custody import WAITS, Asset, AssetState
from tracker.domain.errors import Unavailable
from tracker.domain.task import TaskState
from tracker.objects.bucket import Bucket
from tracker.objects.folder import Folder
from tracker.objects.spooled import SpooledStore
from tracker.parts import open_parts
from tracker.services.counted import iterate_whole
from tracker.services.custody.handing_on import WaitingFiles
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.sweeping import AWAITED_FOR, GRACE, VANISHED, AssetSweeper
from tracker.settings import Settings
from tracker.store import conditions

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30_000)


REFUSED = "the bucket refuses access (s3://small/kept)"


@pytest.fixture
def s3() -> SmallS3:
    return SmallS3()


@pytest.fixture
def bucket(s3: SmallS3) -> Iterator[Bucket]:
    with open_small_bucket(s3, silence_s=60) as opened:
        yield opened


def away(s3: SmallS3, *, is_away: bool = True) -> None:
    """Let the bucket refuse whatever is asked, or nothing."""
    s3.fault = lambda _asked: refuse_all("403 Forbidden") if is_away else None


def waiting_at(
    bucket: Bucket, spool: Path, *, least: int = -(10**9), hand_on_s: float = 60
) -> SpooledStore:
    """Return one machine's way to the bucket. spool: its last part is the machine's name."""
    folder = Folder(spool, is_new=True)
    return SpooledStore(bucket, folder, host=spool.name, min_free_bytes=least, hand_on_s=hand_on_s)


def files(spool: Path) -> list[bytes]:
    """Return what waits."""
    return [path.read_bytes() for path in spool.rglob("*-*") if path.is_file()]


@asynccontextmanager
async def working(
    objects: SpooledStore, url: str, tmp_path: Path, s3: SmallS3 | None = None, **options: Any
) -> AsyncIterator[CustodyBench]:
    """A process of a machine, whose provider sends a picture within its answer.

    s3: that goes away when the provider is asked, after it has taken a probe.
    """

    def answer(asked: Asked) -> Iterable[bytes]:
        if s3 is not None:
            away(s3)
        return serve_whole(answer_of(PNG))(asked)

    with Upstream(answer) as provider:
        outbound = Relay(provider.url)
        async with open_custody(
            url, tmp_path, objects=objects, outbound=outbound, **options
        ) as custody:
            yield custody


async def content(custody: CustodyBench, asset: Asset) -> bytes:
    blocks = AssetReader(custody.bench.context).read(asset, 0, asset.size or 0)
    return b"".join([block async for block in blocks])


async def test_a_file_of_an_answer_waits_for_its_store_and_is_served_meanwhile(
    database_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    async with working(waiting_at(bucket, tmp_path / "a"), database_url, tmp_path, s3) as custody:
        task = await drawn(custody)
        (waits,) = await custody.list_assets(task)
        assert (task.state, waits.state) == (TaskState.SUCCEEDED, AssetState.KEPT)
        why = f"{WAITS} on a until the store takes it: {REFUSED}"
        assert (waits.reason or "").startswith(why)
        assert (list(s3.objects), files(tmp_path / "a")) == ([], [PNG])
        assert await content(custody, waits) == PNG
        reader = AssetReader(custody.bench.context)
        file = reader.find_inline_file("default", task.artifacts[0].url or "")
        assert file is not None
        base64 = b"".join([piece async for piece in reader.read_base64("default", file)])
        assert b64decode(base64) == PNG

        waiting = WaitingFiles(custody.bench.context)
        await waiting.hand_on()
        (told,) = await custody.bench.context.store.read(conditions.list_open)
        assert (told.name, told.reason.startswith(why)) == (conditions.DISK_LOW, True)
        assert files(tmp_path / "a") == [PNG]

        away(s3, is_away=False)
        await waiting.hand_on()
        (kept,) = await custody.list_assets(task)
        assert kept == replace(waits, reason=None)
        assert (list(s3.objects.values()), files(tmp_path / "a")) == ([PNG], [])
        assert await content(custody, kept) == PNG


async def test_a_file_that_the_store_takes_does_not_wait(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    async with working(waiting_at(bucket, tmp_path / "a"), sqlite_url, tmp_path) as custody:
        (kept,) = await custody.list_assets(await drawn(custody))
    assert (kept.state, kept.reason) == (AssetState.KEPT, None)
    assert (list(s3.objects.values()), files(tmp_path / "a")) == ([PNG], [])


@pytest.mark.parametrize("step", ["POST uploads", "PUT partNumber uploadId", "POST uploadId"])
async def test_a_store_that_is_silent_holds_up_no_answer(
    tmp_path: Path, s3: SmallS3, bucket: Bucket, step: str
) -> None:
    """The call that it comes by has an end, at which all of it would be lost."""
    s3.fault = {step: stay_silent}.get
    objects, large = waiting_at(bucket, tmp_path / "a", hand_on_s=0.05), bytes(12_000_000)
    why = await objects.put("a/2026-11/1-inline", iterate_whole(large), once=True)
    assert why == f"{WAITS} on a until the store takes it: it has not within 0.05 s"
    s3.fault = lambda _asked: None
    assert await objects.put("a/2026-11/2-inline", iterate_whole(PNG), once=True) == why
    assert "small/kept/a/2026-11/2-inline" not in s3.objects
    assert sorted(files(tmp_path / "a")) == sorted([large, PNG])
    objects.close()


async def test_without_room_here_a_file_goes_straight_to_the_store(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    spool = tmp_path / "a"
    async with working(waiting_at(bucket, spool, least=10**17), sqlite_url, tmp_path) as custody:
        await drawn(custody)
    assert (list(s3.objects.values()), spool.exists()) == ([PNG], False)


async def test_another_machine_leaves_what_waits_until_it_is_taken_for_lost(
    database_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    """And it is kept again once its machine is back."""
    clock = HandClock()
    ours, theirs = waiting_at(bucket, tmp_path / "a"), waiting_at(bucket, tmp_path / "b")
    async with (
        working(ours, database_url, tmp_path, s3) as custody,
        working(theirs, database_url, tmp_path, clock=clock) as there,
    ):
        task = await drawn(custody)
        away(s3, is_away=False)
        (waits,) = await custody.list_assets(task)
        await WaitingFiles(there.bench.context).hand_on()
        with pytest.raises(Unavailable, match="not there"):
            await content(there, waits)
        sweeper = AssetSweeper(there.bench.context)
        clock.move(2 * GRACE.total_seconds())
        assert (await sweeper.sweep()).vanished == 0
        clock.move(AWAITED_FOR.total_seconds())
        assert (await sweeper.sweep()).vanished == 1
        (lost,) = await custody.list_assets(task)
        assert (lost.state, lost.reason) == (AssetState.LOST, f"{VANISHED}; {waits.reason}")

        await WaitingFiles(custody.bench.context).hand_on()
        (kept,) = await there.list_assets(task)
        assert (kept.state, kept.reason) == (AssetState.KEPT, None)
        assert (await content(there, kept), files(tmp_path / "a")) == (PNG, [])
        kinds = await custody.bench.list_kinds(task)
        assert kinds[-3:] == ["asset_kept", "asset_lost", "asset_kept"]


async def test_what_no_row_names_is_not_handed_on_but_swept(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    objects = waiting_at(bucket, tmp_path / "a")
    async with working(objects, sqlite_url, tmp_path, s3, clock=(clock := HandClock())) as custody:
        await custody.forget(await drawn(custody))
        away(s3, is_away=False)
        await WaitingFiles(custody.bench.context).hand_on()
        assert (list(s3.objects), files(tmp_path / "a")) == ([], [PNG])
        clock.move(2 * GRACE.total_seconds())
        assert (await AssetSweeper(custody.bench.context).sweep()).strays == 1
        assert files(tmp_path / "a") == []


async def test_processes_of_a_machine_hand_a_file_on_together(
    sqlite_url: str, tmp_path: Path, s3: SmallS3, bucket: Bucket
) -> None:
    async with working(waiting_at(bucket, tmp_path / "a"), sqlite_url, tmp_path, s3) as custody:
        task = await drawn(custody)
        away(s3, is_away=False)
        waiting = [WaitingFiles(custody.bench.context) for _ in range(4)]
        await asyncio.gather(*(one.hand_on() for one in waiting))
        (kept,) = await custody.list_assets(task)
        assert (kept.state, kept.reason, kept.sha256) == ("kept", None, sha256(PNG).digest())
        assert (list(s3.objects.values()), files(tmp_path / "a")) == ([PNG], [])
        assert await custody.bench.context.store.read(conditions.list_open) == []


@pytest.mark.parametrize("place", ["elsewhere", "here", "no folder"])
async def test_files_wait_for_a_store_elsewhere_where_a_folder_can_be_made(
    sqlite_url: str, tmp_path: Path, place: str
) -> None:
    env = {"DATABASE_URL": sqlite_url, "TRACKER_DATA_DIR": str(tmp_path)}
    if place != "here":
        env["TRACKER_ASSET_STORE"] = str(tmp_path / "elsewhere")
    if place == "no folder":
        (tmp_path / "spool").touch()
    async with open_parts(Settings.read_environment(env)) as parts:
        assert parts.context.storage is not None
        assert (parts.context.storage.spooled is not None) is (place == "elsewhere")
