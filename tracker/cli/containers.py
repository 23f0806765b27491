"""Refuse to start in a container that would forget the secrets of callback URLs."""

import re
from pathlib import Path

from tracker import environment
from tracker.cli.shared import fail
from tracker.settings import Settings

MARK = "container"
"""Set by who runs a container: https://systemd.io/CONTAINER_INTERFACE/, read 2026-11."""
MOUNTS = Path("/proc/self/mountinfo")
_FORGOTTEN = frozenset({"overlay", "tmpfs", "ramfs", "aufs", "fuse.fuse-overlayfs"})
"""File systems that end with the container."""
_ANONYMOUS = re.compile(r"/volumes/[0-9a-f]{64}/_data$")
"""A volume without a name, which the next container does not get."""
_FORGETS = (
    "in this container the secrets of callback URLs would be lost: set TRACKER_CALLBACK_SECRETS, "
    "or mount a volume at the data directory"
)


def refuse_forgetting(settings: Settings) -> None:
    """End the command where callback URLs that it gives away would die with the container."""
    if not environment.read().get(MARK) or settings.tracker_callback_secrets:
        return
    if MOUNTS.is_file() and not is_kept(settings.tracker_data_dir, MOUNTS.read_text()):
        fail(_FORGETS)


def is_kept(folder: Path, mounts: str) -> bool:
    """Tell whether a folder outlives the container.

    mounts: as /proc/self/mountinfo lists them,
    https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html, read 2026-11.
    """
    above = {str(path) for path in (folder.resolve(), *folder.resolve().parents)}
    found = [line.split() for line in mounts.splitlines()]
    own = max(
        (fields for fields in found if _unescape(fields[4]) in above),
        key=lambda fields: len(fields[4]),
        default=None,
    )
    if own is None or own[4] == "/" or _ANONYMOUS.search(own[3]):
        return False
    return own[own.index("-") + 1] not in _FORGOTTEN


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
