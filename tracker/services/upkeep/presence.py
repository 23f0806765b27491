"""Let every process be seen in the database, and say what is missing or does not fit together.

One row for each process, written several times within a lease. It is a write like any other: where
it succeeds, the writer can write, which is what readiness wants to know.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from tracker.clock import get_machine_time, make_id
from tracker.domain import presence
from tracker.domain.errors import Unavailable
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.services.shared_task import wait_for_shared
from tracker.store import conditions, processes, secret_marks
from tracker.store.conditions import CHORE_FAILING, CLOCK_SKEW, NO_WORKER, SECRETS_DIFFER
from tracker.store.driver.transaction import Tx
from tracker.store.processes import Process
from tracker.store.store import Reading

log = logging.getLogger(__name__)

KEPT = timedelta(minutes=10)
"""How long a process that is not heard of keeps its row."""
FIRST_PAUSE_S = 1.0
"""The background work of a process begins after the process itself was first seen."""
PAUSE_S = 30.0
"""The longest pause between two looks, which hear the database server's time, too."""
PROOF_S = 1.0
"""So long a write proves that there will be another; readiness costs no more writes than that."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """The processes on the database, and the conditions already raised about them.

    has_lost: a secret that open tasks need is none of ours.
    obsolete: marks of secrets that nothing needs any more.
    """

    alive: Sequence[Process]
    raised: set[str]
    has_lost: bool
    obsolete: Sequence[str]


class ProcessPresence:
    """One per process: `async with` it while the process works."""

    def __init__(self, context: Context) -> None:
        """Not seen yet.

        is_working: whether this process does the background work; asked each time.
        failing:    chores of this process that have not ended well for long; asked each time.
        has_worker: whether any process does, as far as is known.
        marks:      of its callback secrets, the signing one first.
        chores:     what this process does now and then besides, and once more at its end.
        """
        self._context = context
        self.id = make_id()
        self.is_working: Callable[[], bool] = lambda: False
        self.failing: Callable[[], Mapping[str, Sequence[str]]] = dict
        self.chores: list[Callable[[], Awaitable[None]]] = []
        self.marks = [presence.mark(secret) for secret in context.secrets]
        self._lease_s = context.policy.lease.total_seconds()
        self._gone = timedelta(seconds=self._lease_s * presence.GONE_LEASES)
        self._started_s = context.clock.monotonic()
        self._seen_at = context.clock.now()
        self._seen_s = self._started_s
        self._proved_s: float | None = None
        self._proving: asyncio.Task[None] | None = None
        self._repeating: asyncio.Task[None] | None = None
        self.has_worker = True

    async def __aenter__(self) -> Self:
        self._repeating = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            await asyncio.wait([self._repeating])
        await self._do_chores()
        try:
            await self._context.store.write(_remove, self)
        except Unavailable as error:
            log.info("this process is forgotten later: %(reason)s", {"reason": error})

    async def prove(self) -> None:
        """Return when a write has just succeeded. Raises Unavailable.

        Whoever asks while one is under way shares it, and one a second is enough.
        """
        now_s = self._context.clock.monotonic()
        proved_s, failed_s = self._proved_s, self._context.store.failed_s
        if proved_s is not None and now_s - proved_s < PROOF_S and proved_s > (failed_s or 0.0):
            return
        if self._proving is None or self._proving.done():
            self._proving = asyncio.create_task(self._beat())
        await wait_for_shared(self._proving)

    async def look(self) -> None:
        """Be heard of, and say what is wrong with the processes there are."""
        await self._beat()
        await self._do_chores()
        there = await self._context.store.read(self._read_standing)
        self.has_worker = any(process.is_worker for process in there.alive)
        if there.obsolete:
            await self._context.store.write(_forget_secrets, there.obsolete)
        for news in self._list_news(there):
            if (news.reason is None) == (news.name in there.raised):
                await self._context.store.write(report, news)

    async def _repeat(self) -> None:
        pause_s = min(FIRST_PAUSE_S, self._lease_s / 3)
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.warning(
                    "this process cannot say that it is there: %(reason)s", {"reason": error}
                )
            except Exception:
                # Others would take a process that stops saying so for dead, and its work with it.
                log.exception("looking at the processes raised; it goes on")
            await self._context.clock.sleep(pause_s)
            pause_s = min(self._lease_s / 3, PAUSE_S)

    async def _do_chores(self) -> None:
        for chore in self.chores:
            await chore()

    async def _beat(self) -> None:
        started_s = self._context.clock.monotonic()
        await self._context.store.write(_beat, self)
        self._proved_s = started_s

    def _list_news(self, there: _Standing) -> list[ConditionReport]:
        age_s = self._context.clock.monotonic() - self._started_s
        is_missing = not self.has_worker and age_s > self._gone.total_seconds()
        lost = presence.RING_LACKS if there.has_lost else None
        is_unfit = presence.differ([one.secret_marks for one in there.alive])
        failing = presence.describe_failing_chores(
            [one.failing for one in there.alive if one.is_worker]
        )
        found = {
            CHORE_FAILING: failing[0] if failing else None,
            SECRETS_DIFFER: presence.SECRETS_DIFFER if is_unfit else lost,
            CLOCK_SKEW: presence.describe_skew([one.ahead_ms for one in there.alive]),
        }
        if is_missing or self.has_worker:
            found[NO_WORKER] = presence.NO_WORKER if is_missing else None
        if self._context.has_unopened():
            found.pop(SECRETS_DIFFER)  # it stands for another reason
        return [ConditionReport(name, "", "", reason) for name, reason in found.items()]

    def list_alive(self, db: Reading) -> list[Process]:
        """Return the processes on the database that are heard of."""
        since, until = self._seen_at - self._gone, self._seen_at + self._gone
        return processes.list_alive(db, since=since, until=until)

    def _read_standing(self, db: Reading) -> _Standing:
        alive = self.list_alive(db)
        raised = {one.name for one in conditions.list_open(db)}
        ours = self.marks
        obsolete = secret_marks.list_obsolete(db, ours, now=self._seen_at)
        return _Standing(alive, raised, bool(secret_marks.find_lost(db, ours)), obsolete)

    def build_heartbeat(self, tx: Tx) -> Process:
        """Return the row of this process as it is now."""
        seen_at: datetime = tx.lease_now
        now_s = self._context.clock.monotonic()
        step_s = (seen_at - self._seen_at).total_seconds() - (now_s - self._seen_s)
        if abs(step_s) > self._gone.total_seconds():
            self._started_s = now_s  # the others were last heard of by another clock
        self._seen_at, self._seen_s = seen_at, now_s
        ahead_ms = round((get_machine_time(self._context.clock) - seen_at).total_seconds() * 1000)
        return Process(self.id, self.is_working(), seen_at, ahead_ms, self.marks, self.failing())


def _beat(tx: Tx, asked: Sequence[ProcessPresence]) -> list[None]:
    for one in asked:
        process = one.build_heartbeat(tx)
        processes.record(tx.db, process)
        processes.forget(tx.db, before=process.seen_at - KEPT)
        if one.marks:
            secret_marks.sign(tx.db, one.marks[0], now=process.seen_at)
    return [None] * len(asked)


def _forget_secrets(tx: Tx, obsolete: Sequence[Sequence[str]]) -> list[None]:
    for marks in obsolete:
        secret_marks.forget(tx.db, marks)
    return [None] * len(obsolete)


def _remove(tx: Tx, asked: Sequence[ProcessPresence]) -> list[None]:
    for one in asked:
        processes.remove(tx.db, one.id)
    return [None] * len(asked)
