"""One transaction, as services see it."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from tracker.clock import Clock, ServerClock
from tracker.domain.work import JobKind
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.driver_errors import AsSqlalchemy

_TURN = "turn"


_Batch = TypeVar("_Batch", bound=Callable[..., Any])


def run_first(batch: _Batch) -> _Batch:
    """Have a kind of write come before the others of its transaction, as it locks a budget."""
    batch.__dict__[_TURN] = -1
    return batch


def run_last(batch: _Batch) -> _Batch:
    """Have a kind of write come behind the others of its transaction, as it locks an account."""
    batch.__dict__[_TURN] = 1
    return batch


def get_turn(batch: Callable[..., Any]) -> int:
    """Return a number by which the kinds of write of a transaction are sorted.

    So all processes lock in one order, and none waits in a circle: budgets and names of new tasks,
    tasks, accounts, the feed (`Tx.defer`).
    """
    return getattr(batch, _TURN, 0)


class Tx:
    """A transaction that is open now.

    db:    for the statement modules of this room.
    woken: kinds of job that became due; the process's own workers hear of them after the commit.
    moved: whether the change feed grew.
    after_commit: what to call in the event loop once all of it is kept; nothing that can fail.
    """

    def __init__(self, db: Connection, clock: Clock) -> None:
        """Owned by the writer; nobody else makes one."""
        self.db = db
        self._clock = clock
        self.woken: set[JobKind] = set()
        self.moved = False
        self.after_commit: list[Callable[[], None]] = []
        self._last: list[Callable[[], None]] = []

    def defer(self, write: Callable[[], None]) -> None:
        """Have this written behind all else: what it locks, every other writer waits for."""
        self._last.append(write)

    def write_deferred(self) -> None:
        """Write what was deferred: before the commit, or before something reads it."""
        deferred, self._last = self._last, []
        for write in deferred:
            write()

    @cached_property
    def now(self) -> datetime:
        """The transaction's time: for what is recorded. A service's clock is the server's."""
        return self._clock.now()

    @cached_property
    def lease_now(self) -> datetime:
        """The time by which leases are judged, the same for every process.

        PostgreSQL: the server's clock, as workers on several machines share no other. SQLite: the
        machine's, which all its processes share.
        """
        if get_dialect(self.db).has_server:
            asked_s = self._clock.monotonic()
            at = _ask_time(self.db)
            if isinstance(self._clock, ServerClock):
                self._clock.hear(at, asked_s)
            return at
        return self._clock.now()

    def lock_account(self, provider: str, account: str) -> None:
        """Lock an account: nobody else counts its slots until the commit."""
        get_dialect(self.db).lock(self.db, f"account\n{provider}\n{account}")


def _ask_time(db: Connection) -> datetime:
    """Return the server's time; through the writer's pipe, which need not be emptied for it."""
    statement, pipe = "SELECT clock_timestamp()", bulk.pipe_of(db)
    if pipe is None:
        at: datetime = db.execute(text(statement)).scalar_one()
        return at
    with AsSqlalchemy(db):
        [(at,)] = pipe.send(statement, soon=True).read_rows()
    return at
