"""Statements on `feed_head`: the newest number of the feed, and whose numbers they are.

Readers of the feed keep a number. A database that came back from a backup, or a standby that took
over without the last commits, would give out numbers again that readers have passed, and they would
miss what is written under them. So each process that connects looks whether this is the database
that the numbers were given out by; where it is not, it leaps ahead of every number that may have
been given out elsewhere.

PostgreSQL says itself which one it is: its system identifier, its timeline, the database's and the
table's object ids. A SQLite file cannot: it carries a random mark, which stands, with the newest
number and the file's inode, in a note beside it too.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from tracker.clock import new_token
from tracker.store import conditions
from tracker.store.conditions import DATABASE_CHANGED, Condition
from tracker.store.driver import bulk
from tracker.store.driver.dialect import dialect_of

log = logging.getLogger(__name__)

NOBODY = ""
"""The tenant of the one row: the feed belongs to all."""
LEAP = 10**9
"""Numbers that are left out: more than any lost piece of a feed can have had."""
REASON = (
    "this is another database than before: a backup was restored, a standby took over, or the file "
    "was copied. The feed's numbers have leapt, so that readers with old cursors miss nothing; "
    "what was written after the backup is not here"
)
# SQLite alone: code before this row's numbers rows by the table's own counter.
_TAKE = (
    "UPDATE feed_head SET seq = max(seq, coalesce("
    "(SELECT seq FROM sqlite_sequence WHERE name = 'transitions'), 0)) + ? RETURNING seq"
)
# NULL on a standby, whose timeline is not decided and where nothing is written.
_IDENTITY = (
    "CASE WHEN NOT pg_is_in_recovery() THEN concat_ws('.',"
    " (SELECT system_identifier FROM pg_control_system()),"
    " left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),"
    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
    " CAST(CAST('feed_head' AS regclass) AS oid)) END"
)
_ROW = text("SELECT seq, origin FROM feed_head")
_ROW_AND_IDENTITY = text(f"SELECT seq, origin, {_IDENTITY} FROM feed_head")  # noqa: S608 - ours
_ORIGIN = text("SELECT origin FROM feed_head")
_NEWEST = "SELECT seq FROM feed_head"
_CLAIM = text("UPDATE feed_head SET seq = seq + :leap, origin = :origin WHERE origin = :seen")


def origin(db: Connection) -> str:
    """Return what the database is: a copy, a restored one and a promoted standby are another."""
    return str(db.scalar(_ORIGIN))


def newest(db: Connection) -> int:
    """Return the newest number that was given out."""
    found = bulk.run(db, _NEWEST).fetchone()
    return int(found[0]) if found else 0


def take(db: Connection, count: int) -> int:
    """Take numbers on SQLite, where one transaction writes at a time. Returns that before them."""
    ((last,),) = bulk.run(db, _TAKE, (count,)).fetchall()
    return int(last) - count


def claim(db: Connection, *, now: datetime) -> bool:
    """Leap if this is another database than the one that gave out the numbers.

    Inside a transaction: the first on a connection, or any behind a pooler.
    now: for the condition that says so.
    Returns whether the numbers leapt. Raises DBAPIError.
    """
    note = None
    if dialect_of(db).has_server:
        seq, seen, origin = db.execute(_ROW_AND_IDENTITY).one()
        is_known, is_first = origin == seen, not seen
    else:
        seq, seen = db.execute(_ROW).one()
        note, origin = _read_note(_file(db)), new_token()
        is_known = note is not None and note.is_of(_file(db), seen, seq)
        is_first = not seen and note is None
    if is_known:
        return False
    leap = 0 if is_first else LEAP + max((note.seq if note else 0) - seq, 0)
    claimed = db.execute(_CLAIM, {"leap": leap, "origin": origin, "seen": seen})
    if not dialect_of(db).has_server:
        # Before the commit: what breaks off here is found to differ, and leaps once more.
        _write_note(_file(db), origin, seq + leap)
    if is_first or not claimed.rowcount:  # another process was first
        return False
    conditions.raise_(db, Condition(DATABASE_CHANGED, "", "", REASON, now))
    log.warning(
        "condition %(condition)s: %(reason)s",
        {
            "condition": DATABASE_CHANGED,
            "became": "raised",
            "reason": REASON,
            "feed_head": seq + leap,
        },
    )
    return True


def is_elsewhere(db: Connection) -> bool:
    """Return whether the numbers are another server's, and nobody has leapt yet."""
    if not dialect_of(db).has_server:
        return False  # a file is looked at when it is opened
    _, seen, origin = db.execute(_ROW_AND_IDENTITY).one()
    return bool(seen != origin)


def note(db: Connection) -> None:
    """Write the newest number beside a SQLite file; on PostgreSQL nothing is needed."""
    if dialect_of(db).has_server:
        return
    seq, origin = db.execute(_ROW).one()
    noted = _read_note(_file(db))
    if noted is None or noted.mark != origin or noted.seq < seq:
        _write_note(_file(db), origin, seq)


@dataclass(frozen=True, slots=True)
class _Note:
    """Content of the note beside a SQLite file.

    mark:  of the file that the numbers belong to.
    seq:   a number that was given out.
    inode: of that file: a copy that takes its place has another one.
    """

    mark: str
    seq: int
    inode: int

    def is_of(self, file: Path, mark: str, seq: int) -> bool:
        """Return whether it speaks of this file, and of nothing newer than is in there."""
        return self.mark == mark and self.inode == file.stat().st_ino and self.seq <= seq


def note_path(file: Path) -> Path:
    """Return where the note of a SQLite file stands."""
    return file.with_name(f"{file.name}-feed")


def _file(db: Connection) -> Path:
    return Path(f"{db.engine.url.database}")


def _read_note(file: Path) -> _Note | None:
    """Return the note beside a file; None when there is none, or none that can be read."""
    try:
        found = json.loads(note_path(file).read_text())
        return _Note(str(found["mark"]), int(found["seq"]), int(found["inode"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not isinstance(error, FileNotFoundError):
            log.warning(
                "the noted number cannot be read: %(file)s: %(reason)s",
                {"file": note_path(file), "reason": error},
            )
        return None


def _write_note(file: Path, mark: str, seq: int) -> None:
    """Write it whole or not at all. One that cannot be written makes the numbers leap later."""
    place = note_path(file)
    fresh = place.with_name(f"{place.name}.{new_token()}")
    try:
        written = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(written, "w") as out:
            out.write(json.dumps(asdict(_Note(mark, seq, file.stat().st_ino))))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(place)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        log.warning(
            "the newest number cannot be noted: %(file)s: %(reason)s",
            {"file": place, "reason": error},
        )
