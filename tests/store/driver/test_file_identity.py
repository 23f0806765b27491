"""A SQLite file that is moved, replaced or written over: nothing is acknowledged meanwhile."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.domain.factories import a_task
from tracker.clock import SystemClock, make_id
from tracker.domain.errors import Unavailable
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.store import conditions, feed_head, tasks
from tracker.store.conditions import DATABASE_CHANGED
from tracker.store.driver.engine import open_engine
from tracker.store.driver.file_note import OLD_LOG, OVERWRITTEN, read_note
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store
from tracker.telemetry.metrics import WRITER_STALLED, WRITER_WAITING

pytestmark = pytest.mark.anyio
ENDS = ("", "-wal", "-shm")


def insert(tx: Tx, items: Sequence[Task]) -> list[Task | None]:
    return tasks.insert_many(tx.db, items)


def some_task() -> Task:
    id_ = make_id()
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


def _copy_whole(file: Path, to: Path) -> Path:
    """Copy a file as one reads it, log included, as `tracker backup` and the shell do."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("VACUUM INTO ?", (f"{to}",))
    return to


def _checkpoint(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:  # as another process of ours
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def _write_over(file: Path, older: Path, way: str) -> None:
    held = older.read_bytes()
    if way == "half of it":
        held = held[: len(held) // 2]
    with file.open("r+b" if way == "rsync in place" else "wb") as over:
        over.write(held)


def _touch(file: Path) -> None:
    file.touch()


def _connect_as_another_process(file: Path) -> None:
    """Connect under a path that this process has not looked at before."""
    other = file.parent / make_id().hex
    other.symlink_to(file.parent, target_is_directory=True)
    engine = open_engine(f"sqlite:///{other / file.name}")
    try:
        engine.connect().close()
    finally:
        engine.dispose()


@pytest.mark.parametrize("way", ["a whole copy", "the file alone", "rsync in place", "half of it"])
async def test_nothing_counts_as_committed_into_a_file_that_was_written_over(
    sqlite_url: str, way: str
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store:
        await store.write(insert, some_task())
        if way == "the file alone":
            older = Path(shutil.copyfile(file, file.with_name("older")))
        else:
            older = _copy_whole(file, file.with_name("older"))
        await store.write(insert, some_task())
        await store.note_identity()
        _checkpoint(file)
        await store.write(insert, some_task())
        _write_over(file, older, way)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.write(insert, some_task())
    noted = read_note(file)
    assert noted is not None
    assert noted.is_overwritten
    with pytest.raises(OperationalError, match="written over"):
        _connect_as_another_process(file)


async def test_a_file_written_over_while_nothing_was_written_is_noticed_at_the_end(
    sqlite_url: str,
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store:
        older = _copy_whole(file, file.with_name("older"))
        await store.note_identity()
        _checkpoint(file)
        await store.write(insert, some_task())
        shutil.copyfile(older, file)
    with pytest.raises(OperationalError, match=OVERWRITTEN):
        _connect_as_another_process(file)


async def test_what_processes_do_to_their_own_file_is_not_taken_for_somebody_else(
    sqlite_url: str,
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store, Store(sqlite_url, SystemClock()) as other:
        for number in range(3):
            for one in (store, other):
                await one.write(insert, some_task())
                await one.note_identity()
            _checkpoint(file)
            await other.write(insert, some_task())
            _touch(file)
            await store.write(insert, some_task())
            with closing(sqlite3.connect(file, isolation_level=None)) as shell:
                shell.execute("PRAGMA wal_checkpoint" if number else "VACUUM")
        await store.write(insert, some_task())
    noted = read_note(file)
    assert noted is not None
    assert (noted.is_overwritten, noted.stamp > 0, noted.counter > 0) == (False, True, True)
    _connect_as_another_process(file)


def _as_a_crash_leaves_it(file: Path, to: Path) -> Path:
    to.mkdir()
    for end in (*ENDS[:2], "-feed"):
        shutil.copyfile(f"{file}{end}", to / f"{file.name}{end}")
    return to / file.name


async def test_the_log_of_another_file_is_not_mixed_into_an_older_one(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store:
        await store.write(insert, some_task())
        await store.note_identity()
        alone = shutil.copyfile(file, file.with_name("alone"))
        _checkpoint(file)
        await store.note_identity()
        whole = _copy_whole(file, file.with_name("whole"))
        await store.write(insert, some_task())
        crashed = _as_a_crash_leaves_it(file, file.with_name("crashed"))
        places = {}
        for older in (alone, whole):
            places[older] = _as_a_crash_leaves_it(file, file.with_name(f"{older.name}-crashed"))
            shutil.copyfile(older, places[older])
    _connect_as_another_process(crashed)
    with closing(sqlite3.connect(crashed)) as db:
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (2,)
    for place in places.values():
        with pytest.raises(OperationalError, match=OLD_LOG):
            _connect_as_another_process(place)
        _remove_log_of_crash(place)
        _connect_as_another_process(place)


def _remove_log_of_crash(file: Path) -> None:
    log = Path(f"{file}-wal")
    assert log.stat().st_size
    log.unlink()


async def test_numbers_leap_when_a_copy_is_read_in_under_a_process(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    async with Store(sqlite_url, SystemClock()) as store:
        older = _copy_whole(file, file.with_name("older"))
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            db.execute("UPDATE feed_head SET seq = seq + 7")
        await store.note_identity()
        with closing(sqlite3.connect(older)) as copy, closing(sqlite3.connect(file)) as db:
            copy.backup(db)  # the shell's `.restore`
        await store.note_identity()
        assert await store.read(feed_head.find_newest) > feed_head.LEAP
        (said,) = await store.read(conditions.list_open)
        assert said.name == DATABASE_CHANGED
