"""Give pages of a SQLite file that hold nothing any more back to the file system.

PRAGMAs: https://www.sqlite.org/pragma.html#pragma_auto_vacuum, read 2026-11-29.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from tracker.domain.errors import Unavailable
from tracker.store.driver.dialect import get_dialect

SLICE = 256
"""Pages of one transaction."""
_INCREMENTAL = 2


def give_back(engine: Engine) -> int:
    """Give back up to SLICE freed pages; returns how many. Raises Unavailable.

    None are on PostgreSQL, nor of a file that was made before pages could be: see `compact`.
    """
    if get_dialect(engine).has_server:
        return 0
    with _open_raw(engine) as db:
        (mode,) = db.execute("PRAGMA auto_vacuum").fetchone()
        (free,) = db.execute("PRAGMA freelist_count").fetchone()
        if mode != _INCREMENTAL or not free:
            return 0
        # As a script: an ordinary statement is stepped once, which frees one page.
        db.executescript(f"PRAGMA incremental_vacuum({SLICE})")
        return min(int(free), SLICE)


def compact(engine: Engine) -> None:
    """Write a SQLite file anew without free pages, so that pages can be given back from now on.

    Raises Unavailable while somebody else writes to it, or where there is no room.
    """
    with _open_raw(engine) as db:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        db.execute("PRAGMA temp_store=FILE")  # the copy may be larger than the memory
        db.execute("VACUUM")


@contextmanager
def _open_raw(engine: Engine) -> Iterator[sqlite3.Connection]:
    """Lend a connection of the driver's own, outside any transaction. Raises Unavailable."""
    with engine.connect() as db:
        connection = db.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - it is connected
        try:
            yield connection
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the file cannot be made smaller now: {error}") from error
