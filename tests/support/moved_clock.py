"""A clock that a test moves, of the process and of its database alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

from tests.support.workbench import HandClock

_PREPARE = """
CREATE SCHEMA moved;
CREATE TABLE moved.time AS SELECT pg_catalog.clock_timestamp() AS at;
CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT at FROM moved.time';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = moved, public, pg_catalog',
                   current_database());
END $$
"""
"""The server's own function stands behind (postgresql.org/docs/current/ddl-schemas.html)."""


class ServerClock(HandClock):
    """Moves the time of a PostgreSQL database too, by which leases are judged."""

    def __init__(self, db: psycopg.Connection) -> None:
        """db: of that database, in autocommit; prepared."""
        self._db = db
        super().__init__()

    @property
    def at(self) -> datetime:
        """The time."""
        return self._at

    @at.setter
    def at(self, at: datetime) -> None:
        self._at = at
        self._db.execute("UPDATE moved.time SET at = %s", (at,))


@contextmanager
def make_moved_clock(database_url: str) -> Iterator[HandClock]:
    """Yield a clock for a store on this database, which nobody is connected to so far."""
    if database_url.startswith("sqlite"):
        yield HandClock()
        return
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(_PREPARE)
        yield ServerClock(db)
