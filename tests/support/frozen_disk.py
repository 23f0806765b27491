"""A disk that a test freezes: a file system of its own, on which whoever writes waits."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NO_MOUNT = "this process may mount no file system: a frozen disk is not tested"
LONGEST_S = 30
"""After so long it thaws by itself, so that a test that waits for it fails and ends."""


@contextmanager
def mount_disk(path: Path) -> Iterator[Path]:
    """Mount one at a folder to be made. Skips the test where that is not permitted."""
    image = path.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(8 * 1024**2)
    path.mkdir()
    try:
        for command in (["mkfs.ext2", "-q"], ["mount", "-o", "loop"]):
            where = [str(image)] if command[0] != "mount" else [str(image), str(path)]
            subprocess.run([*command, *where], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip(NO_MOUNT)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def freeze_disk(path: Path) -> Iterator[None]:
    """Let nobody's write to a mounted disk return within the block."""
    subprocess.run(["fsfreeze", "--freeze", str(path)], check=True)
    words = ["sh", "-c", f'sleep {LONGEST_S}; fsfreeze --unfreeze "$0"', str(path)]
    with subprocess.Popen(words, start_new_session=True) as late:
        try:
            yield
        finally:
            late.kill()
            subprocess.run(["fsfreeze", "--unfreeze", str(path)], check=False)
