"""SQLite's log gets into its file beside the writer, and a process killed then loses nothing."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest

from tests.support.killed_checkpoint import BEGIN, write_one
from tests.support.service import ROOT
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.clock import SystemClock
from tracker.domain.signals import CrashPoint
from tracker.store.driver import bulk
from tracker.store.driver.checkpoints import BOUND, Checkpoints
from tracker.store.driver.engine import open_engine
from tracker.store.driver.line import WriteConnection
from tracker.store.driver.log_frames import count_frames
from tracker.store.store import Store

MOST = 5000
"""Transactions of a test, a thread's pause being so many at most."""


class Carried:
    """A file whose log a thread puts into it. passed: one more for each of its passes."""

    def __init__(self, file: Path) -> None:
        self.file, self.log = file, Path(f"{file}-wal")
        self.passed = threading.Semaphore(0)
        self.checkpoints = Checkpoints(file, self._note, begin=BEGIN)
        self.engine = open_engine(f"sqlite:///{file}", pool_size=2)
        self.line = WriteConnection(self.engine, checkpoints=self.checkpoints)

    def _note(self, point: CrashPoint) -> None:
        if point is CrashPoint.LOG_CARRIED:
            self.passed.release()

    def is_begun_anew(self, transactions: int) -> bool:
        """Write on, until the log is begun anew or so many transactions are written."""
        for _ in range(transactions):
            before = count_frames(self.log)
            write_one(self.line)
            if count_frames(self.log) < before:
                return True
            if before > BEGIN:
                self.passed.acquire(timeout=0.005)
        return False


@pytest.fixture
def carried(tmp_path: Path) -> Iterator[Carried]:
    one = Carried(tmp_path / "carried.db")
    one.checkpoints.start()
    yield one
    one.checkpoints.stop()
    one.line.close()
    one.engine.dispose()


def test_a_log_counts_as_many_pages_as_sqlite_says(carried: Carried) -> None:
    assert count_frames(carried.log) == 0
    for anew in range(2):
        for _ in range(3):
            write_one(carried.line)
        counted = count_frames(carried.log)
        db = carried.line.begin()
        carried.line.roll_back()
        _, there, done = bulk.run(db, "PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert (there, done) == (counted, counted), anew


def test_a_log_is_put_into_the_file_and_begun_anew_while_others_write(carried: Carried) -> None:
    assert carried.is_begun_anew(MOST)
    assert carried.is_begun_anew(MOST)


def test_a_log_that_a_reader_needs_is_begun_anew_once_he_is_gone(carried: Carried) -> None:
    write_one(carried.line)
    with closing(sqlite3.connect(carried.file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM blocks").fetchone() == (1,)
        assert not carried.is_begun_anew(2 * BEGIN)
        assert reader.execute("SELECT count(*) FROM blocks").fetchone() == (1,)
    assert carried.is_begun_anew(MOST)


def test_a_stop_between_a_look_and_what_it_waits_for_next_is_not_missed(tmp_path: Path) -> None:
    """A thread of low priority may stand there for long on a busy machine."""
    checkpoints = Checkpoints(tmp_path / "stopped.db")
    stopping = threading.Thread(target=checkpoints.stop, daemon=True)
    has_begun = threading.Event()

    def stop_here(frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code is threading.Event.clear.__code__:
            stopping.start()
            wait_until(lambda: _waits_in_join(stopping))
            has_begun.set()

    threading.setprofile(stop_here)  # of threads that are started from now on
    try:
        checkpoints.start()
    finally:
        threading.setprofile(None)
    checkpoints.note_commit()
    assert has_begun.wait(PATIENCE_S)
    stopping.join(PATIENCE_S)
    assert not stopping.is_alive()


def _waits_in_join(thread: threading.Thread) -> bool:
    """Return true if a thread waits for the end of another one."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code is threading.Thread.join.__code__:
            return True
        frame = frame.f_back
    return False


@pytest.mark.anyio
async def test_the_writers_own_commits_leave_the_log_alone_up_to_a_bound(sqlite_url: str) -> None:
    async with Store(sqlite_url, SystemClock()) as store:
        [pages] = await store.write(
            lambda tx, items: (
                [bulk.run(tx.db, "PRAGMA wal_autocheckpoint").fetchone()] * len(items)
            ),
            None,
        )
    assert pages == BOUND


@pytest.mark.parametrize("passes", [1, 3])
def test_a_process_killed_while_its_log_is_put_into_the_file_has_lost_nothing(
    tmp_path: Path, passes: int
) -> None:
    file = tmp_path / "killed.db"
    child = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_checkpoint", file, str(passes)],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    told = int(child.stdout.split(b"\n")[-2])
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM blocks").fetchone()[0] >= told > 0
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
