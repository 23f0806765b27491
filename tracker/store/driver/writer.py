"""Group commit: one thread per process takes what waits, applies it in one transaction, commits
once, and only then releases the answers.

There is no linger timer: a batch is whatever came in while the batch before it was committed. What
one turn of the event loop brings is handed over at its end and together: otherwise every second
batch is the two or three items that the loop has got to when the writer looks.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tracker.clock import Clock
from tracker.domain.errors import FieldError, InvalidRequest, Unavailable
from tracker.domain.signals import CrashPoint, Signal
from tracker.store.driver.acting import ActorAction
from tracker.store.driver.line import WriteConnection
from tracker.store.driver.outage import (
    find_sqlstate,
    has_no_room,
    is_of_some_tables,
    is_outage,
    is_unstorable_text,
    shorten_error,
)
from tracker.store.driver.patience import STALLED, Patience, WriteWaiter
from tracker.store.driver.transaction import Tx, get_turn
from tracker.telemetry.metrics import BATCH_ITEMS, COMMIT_SECONDS

log = logging.getLogger(__name__)

MAX_BATCH = 512
"""Items of one transaction. More would only make the first of them wait longer."""
_RETRIED_SQLSTATES = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and a key that another process has just inserted: the
transaction did nothing and may be run again, which then sees what the other did."""
_ONE_ITEMS_FAULT = frozenset({"57014", "54000", "54001", "54023"})
"""Statement cancelled or too complex: the database is there, one item asks too much of it."""
_TRIES = 4
UNTRIED_S = 60.0
"""After so long a refused kind of write that nobody has tried again is not told of any more, once
others succeed."""

