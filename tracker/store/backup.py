"""Copy a SQLite database while it is written, and look at what a backup says of a database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from tracker.domain.errors import Misuse
from tracker.domain.lifecycle import Transition, fold
from tracker.domain.task import Task
from tracker.store import tasks as task_rows
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.engine import open_engine
from tracker.store.driver.file_damage import list_damage
from tracker.store.driver.outage import shorten_error
from tracker.store.revision import FoundSchema, look
from tracker.store.schema import feed_head, tasks, transitions
from tracker.store.transitions import read_transition

HISTORIES = 1000
"""How many are folded; they are spread over all tasks."""
_TOGETHER = 250
"""Tasks whose history one query loads."""


class BackupFailed(Exception):
    """The database cannot be copied, or what it holds is damaged. The message is one line."""


@dataclass(frozen=True, slots=True)
class Contents:
    """State of a database, as one transaction sees it.

    schema:    see `revision.look`.
    now:       the database server's time; None where there is no server.
    newest_at: time of the newest entry of the feed; None while it is empty.
    histories: how many were folded.
    flaws:     a line for each history that does not lead to its task, and for damage of the file.
    """

    schema: FoundSchema
    seq: int
    origin: str
    now: datetime | None
    newest_at: datetime | None
    histories: int
    flaws: Sequence[str]


def copy(file: Path, into: Path) -> None:
    """Write a SQLite database, as it is at this moment, into a new file. Raises BackupFailed.

    Nobody waits for it, and it begins again for nobody's commit. The connection may only read, so
    that it never moves the log into the file either.
    """
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as db:
            db.execute("VACUUM INTO ?", (str(into),))
    except sqlite3.Error as error:
        # The error is of either: SQLite does not say which of the two disks is full.
        raise BackupFailed(f"{file} cannot be copied to {into.parent}: {error}") from error


def examine(url: str, *, histories: int = HISTORIES) -> Contents:
    """Look at a database. Raises BackupFailed when it cannot be read.

    histories: about how many are folded and compared with their tasks.
    """
    with open_database(url) as engine:
        reading = engine.execution_options(sqlite_begin="DEFERRED")
        if get_dialect(engine).has_server:
            reading = reading.execution_options(isolation_level="REPEATABLE READ")
        return _examine_contents(reading, histories)


def find_newest_entry(url: str) -> datetime | None:
    """Return the time of the newest entry of a database's feed, whatever its schema.

    None while it is empty, and where there are no tables. Raises BackupFailed.
    """
    with open_database(url) as engine:
        reading = engine.execution_options(sqlite_begin="DEFERRED")
        with reading.connect() as db:
            return db.scalar(_NEWEST) if inspect(db).has_table(transitions.name) else None


@contextmanager
def open_database(url: str) -> Iterator[Engine]:
    """Open an engine for a command; errors of the database inside are BackupFailed."""
    engine = open_engine(url, pool_size=1)
    try:
        yield engine
    except DBAPIError as error:
        raise BackupFailed(shorten_error(error)) from error
    finally:
        engine.dispose()


_NEWEST = select(transitions.c.at).order_by(transitions.c.seq.desc()).limit(1)


def _examine_contents(engine: Engine, histories: int) -> Contents:
    with engine.connect() as db, db.begin():
        schema = look(db)
        if schema.misfit is not None:
            raise BackupFailed(schema.misfit)
        seq, origin = db.execute(select(feed_head.c.seq, feed_head.c.origin)).one()
        now = None
        flaws = []
        if get_dialect(db).has_server:
            now = db.scalar(text("SELECT now()"))
        else:
            flaws += [f"quick check: {line}" for line in list_damage(db, most=5)]
        keys = _spread_keys(db, histories)
        flaws += _find_broken(db, keys)
        return Contents(schema, seq, origin, now, db.scalar(_NEWEST), len(keys), flaws)


def _spread_keys(db: Connection, count: int) -> list[int]:
    """Return keys of tasks, first and last and evenly between."""
    first, last = db.execute(select(func.min(tasks.c.key), func.max(tasks.c.key))).one()
    if first is None:
        return []
    step = max((last - first) / max(count - 1, 1), 1.0)
    found: set[int] = set()
    for number in range(count):
        at = first + round(number * step)
        if at > last:
            break
        key = db.scalar(select(func.min(tasks.c.key)).where(tasks.c.key >= at))
        if key is not None:
            found.add(key)
    return sorted(found)


def _find_broken(db: Connection, keys: Sequence[int]) -> list[str]:
    flaws: list[str] = []
    for start in range(0, len(keys), _TOGETHER):
        some = keys[start : start + _TOGETHER]
        found = task_rows.get_by_keys(db, some)
        query = select(transitions).where(transitions.c.task_key.in_(some))
        rows = db.execute(query.order_by(transitions.c.task_key, transitions.c.version))
        histories = {
            key: [read_transition(row) for row in group]
            for key, group in groupby(rows, lambda row: row.task_key)
        }
        for key, task in found.items():
            flaw = _compare_with_history(task, histories.get(key, []))
            flaws += [] if flaw is None else [f"task {task.id}: {flaw}"]
    return flaws


def _compare_with_history(task: Task, history: Sequence[Transition]) -> str | None:
    """Return how a task differs from what its history leads to; None where it does not."""
    try:
        state = fold(history)
    except Misuse as error:
        return str(error)
    if (state, len(history)) == (task.state, task.version):
        return None
    return (
        f"it is {task.state} at version {task.version}, its history ends {state} at {len(history)}"
    )
