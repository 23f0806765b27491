"""Read what a SQLite file says of itself without SQLite, to tell who has written to it.

A process that closes any descriptor of a file gives up all its POSIX locks on that file, SQLite's
own as well: https://www.sqlite.org/howtocorrupt.html, section 2.2, read 2026-11-30. So what is
opened here stays open for as long as this process may have connections to the file.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_LENGTH = 100
_MAGIC = b"SQLite format 3\0"
_INDEX_LENGTH = 136


@dataclass(frozen=True, slots=True)
class FileHeader:
    """First bytes of a SQLite file, which only a checkpoint changes while a log is in use.

    Format: https://www.sqlite.org/fileformat2.html#the_database_header, read 2026-11-30.
    """

    raw: bytes

    @property
    def is_whole(self) -> bool:
        """Return whether these are the first bytes of a SQLite file."""
        return len(self.raw) == _LENGTH and self.raw.startswith(_MAGIC)

    @property
    def counter(self) -> int:
        """Return the file change counter: it never falls, also where a backup is read in by SQL."""
        return int.from_bytes(self.raw[24:28], "big")

    @property
    def stamp(self) -> int:
        """Return `user_version`, which `feed_head.stamp` raises once a minute."""
        return int.from_bytes(self.raw[60:64], "big")


class _Look(NamedTuple):
    """State of a file at one moment. carried: how far its log has been put into it."""

    carried: bytes
    written: tuple[int, int]
    header: bytes


class FileWatch:
    """Tells whether anybody has written to a SQLite file past SQLite; used by one thread at a time.

    The file changes by checkpoints alone, of any process, and each of them notes in the log's index
    how far it means to get before it writes, and how far it got afterwards. So a file that has
    changed while the index has not was written by somebody else, as `cp` does. The index:
    https://www.sqlite.org/walformat.html#the_wal_index_header, read 2026-11-30.
    """

    def __init__(self, path: Path) -> None:
        """path: a file that SQLite has connected to. Raises OSError."""
        self._index_path = f"{path}-shm"
        self._index: int | None = None
        self._known: _Look | None = None
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close what was opened, once this process has no connection to the file any more."""
        os.close(self._file)
        if self._index is not None:
            os.close(self._index)

    def read_header(self) -> FileHeader:
        """Return what stands at the beginning of the file. Raises OSError."""
        return FileHeader(os.pread(self._file, _LENGTH, 0))

    def is_overwritten(self) -> bool:
        """Return whether somebody else has written to the file since the last good look.

        A file whose header is as it was has only been touched, or was replaced by a copy of the
        last minute, of before `feed_head.stamp`. What is written while a checkpoint is under way,
        or between it and the next look, is told by the change counter alone. Raises OSError.
        """
        before, known = self._read_index(), self._known
        found = os.fstat(self._file)
        written = found.st_mtime_ns, found.st_size
        if known is not None and (before, written) == known[:2] and not _is_under_way(before):
            return False
        header = self.read_header()
        after = self._read_index()
        if known is not None and before and after:
            # Compared with the index of before the last look: a checkpoint between that one and
            # the look at the file is not taken for somebody else.
            is_ours = after != known.carried or _is_under_way(after)
            if not header.is_whole or (not is_ours and header.raw != known.header):
                return True
            if header.counter < FileHeader(known.header).counter:
                return True
        self._known = _Look(before, written, header.raw)
        return False

    def _read_index(self) -> bytes:
        """Return the salts of the log, and how much of it is, or is being, put into the file.

        Empty where there is none. It goes with the last connection and is made anew by the next.
        """
        if self._index is not None and not os.fstat(self._index).st_nlink:
            os.close(self._index)
            self._index = None
        if self._index is None:
            try:
                self._index = os.open(self._index_path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return b""
        raw = os.pread(self._index, _INDEX_LENGTH, 0)
        return raw[32:40] + raw[96:100] + raw[128:132]


def _is_under_way(index: bytes) -> bool:
    """Return whether a checkpoint has begun that has not got to where it meant to."""
    return index[8:12] != index[12:16]
