"""Put what SQLite's log holds into the file beside the writer, so that no commit has to.

SQLite has the commit that fills the log do it: some 4000 pages, in 10 to 30 ms of a processor, and
all others wait. Here a thread of its own does it while transactions go on. As they go on it never
comes to the end, so that the writer does what is left between two of them: a hundred pages. Its
next transaction then begins the log anew. Where a reader stands in the way, or the thread cannot go
on, the log grows to `BOUND` pages, and from there on each commit tries, as SQLite does by itself.

How a log gets into the file, and why a process may be killed at any time meanwhile:
https://www.sqlite.org/wal.html, read 2026-11-29.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tracker.domain.signals import CrashPoint, Signal, ignore_signal
from tracker.precedence import step_back
from tracker.store.driver import bulk
from tracker.store.driver.log_frames import count_frames
from tracker.store.driver.outage import shorten_error

log = logging.getLogger(__name__)

BEGIN = 4000
"""Pages of 4 KB in the log with which the thread begins: the more, the more often changed pages go
into the file once."""
BOUND = 16_000
"""Pages in the log from which on every commit tries by itself."""
LOOK_S = 0.05
"""From a commit to a look at the log; under the heaviest load some 500 pages come meanwhile."""
LEFT = 100
"""Pages that are left to the writer."""
_PASSES = 5
_PASS = "PRAGMA wal_checkpoint(PASSIVE)"  # noqa: S105 - not a password
"""Waits for nobody, and nobody waits for it."""


class Checkpoints:
    """The checkpoints of one writer, in whose thread all but `start` and `stop` is called."""

    def __init__(
        self,
        file: Path,
        signal: Signal = ignore_signal,
        *,
        begin: int = BEGIN,
        find_flaw: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Nothing happens before `start`. file: the database. begin: see BEGIN.

        find_flaw: tells why the file may not be written, for any thread; see `file_identity`.
        """
        self._file = file
        self._log = Path(f"{file}-wal")
        self._at = signal
        self._begin = begin
        self._find_flaw = find_flaw
        self._done = 0
        self._is_near = False
        self._committed, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracker-checkpoints", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after a pass that is under way."""
        self._stopped.set()
        self._committed.set()
        self._thread.join()

    def take_over(self, db: Connection) -> None:
        """Have the commits of a new connection of the writer leave the log alone up to BOUND."""
        bulk.run(db, f"PRAGMA wal_autocheckpoint={BOUND}")

    def note_commit(self) -> None:
        """Note that the log may have grown."""
        if not self._committed.is_set():
            self._committed.set()

    def finish(self, db: Connection) -> None:
        """Do what is left between two transactions, once it is little. db: the writer's."""
        if not self._is_near:
            return
        self._is_near = False
        if self._find_flaw() is not None:
            return
        try:
            bulk.run(db, _PASS).fetchone()
        except SQLAlchemyError as error:  # the next transaction meets what is wrong, and tells
            _warn(shorten_error(error))

    def _run(self) -> None:
        step_back()
        while True:
            self._committed.wait()
            if self._stopped.wait(LOOK_S):
                return
            self._committed.clear()
            if self._stopped.is_set():  # it may be what was cleared: `stop` sets this one first
                return
            try:
                self._look()
            except (sqlite3.Error, OSError) as error:
                _warn(str(error))

    def _look(self) -> None:
        """Put the log into the file where it is long enough."""
        there = count_frames(self._log)
        if there < self._done:  # it was begun anew
            self._done = 0
        if there - self._done < self._begin or self._find_flaw() is not None:
            return
        # Where the file was moved away, no empty one is made in its place.
        address = f"{self._file.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=0)) as db:
            db.execute("PRAGMA synchronous=FULL")
            for _ in range(_PASSES):
                is_busy, _there, done = db.execute(_PASS).fetchone()
                if is_busy:  # another process is at it
                    return
                self._at(CrashPoint.LOG_CARRIED)
                before, self._done = self._done, done
                # What a reader still needs, or is being committed, no further pass gets at.
                if min(count_frames(self._log) - done, done - before) <= LEFT:
                    break
        self._is_near = True


def _warn(reason: str) -> None:
    log.warning("the log is left to commits for now: %(reason)s", {"reason": reason})
