"""A place for the tests' files in memory, where the system has one with room.

Thousands of databases are made and dropped in a run. On a disk's file system most of the time of
the tests that need PostgreSQL went into making and forgetting those files, and every commit on
SQLite waited for the disk. A process that is killed loses no more of a file in memory than of one
on a disk, as both stay with the system.
"""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 * 1024**3


def find_memory_folder() -> Path | None:
    """Return where to make folders; None where files had better lie where they do by default."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)):
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES else None
