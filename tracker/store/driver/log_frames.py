"""How much a SQLite file's log holds, read from the log itself: SQLite tells no one but its hooks.

Format: https://www.sqlite.org/fileformat2.html#walformat, read 2026-11-29. A log is written from
its beginning again and again; each time has other salts, which stand in its header and in the
header of every frame.
"""

import os
from pathlib import Path

_HEADER, _FRAME_HEADER = 32, 24
_SALTS = slice(16, 24)
"""Of the header."""
_FRAME_SALTS = 8
"""Where they stand in a frame's header."""


def count_frames(log: Path) -> int:
    """Return how many pages the log of a SQLite file holds; 0 where there is none.

    Pages of a transaction that is under way may be counted or not. Nothing is locked.
    """
    try:
        opened = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        header = os.pread(opened, _HEADER, 0)
        if len(header) < _HEADER:
            return 0
        frame = _FRAME_HEADER + int.from_bytes(header[8:12], "big")
        first, last = 0, (os.fstat(opened).st_size - _HEADER) // frame
        while first < last:  # those of this time come first
            middle = (first + last) // 2
            salts = os.pread(opened, 8, _HEADER + middle * frame + _FRAME_SALTS)
            if salts == header[_SALTS]:
                first = middle + 1
            else:
                last = middle
        return first
    finally:
        os.close(opened)
