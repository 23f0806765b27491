"""A copy that shares the archive: a file goes only where its own database began it."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.services.upkeep.test_archive import (
    INPUTS,
    MeddlingFolder,
    _ended,
    _read,
    _states,
)
from tests.services.upkeep.test_retention import DAY_S, _free_lease, _rows, opened
from tests.support.archives import list_files
from tests.support.dropping import run_all
from tests.support.workbench import HandClock
from tracker.domain.archive import ArchiveState
from tracker.domain.retention import KeptClass
from tracker.domain.signals import CrashPoint, Signal, ignore_signal
from tracker.objects.folder import Folder
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.driver.transaction import Tx
from tracker.store.schema import archives as archives_table
from tracker.store.schema import chore_leases, task_inputs

pytestmark = pytest.mark.anyio


class DiesInArchive(Exception):
    """The process ends here."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[MeddlingFolder]:
    folder = MeddlingFolder(tmp_path / "archive")
    yield folder
    folder.close()


async def test_a_copy_deletes_no_file_that_the_database_it_came_from_had_begun(
    sqlite_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock, copy = HandClock(), tmp_path / "copy.db"

    async def copied() -> None:
        """Between the file and the commit that drops its rows: there it stands as begun."""
        with (
            closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as there,
            closing(sqlite3.connect(copy)) as here,
        ):
            there.backup(here)

    archive.then = [copied]
    async with opened(sqlite_url, clock, INPUTS, archive) as bench:
        await _ended(bench, "one")
        clock.move(11 * DAY_S)
        await run_all(RetentionChore(bench.context))
        kept = list_files(tmp_path / "archive")
        async with opened(f"sqlite:///{copy}", clock, INPUTS, archive) as other:
            assert await _states(other) == {ArchiveState.BEGUN: 1}
            await other.context.store.write(_free_lease, None)
            await run_all(RetentionChore(other.context))
            assert await _states(other) == {ArchiveState.VOID: 1, ArchiveState.KEPT: 1}
            assert await _rows(other, task_inputs) == []
        assert set(kept) < set(list_files(tmp_path / "archive"))
        assert len(await _read(bench, KeptClass.INPUTS)) == 1


async def test_what_another_origin_began_stays_and_what_this_one_began_goes(
    database_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    begun = [CrashPoint.ARCHIVE_WRITTEN] * 2

    def die_twice(point: CrashPoint) -> None:
        if point in begun:
            begun.remove(point)
            raise DiesInArchive

    async with opened(database_url, clock, INPUTS, archive, die_twice) as bench:
        await _ended(bench, "one")
        clock.move(11 * DAY_S)
        for _ in range(2):
            with pytest.raises(DiesInArchive):
                await run_all(RetentionChore(bench.context))
            await bench.context.store.write(_free_lease, None)
            if len(begun) == 1:  # as after a failover: the first is known as an older server's
                (theirs,) = list_files(tmp_path / "archive")
                await bench.context.store.write(_give_away, None)
        assert len(list_files(tmp_path / "archive")) == 2
        await run_all(RetentionChore(bench.context))
        assert await _states(bench) == {
            ArchiveState.VOID: 1,
            ArchiveState.CLEARED: 1,
            ArchiveState.KEPT: 1,
        }
        (kept,) = [row.path for row in await _rows(bench, archives_table) if row.state == "kept"]
        assert set(list_files(tmp_path / "archive")) == {theirs, kept}


def test_a_copys_file_of_the_rows_that_a_killed_process_had_begun_stays(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Killed between the row that says `begun` and the write: what then lies there is no file of
    its own.
    """
    copy, folder = tmp_path / "copy.db", tmp_path / "archive"

    async def archived(url: str, at: Signal = ignore_signal) -> list[str]:
        clock, objects = HandClock(), Folder(folder, is_new=True)
        clock.move(11 * DAY_S)
        async with opened(url, clock, INPUTS, objects, at) as bench:
            await bench.context.store.write(_free_lease, None)
            await run_all(RetentionChore(bench.context))
            assert await _rows(bench, task_inputs) == []
            assert len(await _read(bench, KeptClass.INPUTS)) == 1
        objects.close()
        return list_files(folder)

    async def prepare() -> None:
        async with opened(sqlite_url, HandClock(), INPUTS) as bench:
            await _ended(bench, "one")

    def die(point: CrashPoint) -> None:
        if point is CrashPoint.ARCHIVE_BEGUN:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(prepare())
    with (
        closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as there,
        closing(sqlite3.connect(copy)) as here,
    ):
        there.backup(here)
    child = os.fork()
    if not child:
        asyncio.run(archived(sqlite_url, die))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (theirs,) = asyncio.run(archived(f"sqlite:///{copy}"))
    both = asyncio.run(archived(sqlite_url))
    assert (len(both), theirs in both) == (2, True)


async def test_nothing_is_dropped_while_a_restored_database_is_recovered(
    sqlite_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    async with opened(sqlite_url, clock, INPUTS, archive) as bench:
        await _ended(bench, "one")
        clock.move(11 * DAY_S)
        bench.context.recovery.since = clock.now()
        assert await RetentionChore(bench.context).drop_for_while() is None
        assert (list_files(tmp_path / "archive"), await _rows(bench, chore_leases)) == ([], [])
        bench.context.recovery.since = None
        await run_all(RetentionChore(bench.context))
        assert len(list_files(tmp_path / "archive")) == 1


def _give_away(tx: Tx, asked: Sequence[None]) -> list[None]:
    """Set-based: have every file be begun by another database."""
    tx.db.execute(update(archives_table).values(origin="another"))
    return [None] * len(asked)
