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

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from tracker.clock import make_token
from tracker.store import conditions
from tracker.store.conditions import DATABASE_CHANGED, Condition
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.file_header import FileHeader
from tracker.store.driver.file_note import FileNote, read_note, write_note

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


def find_origin(db: Connection) -> str:
    """Return what the database is: a copy, a restored one and a promoted standby are another."""
    return str(db.scalar(_ORIGIN))


def find_newest(db: Connection) -> int:
    """Return the newest number that was given out."""
    found = bulk.run(db, _NEWEST).fetchone()
    return int(found[0]) if found else 0


def take(db: Connection, count: int) -> int:
    """Take numbers on SQLite, where one transaction writes at a time. Returns that before them."""
    ((last,),) = bulk.run(db, _TAKE, (count,)).fetchall()
    return int(last) - count


def claim(db: Connection, *, now: datetime, header: FileHeader | None = None) -> bool:
    """Leap if this is another database than the one that gave out the numbers.

    Inside a transaction: the first on a connection, or any behind a pooler.
    now:    for the condition that says so.
    header: of a SQLite file, without its log; None where it is not known.
    Returns whether the numbers leapt. Raises DBAPIError.
    """
    note = None
    if get_dialect(db).has_server:
        seq, seen, origin = db.execute(_ROW_AND_IDENTITY).one()
        is_known, is_first = origin == seen, not seen
    else:
        seq, seen = db.execute(_ROW).one()
        note, origin = read_note(_find_file(db)), make_token()
        is_known = note is not None and note.is_of(_find_file(db), seen, seq)
        is_first = not seen and note is None
    if is_known:
        return False
    leap = 0 if is_first else LEAP + max((note.seq if note else 0) - seq, 0)
    claimed = db.execute(_CLAIM, {"leap": leap, "origin": origin, "seen": seen})
    if not get_dialect(db).has_server:
        # Before the commit: what breaks off here is found to differ, and leaps once more.
        write_note(_find_file(db), _make_note(db, origin, seq + leap, header))
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
    if not get_dialect(db).has_server:
        return False  # a file is looked at when it is opened
    _, seen, origin = db.execute(_ROW_AND_IDENTITY).one()
    return bool(seen != origin)


def stamp(db: Connection) -> None:
    """Raise the number in a SQLite file's header that tells an older copy of it; see `file_note`.

    SQLite's own change counter stays as it is while one connection alone writes.
    """
    ((version,),) = bulk.run(db, "PRAGMA user_version").fetchall()
    bulk.run(db, f"PRAGMA user_version={(int(version) + 1) % 2**31}")


def note(db: Connection, header: FileHeader | None) -> None:
    """Write the newest number beside a SQLite file; on PostgreSQL nothing is needed.

    header: of the file, without its log; None where it is not known.
    """
    if get_dialect(db).has_server:
        return
    seq, origin = db.execute(_ROW).one()
    noted = read_note(_find_file(db))
    fresh = _make_note(db, origin, seq, header)
    if noted is None or noted.mark != origin or noted.seq <= seq:
        if noted is not None and noted.inode == fresh.inode:
            fresh = replace(fresh, is_overwritten=noted.is_overwritten)
        if fresh != noted:
            write_note(_find_file(db), fresh)


def _make_note(db: Connection, mark: str, seq: int, header: FileHeader | None) -> FileNote:
    inode = _find_file(db).stat().st_ino
    if header is None:
        return FileNote(mark, seq, inode)
    return FileNote(mark, seq, inode, header.counter, header.stamp)


def _find_file(db: Connection) -> Path:
    return Path(f"{db.engine.url.database}")
