"""The folder of a backup: written aside, brought to disk, then given its name."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.clock import make_token
from tracker.domain import manifest
from tracker.domain.manifest import BackupFile, Manifest, ManifestError
from tracker.domain.signals import CrashPoint, Signal

MANIFEST = "manifest.json"
SQLITE_FILE = "tracker.db"
DUMP_FILE = "tracker.dump"
_BLOCK = 1024 * 1024


class BackupRefused(Exception):
    """A backup cannot be made or used as asked; nothing was changed. The message is one line."""


@contextmanager
def open_aside(destination: Path, at: Signal) -> Iterator[Path]:
    """Give a new folder to write into; it gets its final name when the block ends well.

    Only its owner may read it. Whatever breaks off before leaves nothing under the final name; what
    a killed process has left is called `.NAME.….partial`.

    at: see domain.signals.
    Raises BackupRefused, OSError.
    """
    if destination.exists() or destination.is_symlink():
        raise BackupRefused(f"{destination} exists already")
    aside = destination.with_name(f".{destination.name}.{make_token()}.partial")
    try:
        aside.mkdir(mode=0o700, parents=True)
        yield aside
        for file in aside.iterdir():
            sync(file)
        sync(aside)
        at(CrashPoint.BACKUP_WRITTEN)
        aside.rename(destination)  # refused where another backup was faster
        sync(destination.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def sync(path: Path) -> None:
    """Bring a file or a folder to disk. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def digest(file: Path) -> BackupFile:
    """Return the size and the digest of a file. Raises OSError."""
    found, size = hashlib.sha256(), 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found.update(block)
            size += len(block)
    return BackupFile(size_bytes=size, sha256=found.hexdigest())


def check_backup(source: Path) -> Manifest:
    """Read a backup's manifest and compare its files with it. Raises BackupRefused."""
    place = source / MANIFEST
    try:
        found = manifest.read(place.read_bytes())
        for name, promised in found.files.items():
            if digest(source / name) != promised:
                raise BackupRefused(f"{source / name} is not the file that {MANIFEST} describes")
    except ManifestError as error:
        raise BackupRefused(f"{place}: {error}") from None
    except OSError as error:
        raise BackupRefused(f"{error.filename}: {error.strerror}") from error
    return found
