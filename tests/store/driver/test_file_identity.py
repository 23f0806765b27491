"""A SQLite file that is moved or replaced under a process: nothing is acknowledged meanwhile."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.domain.factories import a_task
from tracker.clock import SystemClock, new_id
from tracker.domain.errors import Unavailable
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.metrics import WRITER_STALLED, WRITER_WAITING
from tracker.store import tasks
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

pytestmark = pytest.mark.anyio
ENDS = ("", "-wal", "-shm")


def insert(tx: Tx, items: Sequence[Task]) -> list[Task | None]:
    return tasks.insert_many(tx.db, items)


def some_task() -> Task:
    id_ = new_id()
    return a_task(id=id_, external_task_id=str(id_))


def _move(file: Path, to: Path) -> None:
    for end in ENDS:
        Path(f"{file}{end}").rename(f"{to}{end}")


def _remove_log(file: Path) -> None:
    for end in ENDS[1:]:
        Path(f"{file}{end}").unlink()


def _is_there(file: Path) -> bool:
    return file.exists()


async def test_a_file_that_is_moved_away_is_not_made_anew_and_goes_on_once_it_is_back(
    sqlite_url: str,
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store:
        await store.write(insert, some_task())
        _move(file, file.with_name("away"))
        for _ in range(2):  # over the connection that was open, and over a new one
            with pytest.raises(Unavailable):
                await store.write(insert, some_task())
        assert store.refused_since is not None
        store.show_metrics()
        assert dict(WRITER_STALLED.read())[()] > 0
        assert not _is_there(file)
        _move(file.with_name("away"), file)
        task = some_task()
        await store.write(insert, task)
        assert store.refused_since is None
        assert dict(WRITER_STALLED.read())[()] == 0
        WRITER_STALLED.ask = WRITER_WAITING.ask = lambda: None
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT id FROM tasks ORDER BY key DESC").fetchone()[0] == task.id.bytes


async def test_a_process_does_not_go_on_with_another_file_in_its_place(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    copy = file.with_name("older")
    shutil.copy(file, copy)
    async with Store(sqlite_url, SystemClock()) as store:
        await store.write(insert, some_task())
        copy.replace(file)
        _remove_log(file)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.write(insert, some_task())
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)


async def test_a_commit_counts_only_where_its_file_is_still_in_place(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    moving = False

    def move(point: CrashPoint) -> None:
        if moving and point is CrashPoint.COMMIT_READY:
            _move(file, file.with_name("away"))

    async with Store(sqlite_url, SystemClock(), move) as store:
        await store.write(insert, some_task())
        moving = True
        with pytest.raises(Unavailable):
            await store.write(insert, some_task())
