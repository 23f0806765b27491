"""Files that clients of a front uploaded: whose they are, in which order, and until when."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.custody import CustodyBench, open_custody
from tests.support.workbench import HandClock
from tracker.domain.custody import WITHDRAWN, Asset
from tracker.domain.errors import Conflict, NotFound
from tracker.domain.upload_label import UploadLabel, label_of
from tracker.providers.ports.commands import PageFiles
from tracker.services.custody.front_files import FrontFiles, Owner
from tracker.services.custody.sweeping import AssetSweeper
from tracker.services.custody.uploading import UploadReceiver, UploadTerms
from tracker.services.upkeep.sweeping import UPLOADS_KEPT, Sweeper
from tracker.store import assets

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
MINE = Owner("mine", "made-up")
STRANGERS = (Owner("other", "made-up"), Owner("mine", "another"))


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def kept(custody: CustodyBench, number: int, **fields: str) -> Asset:
    label = UploadLabel(MINE.front, f"{number}.png", "image/png", fields)
    uploading = UploadReceiver(custody.bench.context)
    return await uploading.keep(MINE.tenant, chunks(b"%d" % number), UploadTerms(DAY, label))


async def test_files_are_listed_to_their_tenant_and_front_alone(
    database_url: str, tmp_path: Path
) -> None:
    async with open_custody(database_url, tmp_path) as custody:
        made = [await kept(custody, n, purpose="ab"[n % 2]) for n in range(5)]
        await UploadReceiver(custody.bench.context).keep(
            MINE.tenant, chunks(b"x"), UploadTerms(DAY)
        )
        files, ids = FrontFiles(custody.bench.context), [str(one.id) for one in made]

        async def listed(wanted: PageFiles, owner: Owner = MINE) -> tuple[list[int], bool]:
            found, has_more = await files.list_page(owner, wanted)
            return [ids.index(str(one.id)) for one in found], has_more

        assert await listed(PageFiles(3)) == ([4, 3, 2], True)
        assert await listed(PageFiles(3, after=ids[2])) == ([1, 0], False)
        assert await listed(PageFiles(2, oldest_first=True)) == ([0, 1], True)
        assert await listed(PageFiles(2, ids[2], oldest_first=True)) == ([3, 4], False)
        assert await listed(PageFiles(2, fields={"purpose": "a"})) == ([4, 2], True)
        for stranger in STRANGERS:
            assert await listed(PageFiles(9), stranger) == ([], False)
            for attempt in (files.get(stranger, ids[0]), files.withdraw(stranger, ids[0])):
                with pytest.raises(NotFound):
                    await attempt
        with pytest.raises(NotFound):
            await listed(PageFiles(9, after=ids[0]), STRANGERS[0])
        label = label_of(MINE.front, (await files.get(MINE, ids[1])).label)
        assert label == UploadLabel(MINE.front, "1.png", "image/png", {"purpose": "b"})


async def test_a_file_that_was_deleted_is_named_no_more_and_read_until_it_expires(
    database_url: str, tmp_path: Path
) -> None:
    clock = HandClock()
    async with open_custody(database_url, tmp_path, clock=clock) as custody:
        files, read = FrontFiles(custody.bench.context), custody.bench.context.store.read
        first, second = [await kept(custody, n) for n in range(2)]
        await files.withdraw(MINE, str(first.id))
        for attempt in (files.get(MINE, str(first.id)), files.withdraw(MINE, str(first.id))):
            with pytest.raises(NotFound):
                await attempt
        found, _ = await files.list_page(MINE, PageFiles(9, after=str(first.id), oldest_first=True))
        assert [one.id for one in found] == [second.id]
        row = (await read(lambda db: assets.list_by_id(db, [first.id])))[first.id]
        assert (row.kind, row.expires_at, await custody.read_content(row)) == (
            WITHDRAWN,
            first.expires_at,
            b"0",
        )
        clock.move(DAY.total_seconds())
        with pytest.raises(NotFound):
            await files.get(MINE, str(second.id))
        assert (await files.list_page(MINE, PageFiles(9)))[0] == []


async def test_rows_of_uploads_go_some_time_after_their_bytes(
    database_url: str, tmp_path: Path
) -> None:
    clock = HandClock()
    async with open_custody(database_url, tmp_path, clock=clock) as custody:
        context = custody.bench.context
        old = await kept(custody, 1)
        clock.move(2 * DAY.total_seconds())
        await AssetSweeper(context).drop_expired()
        new = await kept(custody, 2)
        for moved, left in ((UPLOADS_KEPT - DAY, {old.id, new.id}), (2 * DAY, {new.id})):
            clock.move(moved.total_seconds())
            await Sweeper(context).forget()
            assert (
                set(await context.store.read(lambda db: assets.list_by_id(db, [old.id, new.id])))
                == left
            )


async def test_a_form_that_is_sent_again_is_compared_and_not_stored(custody: CustodyBench) -> None:
    uploading = UploadReceiver(custody.bench.context)
    ticket, _ = uploading.promise_upload("mine")
    send = partial(uploading.keep_promised, ticket, lifetime=DAY)
    first = await send(chunks(b"a", b"b"))
    writes: list[int] = []

    async def watched(*pieces: bytes) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            writes.append(len([*custody.list_files(), *custody.render_parts()]))

    assert (await send(watched(b"ab"))).id == first.id == ticket.asset
    for other in ((b"a", b"c"), (b"abc",), (b"a",)):
        with pytest.raises(Conflict):
            await send(watched(*other))
    assert set(writes) == {1}
    assert len(custody.list_files()) == 1