Batch = Callable[[Tx, Sequence[Any]], Sequence[Any]]
"""A set-based operation: one result per item, in order. An item that cannot be done has an
exception as its result and must have had no effect. Raising means that none had an effect."""


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    item: Any
    future: WriteWaiter
    is_patient: bool = False
    act: ActorAction | None = None
    result: Any = None
    since_s: float = 0.0
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A kind of write that the database refuses.

    since: of the first of them. last_s: of the latest, monotonic. is_full: its disk is.
    """

    since: datetime
    last_s: float
    is_full: bool


class Writer:
    """The only way to write. Start it in the event loop that uses it; stop it to end the thread."""

    def __init__(  # noqa: PLR0913 - what it writes with, and who hears of it
        self,
        line: WriteConnection,
        clock: Clock,
        committed: Callable[[Tx], None],
        acted: Callable[[Tx, Sequence[tuple[ActorAction, Any]]], None],
        signal: Signal,
        *,
        wait_s: float,
    ) -> None:
        """line: its connection; nobody else uses it.

        committed: called in the writer's thread after each commit; must not block.
        acted: called before it with the actions of people that the batch carries out, each with
            the result of one write; it writes them down.
        wait_s: how long anybody waits for a write; see `patience`.
        """
        self.patience = Patience(clock, wait_s)
        self._line = line
        self._clock = clock
        self._committed = committed
        self._acted = acted
        self._at = signal
        self.failed_s: float | None = None
        self._refused: Mapping[str, _Refusal] = {}
        self._arrived: list[_Waiting] = []
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tracker-writer", daemon=True)

    @property
    def refused_since(self) -> datetime | None:
        """Return since when the database has refused a kind of write; None: it takes them all.

        A full disk lets a server change rows and make none: one kind goes on, another does not.
        """
        return min((one.since for one in self._refused.values()), default=None)

    @property
    def is_full(self) -> bool:
        """Return whether the database's disk refuses a kind of write; others may go on."""
        return any(one.is_full for one in self._refused.values())

    @property
    def refused_s(self) -> float:
        """Return for how many seconds the database has refused a kind of write; 0: it does not."""
        since = self.refused_since
        return 0.0 if since is None else (self._clock.now() - since).total_seconds()

    def start(self) -> None:
        """Start the thread. Connects to nothing yet."""
        self._loop = asyncio.get_running_loop()
        self.patience.start(self._loop)
        self._thread.start()

    async def stop(self) -> None:
        """Let everything that waits be committed, then end the thread."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self.patience.stop()

    def write(
        self, batch: Batch, item: Any, *, is_patient: bool = False, act: ActorAction | None = None
    ) -> asyncio.Future[Any]:
        """Apply `item` with whatever else waits; await its result, which is there once on disk.

        is_patient: wait for as long as it takes. For workers: what they were refused and what is
            written all the same would be work that nobody knows to be his.
        act: the action of a person that this carries out.

        Raises what the batch gave as the item's result if that is an exception; Unavailable when
        the database does not take writes, or not in time: then it may still be written.
        Cancelling the caller does not undo the write.
        """
        future = self._loop.create_future()
        if self.patience.stalled_since is not None and not is_patient:
            future.set_exception(Unavailable(STALLED))
            return future
        if not self._arrived:
            self._loop.call_soon(self._hand_over)
        self._arrived.append(_Waiting(batch, item, future, is_patient, act))
        return future

    def write_all(self, batch: Batch, items: Iterable[tuple[Any, WriteWaiter]]) -> None:
        """Apply items that came together, each for its own waiter; see `write`."""
        if self.patience.stalled_since is not None:
            for _, waiter in items:
                waiter.set_exception(Unavailable(STALLED))
            return
        if not self._arrived:
            self._loop.call_soon(self._hand_over)
        self._arrived += [_Waiting(batch, item, waiter) for item, waiter in items]

    def _hand_over(self) -> None:
        if self._arrived:
            self.patience.add(self._arrived)
            self._queue.put(self._arrived)
            self._arrived = []

    def _run(self) -> None:
        backlog: deque[_Waiting] = deque()
        is_open = True
        while is_open or backlog:
            is_open = is_open and self._collect(backlog)
            if backlog:
                self._write_next(backlog)
                self._line.do_idle_work()
        self._line.close()

    def _write_next(self, backlog: deque[_Waiting]) -> None:
        """Write a batch. A function of its own, so that what was written is held no longer."""
        batch = [backlog.popleft() for _ in range(min(len(backlog), MAX_BATCH))]
        self.patience.note_begin()
        wanted = [item for item in batch if not item.is_refused]
        if wanted:
            self._settle(wanted)
        self.patience.note_end()
        is_any_taken = any(not isinstance(item.result, Exception) for item in wanted)
        self._release(batch, is_any_taken=is_any_taken)

    def _collect(self, backlog: deque[_Waiting]) -> bool:
        """Add what waits, and wait if there is nothing. False once no more will come."""
        while True:
            try:
                arrived = self._queue.get(block=not backlog)
            except queue.Empty:
                return True
            if arrived is None:
                return False
            backlog.extend(arrived)

    def _settle(self, waiting: Sequence[_Waiting]) -> None:
        """Give every item a result; never raises."""
        try:
            self._commit(waiting)
        except Exception as error:  # noqa: BLE001 - it becomes the items' result
            result = error
            away = error if isinstance(error, SQLAlchemyError) and is_outage(error) else None
            if away is not None:
                result = Unavailable("the database does not take writes now")
            elif is_unstorable_text(error) and len(waiting) == 1:
                reason = "holds a text that cannot be stored: a NUL or half of a surrogate pair"
                result = InvalidRequest(FieldError("", reason))
            if len(waiting) > 1 and (result is error or _is_one_items_fault(error)):
                self._settle_alone(waiting)
                return
            if away is not None:
                log.error(
                    "the database does not take writes: %(reason)s", {"reason": shorten_error(away)}
                )
                self._note_refused(
                    {_name_kind(item.batch) for item in waiting}, is_full=has_no_room(away)
                )
            for item in waiting:
                item.result = result

    def _settle_alone(self, waiting: Sequence[_Waiting]) -> None:
        # One of them is bad. Its neighbours must not pay for it.
        for item in waiting:
            self._settle([item])

    def _commit(self, waiting: Sequence[_Waiting]) -> None:
        for tries_left in reversed(range(_TRIES)):
            started_s = self._clock.monotonic()
            try:
                self._commit_once(waiting)
            except SQLAlchemyError as error:
                if not (self._line.is_lost or _may_be_retried(error)) or not tries_left:
                    raise
            else:
                COMMIT_SECONDS.observe(self._clock.monotonic() - started_s)
                BATCH_ITEMS.observe(len(waiting))
                if self._refused:
                    self._note_taken({_name_kind(item.batch) for item in waiting})
                return

    def _note_refused(self, kinds: Collection[str], *, is_full: bool) -> None:
        self.failed_s = now_s = self._clock.monotonic()
        now = self._clock.now()
        there = self._refused
        refused = {
            kind: _Refusal(there[kind].since if kind in there else now, now_s, is_full)
            for kind in kinds
        }
        self._refused = {**there, **refused}

    def _note_taken(self, kinds: Collection[str]) -> None:
        """Forget these kinds, and those that nobody has tried for a while."""
        until_s = self._clock.monotonic() - UNTRIED_S
        self._refused = {
            kind: one
            for kind, one in self._refused.items()
            if kind not in kinds and one.last_s > until_s
        }

    def _commit_once(self, waiting: Sequence[_Waiting]) -> None:
        groups: dict[Batch, list[_Waiting]] = {}
        for item in waiting:
            groups.setdefault(item.batch, []).append(item)
        tx = Tx(self._line.begin(), self._clock)
        try:
            for batch, items in sorted(groups.items(), key=lambda group: get_turn(group[0])):
                results = batch(tx, [item.item for item in items])
                for item, result in zip(items, results, strict=True):
                    item.result = result
            acts = [
                (item.act, item.result)
                for item in waiting
                if item.act is not None and not isinstance(item.result, Exception)
            ]
            if acts:
                self._acted(tx, acts)
            tx.write_deferred()
            self._at(CrashPoint.COMMIT_READY)
            self._line.commit()
        except BaseException:
            self._line.roll_back()
            raise
        self._at(CrashPoint.COMMIT_DONE)
        self._committed(tx)

    def _release(self, waiting: Sequence[_Waiting], *, is_any_taken: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, waiting, is_any_taken)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("results had nobody to go to: %(count)d", {"count": len(waiting)})

    def _resolve(self, items: Sequence[_Waiting], is_any_taken: bool) -> None:  # noqa: FBT001 - called by position
        self.patience.remove(len(items), is_any_taken=is_any_taken)
        for item in items:
            if item.future.done():  # the caller was cancelled or refused
                continue
            if isinstance(item.result, Exception):
                item.future.set_exception(item.result)
            else:
                item.future.set_result(item.result)


def _name_kind(batch: Batch) -> str:
    """Name a kind of write, alike for functions that are made for each call."""
    return getattr(batch, "__qualname__", type(batch).__name__)


def _may_be_retried(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and find_sqlstate(error) in _RETRIED_SQLSTATES


def _is_one_items_fault(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return find_sqlstate(error) in _ONE_ITEMS_FAULT or is_of_some_tables(error)
