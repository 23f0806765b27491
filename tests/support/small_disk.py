"""A disk of a few megabytes, which a test fills up: a file system in memory with a size."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NO_MOUNT = "this process may mount no file system: a real full disk is not tested"


class SmallDisk:
    """A mounted disk. path: its root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Leave so many bytes free, to a page or two."""
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                free = os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize - but
                if free <= 0:
                    return
                file.write(bytes(free))

    def set_read_only(self) -> None:
        """Let nobody write to it. Nobody may have a file of it open for that."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)

    def free_space(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def mount_small_disk(path: Path, *, size: int) -> Iterator[SmallDisk]:
    """Mount one at a folder to be made. Skips the test where that is not permitted."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip(NO_MOUNT)
    if done.returncode:
        pytest.skip(f"{NO_MOUNT} ({done.stderr.decode().strip()})")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
