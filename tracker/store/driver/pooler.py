"""A look at the pooler between a process and PostgreSQL: its mode, and whether we can work there.

Two connections run one prepared statement in turn, the one while the other is inside a
transaction. A pooler that gives each transaction another session of the server, and does not
carry prepared statements there, fails it.
"""

import select
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine

from tracker.store.driver import bulk
from tracker.store.driver.driver_errors import AsSqlalchemy
from tracker.store.driver.server_session import is_pooled

ROUNDS = 4
_NAME = b"tracker_pooler_check"
_STATEMENT = b"SELECT CAST(pg_backend_pid() AS text)"
_NO_STATEMENT, _IS_THERE = "26000", "42P05"
UNPREPARED = (
    "the pooler gives each transaction another session and leaves prepared statements behind: set "
    "max_prepared_statements = 200 in PgBouncer (1.21 or newer), or pool_mode = session"
)
Mode = Literal["session", "transaction"]


@dataclass(frozen=True, slots=True)
class Pooler:
    """A pooler as its client sees it.

    mode: what a session of the server is given for.
    flaw: why this code cannot work behind it, and what to set; None when it can.
    """

    mode: Mode
    flaw: str | None


def examine(engine: Engine) -> Pooler | None:
    """Return what stands between us and the server; None for nothing. Raises DBAPIError."""
    with engine.connect() as one:
        if not is_pooled(one):
            return None
        with engine.connect() as other, AsSqlalchemy(one):
            return _Trial(bulk.get_driver(one), bulk.get_driver(other)).run()


def find_version(engine: Engine) -> str | None:
    """Return name and version of a PgBouncer that shows them to our user; None for any other."""
    there = engine.url.set(database="pgbouncer")
    positional, named = engine.dialect.create_connect_args(there)
    named["autocommit"] = True
    try:
        with psycopg.connect(*positional, **named) as console:
            row = console.execute("SHOW VERSION").fetchone()
    except psycopg.Error:
        return None
    return str(row[0]) if row else None


class SentQuery:
    """A statement on its way, which a pooler may hold back for as long as it has no session."""

    def __init__(self, db: Connection, statement: str) -> None:
        """Send it. db: outside a transaction. Raises DBAPIError."""
        self._db, self._pg = db, bulk.get_driver(db).pgconn
        with AsSqlalchemy(db):
            self._pg.send_query(statement.encode())

    def is_answered(self, *, within_s: float | None) -> bool:
        """Wait for its answer; tell whether it is there. within_s: None for however long."""
        with AsSqlalchemy(self._db):
            while self._pg.is_busy():
                if not select.select([self._pg.socket], [], [], within_s)[0]:
                    return False
                self._pg.consume_input()
        return True

    def count_rows(self) -> int:
        """Return how many rows it found, once it is answered. Raises DBAPIError."""
        found = 0
        self.is_answered(within_s=None)
        with AsSqlalchemy(self._db):
            while (answer := self._pg.get_result()) is not None:
                if answer.status != ExecStatus.TUPLES_OK:
                    raise psycopg.errors.error_from_result(answer)
                found += answer.ntuples
        return found


class _Trial:
    """Of two connections outside a transaction."""

    def __init__(self, one: Any, other: Any) -> None:
        self._pair = (one.pgconn, other.pgconn)
        self._processes: tuple[set[bytes], set[bytes]] = (set(), set())
        self._refusals: set[str] = set()

    def run(self) -> Pooler:
        for pg in self._pair:
            self._refuse(pg.prepare(_NAME, _STATEMENT))
        for turn in range(ROUNDS):
            self._interleave(turn % 2)
        one, other = self._processes
        is_session = len(one) == len(other) == 1 and not one & other
        is_lost = _NO_STATEMENT in self._refusals
        if is_session and not is_lost:
            return Pooler("session", None)
        is_lost = is_lost or _IS_THERE in self._refusals
        return Pooler("transaction", UNPREPARED if is_lost else None)

    def _interleave(self, inner: int) -> None:
        """Run the statement alone, then inside the other one's transaction.

        Sent and not waited for: a pooler with one session holds it back.
        """
        outer = 1 - inner
        asking, holding = self._pair[inner], self._pair[outer]
        self._note(inner, _run(asking))
        self._refuse(holding.exec_(b"BEGIN"))
        asking.send_query_prepared(_NAME, None, result_format=Format.TEXT)
        self._note(outer, _run(holding))
        holding.exec_(b"ROLLBACK")
        while (answer := asking.get_result()) is not None:
            self._note(inner, answer)

    def _note(self, place: int, answer: PGresult) -> None:
        if answer.status == ExecStatus.TUPLES_OK:
            self._processes[place].add(answer.get_value(0, 0) or b"")
        else:
            self._refuse(answer)

    def _refuse(self, answer: PGresult) -> None:
        if answer.status == ExecStatus.FATAL_ERROR:
            error = psycopg.errors.error_from_result(answer)
            if error.sqlstate not in (_NO_STATEMENT, _IS_THERE):
                raise error
            self._refusals.add(error.sqlstate)


def _run(pg: Any) -> PGresult:
    answer: PGresult = pg.exec_prepared(_NAME, None, result_format=Format.TEXT)
    return answer
