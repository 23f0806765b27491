"""The note beside a SQLite file: what was known of the file when a process last looked.

It tells an older copy in the place of the file from the file itself, as nothing inside could.
"""

import json
import logging
import os
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tracker.clock import make_token
from tracker.store.driver.file_header import FileHeader

log = logging.getLogger(__name__)

OVERWRITTEN = (
    "the database file was written over while processes worked on it, so that what it holds is "
    "mixed: stop every process, move it away together with its -wal and -shm, and restore"
)
OLD_LOG = (
    "an older file was put in the place of the database, beside the -wal of the one before, which "
    "would be mixed into it: move both away together with the -shm, and restore"
)
_HEADER_BYTES = 100
_LOCK = threading.Lock()
_LOOKED_AT: set[Path] = set()


@dataclass(frozen=True, slots=True)
class FileNote:
    """Content of the note beside a SQLite file.

    mark:    of the file that the numbers of the feed belong to.
    seq:     a number that was given out.
    inode:   of that file: a copy that takes its place has another one.
    counter: of the file's header, without its log; 0: not known.
    stamp:   the same.
    is_overwritten: whether somebody wrote to this file past SQLite.
    """

    mark: str
    seq: int
    inode: int
    counter: int = 0
    stamp: int = 0
    is_overwritten: bool = False

    def is_of(self, file: Path, mark: str, seq: int) -> bool:
        """Return whether it speaks of this file, and of nothing newer than is in there."""
        return self.mark == mark and self.inode == file.stat().st_ino and self.seq <= seq


def note_path(file: Path) -> Path:
    """Return where the note of a SQLite file stands."""
    return file.with_name(f"{file.name}-feed")


def read_note(file: Path) -> FileNote | None:
    """Return the note beside a file; None when there is none, or none that can be read."""
    try:
        found = json.loads(note_path(file).read_text())
        return FileNote(
            str(found["mark"]),
            int(found["seq"]),
            int(found["inode"]),
            int(found.get("counter", 0)),
            int(found.get("stamp", 0)),
            found.get("is_overwritten") is True,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not isinstance(error, FileNotFoundError):
            log.warning(
                "the noted number cannot be read: %(file)s: %(reason)s",
                {"file": note_path(file), "reason": error},
            )
        return None


def write_note(file: Path, note: FileNote) -> None:
    """Write it whole or not at all. One that cannot be written makes the numbers leap later."""
    place = note_path(file)
    fresh = place.with_name(f"{place.name}.{make_token()}")
    try:
        written = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(written, "w") as out:
            out.write(json.dumps(asdict(note)))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(place)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        log.warning(
            "the newest number cannot be noted: %(file)s: %(reason)s",
            {"file": place, "reason": error},
        )


def note_overwritten(file: Path) -> None:
    """Have no process start on the file as it is, until a restore has put another in its place."""
    note = read_note(file)
    if note is not None and not note.is_overwritten:
        write_note(file, replace(note, is_overwritten=True))


def copy_note(file: Path, to: Path) -> None:
    """Write the note of a file beside another one, which nobody has written over."""
    note = read_note(file)
    if note is not None:
        write_note(to, replace(note, is_overwritten=False))


def find_mixture(file: Path) -> str | None:
    """Return why nothing may connect to a SQLite file; None where something may.

    It is looked at once in a process, before its first connection: see `file_header`.
    Raises OSError.
    """
    with _LOCK:
        if file in _LOOKED_AT:
            return None
        found = _find_mixture(file)
        if found is None:
            _LOOKED_AT.add(file)
        return found


def _find_mixture(file: Path) -> str | None:
    note = read_note(file) if file.exists() else None
    if note is None:
        return None
    if note.is_overwritten and note.inode == file.stat().st_ino:
        return OVERWRITTEN
    log_file = Path(f"{file}-wal")
    if not log_file.exists() or not log_file.stat().st_size:
        return None
    with file.open("rb") as opened:
        header = FileHeader(opened.read(_HEADER_BYTES))
    # Only a checkpoint changes the file, and neither number ever falls.
    is_older = header.counter < note.counter or header.stamp < note.stamp
    return OLD_LOG if is_older or not header.is_whole else None
