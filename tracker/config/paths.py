"""Paths in settings: refused without being repeated, as a secret may stand in their place."""

import os
from pathlib import Path

_NAME_BYTES, _PATH_BYTES = 255, 4096
"""The most of a name and of a path (https://man7.org/linux/man-pages/man3/sysconf.3.html; NAME_MAX
and PATH_MAX of Linux, read 2026-11-30)."""


def is_file(path: Path) -> bool:
    """Tell whether a file can be reached by a path; a whole file may stand in its place."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or in a folder that is closed to us
        return False


def check_file(path: Path) -> Path:
    """Return the path of a file that is there. Raises ValueError, which does not hold it."""
    if not is_file(path):
        raise ValueError("must be the path of a file that exists")
    return path


def check_path(path: Path) -> Path:
    """Return a path that a file system may have. Raises ValueError, which does not hold it."""
    if len(os.fsencode(path)) >= _PATH_BYTES or any(
        len(os.fsencode(part)) > _NAME_BYTES for part in path.parts
    ):
        raise ValueError("must be a path: no file has so long a name")
    return path


def check_folder(path: Path) -> Path:
    """Return a path that a folder has, or may get. Raises ValueError, which does not hold it."""
    if any(map(is_file, (check_path(path), *path.parents))):
        raise ValueError("must be the path of a folder, and a file stands there")
    return path
