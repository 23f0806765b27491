"""Notice that the SQLite file that a process works on was moved, replaced or written over.

Connections go on with the file that they opened, wherever it was moved, and even after it was
deleted. What is committed then is not where the next process looks for it; and what is committed
into a file that somebody has written over is mixed into theirs. Neither must be acknowledged.
https://www.sqlite.org/howtocorrupt.html, sections 1.1 and 2.4, read 2026-11-30.
"""

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from tracker.store.driver.file_header import FileHeader, FileWatch
from tracker.store.driver.file_note import OVERWRITTEN, note_overwritten

MOVED = (
    "the database file was moved or replaced while this process worked on it: put it back, or stop "
    "every process and restore"
)


class FileIdentity:
    """The file that an engine has connected to first; it may be away for a while."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Refuse connections to any other file from now on. Nothing is opened here."""
        self._path = path
        self._known: tuple[int, int] | None = None
        self._watch: FileWatch | None = None
        self._lock = threading.Lock()
        self._flaw: str | None = None
        event.listen(engine, "do_connect", self._check_before_connecting)
        event.listen(engine, "connect", self._remember_file)

    def check(self) -> None:
        """Raise OperationalError where another file lies there, or none, or a mixture."""
        flaw = self.find_flaw()
        if flaw is not None:
            raise OperationalError(None, None, sqlite3.OperationalError(flaw))

    def find_flaw(self) -> str | None:
        """Return why the file may not be written now; None where it may. For any thread."""
        with self._lock:
            if self._known is not None and self._read_identity() != self._known:
                return MOVED
            if self._flaw is None and self._watch is not None and self._watch.is_overwritten():
                self._flaw = OVERWRITTEN
                note_overwritten(self._path)
            return self._flaw

    def read_header(self) -> FileHeader | None:
        """Return how the file begins, without its log; None before the first connection."""
        with self._lock:
            return None if self._watch is None else self._watch.read_header()

    def look_last(self) -> None:
        """Look before the last connection puts the log into the file, which hides who wrote."""
        with contextlib.suppress(OSError):
            self.find_flaw()

    def close(self) -> None:
        """Close what was opened, once the engine has no connection any more."""
        with self._lock:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def _read_identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _check_before_connecting(self, *_given: Any) -> None:
        # SQLite would make an empty file where there is none.
        if self._known is not None and self._read_identity() != self._known:
            raise sqlite3.OperationalError(MOVED)

    def _remember_file(self, *_given: Any) -> None:
        with self._lock:
            if self._known is None:
                self._known = self._read_identity()
            if self._watch is None:
                self._watch = FileWatch(self._path)
                self._watch.is_overwritten()
