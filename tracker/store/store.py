"""The database behind one async face: `write` commits in groups, `read` never waits for a writer.

SQLAlchemy is used synchronously, in threads (docs/decisions/0002-sync-database-in-threads.md).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tracker.clock import Clock, ServerClock
from tracker.domain.errors import Unavailable
from tracker.domain.signals import Signal, ignore_signal
from tracker.domain.work import JobKind
from tracker.store import audit, feed_head
from tracker.store.driver import acting, freed_pages
from tracker.store.driver.checkpoints import Checkpoints
from tracker.store.driver.engine import find_sqlite_file, open_engine
from tracker.store.driver.file_identity import FileIdentity
from tracker.store.driver.line import WriteConnection
from tracker.store.driver.lookups import Lookups, wait_in_time
from tracker.store.driver.outage import (
    has_lost_connection,
    is_of_some_tables,
    is_outage,
    shorten_error,
)
from tracker.store.driver.patience import WriteWaiter
from tracker.store.driver.transaction import Tx
from tracker.store.driver.writer import UNTRIED_S, Writer
from tracker.telemetry.metrics import WRITER_STALLED, WRITER_WAITING

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Key = TypeVar("Key")
Result = TypeVar("Result")

Reading = Connection
"""The argument of a query: an open read transaction, or for `find` a connection."""
WAIT_S = 10.0
"""How long anybody waits for a write or a read, unless a setting says otherwise."""
READ_ONLY = "this process only reads (TRACKER_READ_ONLY): send this to one that writes"
TOLD_EVERY_S = 1.0
"""Between two lines of the log about reads that fail: each request that fails has one besides."""
READERS = 3
"""Threads that read. With the writer and the lookups: five connections per process."""


class _Unread(NamedTuple):
    """Reads of damaged, closed or missing tables. last_s: of the latest one, monotonic."""

    since: datetime
    last_s: float


class Store:
    """One per process. `async with` it; everything else goes through `read` and `write`."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        signal: Signal = ignore_signal,
        *,
        wait_s: float = WAIT_S,
        is_read_only: bool = False,
    ) -> None:
        """wait_s: how long anybody waits for a write or a read, in seconds.

        is_read_only: whether every write is refused; the database may be a standby.

        Raises ValueError for a URL that no database of ours has. Connects to nothing yet.
        """
        self._wait_s, self._clock = wait_s, clock
        self.is_read_only = is_read_only
        self._engine = open_engine(
            url,
            pool_size=READERS + 2,
            clock=clock if isinstance(clock, ServerClock) else None,
        )
        self._reading = self._engine.execution_options(sqlite_begin="DEFERRED")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="tracker-reader")
        looking = self._engine.execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
        self._lookups = Lookups(looking, self.read, wait_s=wait_s)
        file = find_sqlite_file(url)
        self._checkpoints, self._file = None, None
        if file is not None:
            self._file = FileIdentity(self._engine, file)
            self._checkpoints = Checkpoints(file, signal, find_flaw=self._file.find_flaw)
        self._line = line = WriteConnection(
            self._engine,
            self._claim,
            checkpoints=self._checkpoints,
            file=self._file,
        )
        self._writer = Writer(line, clock, self._notify, audit.record, signal, wait_s=wait_s)
        self._told_s: float | None = None
        self._unread: _Unread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Callable[[frozenset[JobKind], bool], None]] = []

    @property
    def engine(self) -> Engine:
        """For migrations and checks; services never see it."""
        return self._engine

    @property
    def position(self) -> str:
        """The place in the server's log that the last commit here lies before; empty: unknown."""
        return self._line.position

    @property
    def stalled_since(self) -> datetime | None:
        """Since when a transaction of this process's writer has stood still for too long."""
        return self._writer.patience.stalled_since

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._writer.start()
        if self._checkpoints is not None:
            self._checkpoints.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._writer.stop()
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.stop)
        self._lookups.close()
        self._readers.shutdown()
        if self._file is not None:
            self._file.look_last()
        self._engine.dispose()
        if self._file is not None:
            self._file.close()

    def show_metrics(self) -> None:
        """Let the metrics of this process be those of this store's writer."""
        patience = self._writer.patience
        WRITER_WAITING.ask = lambda: float(patience.waiting)
        WRITER_STALLED.ask = lambda: max(
            patience.stalled_s, self._writer.refused_s, self._measure_unread_s()
        )

    def call_on_commit(self, listener: Callable[[frozenset[JobKind], bool], None]) -> None:
        """Be told, in the event loop, which kinds a local commit woke and whether the feed grew."""
        self._listeners.append(listener)

    @property
    def failed_s(self) -> float | None:
        """Return when the database last refused a write, in monotonic seconds; None: never."""
        return self._writer.failed_s

    @property
    def refused_since(self) -> datetime | None:
        """Since when the database has refused a kind of write; None: it takes them all."""
        return self._writer.refused_since

    @property
    def unread_since(self) -> datetime | None:
        """Since when a part of the database could not be read; None: nothing met one lately."""
        unread = self._unread
        if unread is None or self._clock.monotonic() - unread.last_s > UNTRIED_S:
            return None
        return unread.since

    @property
    def is_full(self) -> bool:
        """Return whether the database's disk refuses a kind of write; others may go on."""
        return self._writer.is_full

    def call_on_recovery(self, listener: Callable[[datetime, datetime], None]) -> None:
        """Be told, in the event loop, from when to when writes have stood still."""
        self._writer.patience.call_on_recovery(listener)

    def write(
        self,
        batch: Callable[[Tx, Sequence[Item]], Sequence[Result | Exception]],
        item: Item,
        *,
        is_patient: bool = False,
    ) -> "asyncio.Future[Result]":
        """Apply one item of a set-based operation, for whoever acts in this context.

        See Writer.write and `acting`.
        """
        if self.is_read_only:
            refused: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
            refused.set_exception(Unavailable(READ_ONLY))
            return refused
        act = acting.get_action()
        return self._writer.write(batch, item, is_patient=is_patient, act=act)

    def write_all(
        self,
        batch: Callable[[Tx, Sequence[Item]], Sequence[Result | Exception]],
        items: Sequence[tuple[Item, WriteWaiter]],
    ) -> None:
        """Apply items of a set-based operation that no person asked for. See Writer.write_all."""
        if self.is_read_only:
            for _, waiter in items:
                waiter.set_exception(Unavailable(READ_ONLY))
            return
        self._writer.write_all(batch, items)

    async def read(self, query: Callable[[Reading], Result]) -> Result:
        """Run a query in a read transaction of its own.

        Raises Unavailable when the database cannot be reached, or does not answer in time.
        """
        reading = asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)
        return await wait_in_time(reading, self._wait_s)

    async def wait_in_time(self, work: Awaitable[Result]) -> Result:
        """Wait for several reads and writes for no longer than for one. Raises Unavailable."""
        return await wait_in_time(work, self._wait_s)

    def find(
        self, query: Callable[[Reading, Sequence[Key]], Mapping[Key, Result]], key: Key
    ) -> "asyncio.Future[Result | None]":
        """Find the query's result for one key, or None; concurrent callers share the query.

        The query is one statement: there is no transaction around it.

        Raises Unavailable when the database cannot be reached.
        """
        return self._lookups.find(query, key)

    async def note_identity(self) -> None:
        """Keep what tells a SQLite file from an older copy; of a server nothing needs to be kept.

        Where the feed's numbers were taken back, as the shell's `.restore` does, they leap.
        Raises Unavailable.
        """
        if self._file is None:
            return
        await self.write(self._stamp, None)
        header = self._file.read_header()
        await self.read(lambda db: feed_head.note(db, header))

    def _claim(self, db: Connection) -> bool:
        header = None if self._file is None else self._file.read_header()
        return feed_head.claim(db, now=self._clock.now(), header=header)

    def _stamp(self, tx: Tx, asked: Sequence[None]) -> list[None]:
        self._claim(tx.db)
        feed_head.stamp(tx.db)
        return list(asked)

    async def give_back_pages(self) -> int:
        """Give a slice of pages of a SQLite file that hold nothing back; returns how many it was.

        Raises Unavailable.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, freed_pages.give_back, self._engine)

    def _read(self, query: Callable[[Reading], Result]) -> Result:
        is_again = False
        while True:
            try:
                with self._reading.connect() as db, db.begin():
                    return query(db)
            except SQLAlchemyError as error:
                if not is_outage(error):
                    raise
                if is_again or not has_lost_connection(error):
                    self._log_unread(error)
                    raise Unavailable("the database cannot be read now") from error
                # The pool has thrown the connection's like away, and reads are repeatable.
                is_again = True

    def _measure_unread_s(self) -> float:
        since = self.unread_since
        return 0.0 if since is None else (self._clock.now() - since).total_seconds()

    def _log_unread(self, error: SQLAlchemyError) -> None:
        """Log in the database's words why a read failed: who asked is told no more than that."""
        now_s = self._clock.monotonic()
        if is_of_some_tables(error):
            since = self.unread_since or self._clock.now()
            self._unread = _Unread(since, now_s)
        if self._told_s is None or now_s - self._told_s >= TOLD_EVERY_S:
            self._told_s = now_s
            log.error("the database cannot be read: %(reason)s", {"reason": shorten_error(error)})

    def _notify(self, tx: Tx) -> None:
        if tx.after_commit and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # a loop that has closed logs nothing more
                self._loop.call_soon_threadsafe(_call_all, tx.after_commit)
        if (tx.woken or tx.moved) and self._listeners and self._loop is not None:
            woken, moved = frozenset(tx.woken), tx.moved
            # A loop that has closed has nobody to tell; what was committed stays committed.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._notify_listeners, woken, moved)

    def _notify_listeners(self, woken: frozenset[JobKind], moved: bool) -> None:  # noqa: FBT001 - a fact, not a switch
        for listener in self._listeners:
            listener(woken, moved)


def _call_all(calls: Sequence[Callable[[], None]]) -> None:
    for call in calls:
        call()
