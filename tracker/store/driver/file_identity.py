"""Notice that another file lies where the SQLite file was that a process works on, or none.

Connections go on with the file that they opened, wherever it was moved, and even after it was
deleted. What is committed then is not where the next process looks for it: it must not be
acknowledged. https://www.sqlite.org/howtocorrupt.html#unlink, read 2026-11-30.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

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
        event.listen(engine, "do_connect", self._before_connecting)
        event.listen(engine, "connect", self._connected)

    def check(self) -> None:
        """Raise OperationalError where another file lies there, or none."""
        if self._known is not None and self._found() != self._known:
            raise OperationalError(None, None, sqlite3.OperationalError(MOVED))

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _before_connecting(self, *_given: Any) -> None:
        # SQLite would make an empty file where there is none.
        if self._known is not None and self._found() != self._known:
            raise sqlite3.OperationalError(MOVED)

    def _connected(self, *_given: Any) -> None:
        if self._known is None:
            self._known = self._found()
