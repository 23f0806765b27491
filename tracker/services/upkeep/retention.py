"""Drop what belongs to tasks that ended long ago, a bounded piece at a time.

One process does it: each transaction locks the chore's lease, so that a process that was frozen
drops nothing after another has gone on. Where a walk stands is kept in the transaction that drops.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tracker.clock import new_token
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass, Walk
from tracker.domain.signals import CrashPoint
from tracker.services.conditions import News, tell
from tracker.services.context import Context
from tracker.store import chore_leases, drops, holds, retention, retention_plans, tombstones
from tracker.store.chore_leases import ChoreStanding
from tracker.store.conditions import RETENTION_BEHIND, RETENTION_WAITS
from tracker.store.driver.transaction import Tx
from tracker.store.retention import LONG_AGO, EndedRow, WalkPlace, WalkProgress
from tracker.store.store import Reading
from tracker.store.task_drops import DropResult, drop_tasks

log = logging.getLogger(__name__)

NAME = "retention"
PERIOD = timedelta(minutes=5)
"""Pause after everything is done. What is due for three of them is a condition."""
ROUND_S = 3.0
"""How long one round works, so that a process that stops need not wait for it."""
LATEST = timedelta(hours=1)
"""How far behind now it stays: what has just ended is still read and told about."""
LEASE = timedelta(minutes=2)
REST = 9
"""Pause after a batch, in times of how long it took; none while it is behind."""
FREE = 1000
"""Tasks of one walk that are never asked about."""
ASKED_PART = 5
"""A person is asked before a walk comes by more than this part of all tasks."""
REWIND = timedelta(days=1)
"""How often it comes back to what could not be dropped."""
MOST_COUNTED = 10_000
INPUT_BYTES = 32 * 1024**2
"""Bytes of inputs of one transaction, which digests them."""
LOOSE = "loose"
"""The walk over receipts of no task."""

_DROPS: Mapping[KeptClass, Callable[[Reading, Sequence[int]], set[int]]] = {
    KeptClass.INPUTS: drops.drop_inputs,
    KeptClass.EVIDENCE: drops.drop_evidence,
    KeptClass.DELIVERIES: drops.drop_deliveries,
}


@dataclass(frozen=True, slots=True)
class _RetentionBatch:
    """rows: tasks that the walk comes by; of those of `due` the walk's class is dropped."""

    walk: Walk
    rows: Sequence[EndedRow]
    due: Sequence[int]


class RetentionChore:
    """Any number of processes may have one; the holder of the lease works."""

    def __init__(self, context: Context, *, batch: int | None = None, free: int = FREE) -> None:
        """batch: tasks of one transaction; None for what suits the database. free: see FREE."""
        self._context = context
        self._batch = batch
        self._free = free
        self._walks = context.retention.walks()
        self._token = new_token()
        self._until: dict[str, datetime] = {}

    async def work(self) -> float | None:
        """Work for a while, if it is this process's turn. Raises Unavailable.

        Returns the seconds after which to go on; None where nothing is left for now.
        """
        clock, store = self._context.clock, self._context.store
        if not self._walks:
            return None
        await self._report()
        if not await store.write(_take, (self._token, [walk.name for walk in self._walks])):
            return None
        until_s = clock.monotonic() + ROUND_S
        await self._ask()
        for number, walk in enumerate(self._walks):
            if not await self._walk(walk, until_s):
                # The others first, the next time: one that cannot keep up holds up none.
                self._walks = [*self._walks[number + 1 :], *self._walks[: number + 1]]
                await store.write(_keep_standing, (await store.read(self._left), False))
                return 0.0
        await self._drop_loose()
        await store.write(_keep_standing, (await store.read(self._left), True))
        return None

    async def _report(self) -> None:
        """Say that it has not kept up for three periods, or that it does again."""
        found = await self._context.store.read(_standing)
        if found is None:
            return
        late = self._context.clock.now() - found.caught_up_at
        reason = behind_reason(late, found.behind) if late > 3 * PERIOD else None
        await self._context.store.write(tell, News(RETENTION_BEHIND, "", "", reason))

    async def _walk(self, walk: Walk, until_s: float) -> bool:
        """Walk on until nothing is left, or the time is up; return whether nothing is."""
        clock, store = self._context.clock, self._context.store
        if await store.read(partial(self._may_rewind, walk=walk)):
            await store.write(self._rewind, walk)
        while True:
            before = self._before(walk)
            batch, is_last = await store.read(partial(self._page, walk=walk, before=before))
            if not batch.rows:
                return True
            began_s = clock.monotonic()
            objects = await store.write(self._drop, batch)
            if objects is None:
                return False
            self._context.at(CrashPoint.RETENTION_COMMITTED)
            await self._delete(objects)
            took_s = clock.monotonic() - began_s
            if is_last:
                continue
            if clock.monotonic() >= until_s:
                return False
            if batch.rows[-1].place.finished_at > before - LATEST:
                await clock.sleep(min(REST * took_s, ROUND_S))

    async def _delete(self, objects: Sequence[str]) -> None:
        """Delete objects that no row names any more. The sweep of custody finds what stays."""
        storage = self._context.storage
        if storage is None:
            return
        for store_key in objects:
            try:
                await storage.objects.delete(store_key)
            except StorageError as error:
                log.warning("%s stays until the next sweep: %s", store_key, error)

    async def _ask(self) -> None:
        """Find out what may be dropped without asking, and say for what a person is asked."""
        self._until = await self._context.store.read(self._allowed)
        waiting = sorted(name for name, until in self._until.items() if until == LONG_AGO)
        reason = waits_reason(waiting) if waiting else None
        await self._context.store.write(tell, News(RETENTION_WAITS, "", "", reason))

    def _allowed(self, db: Reading) -> dict[str, datetime]:
        """Return, of each walk that has much to do, up to which end of tasks it may drop.

        Much of few tasks is no plan that anybody would look at: up to FREE go unasked.
        """
        there, approved = retention.progress(db), retention_plans.approved(db)
        found: dict[str, datetime] = {}
        for walk in self._walks:
            at = there.get(walk.name)
            place = WalkPlace() if at is None else at.place
            before = self._context.clock.now() - LATEST - walk.keep
            if retention.count(db, place, before=before, most=self._free + 1) <= self._free:
                continue
            most = retention_plans.count_all(db) // ASKED_PART
            if retention.count(db, place, before=before, most=most + 1) > most:
                until = approved.get(walk.name, LONG_AGO)
                is_some = retention.count(db, place, before=until, most=1)
                found[walk.name] = until if is_some else LONG_AGO
        return found

    def _before(self, walk: Walk) -> datetime:
        before = self._context.clock.now() - LATEST - walk.keep
        return min(before, self._until.get(walk.name, before))

    def _page(self, db: Reading, walk: Walk, before: datetime) -> tuple[_RetentionBatch, bool]:
        """Return what the walk comes by next, and whether that is all there is now."""
        at = retention.progress(db).get(walk.name)
        limit = self._batch or retention.batch_size(db)
        rows: Sequence[EndedRow] = retention.page(
            db, WalkPlace() if at is None else at.place, before=before, limit=limit
        )
        is_last = len(rows) < limit
        if walk.kept_class is KeptClass.INPUTS:
            sizes = drops.input_sizes(db, self._due(walk, rows))
            rows = retention.cut(rows, sizes, most=INPUT_BYTES)
        return _RetentionBatch(walk, rows, self._due(walk, rows)), is_last

    def _due(self, walk: Walk, rows: Sequence[EndedRow]) -> list[int]:
        """Return the keys of the tasks whose rule is the walk's: another walk finds the others."""
        keep = self._context.retention.keep
        return [
            row.place.key
            for row in rows
            if keep(walk.kept_class, row.tenant, row.provider, row.state) == walk.keep
        ]

    def _drop(self, tx: Tx, batches: Sequence[_RetentionBatch]) -> list[Sequence[str] | None]:
        """Set-based: drop and move on; None where another process has the lease.

        Returns objects of assets that nobody needs any more.
        """
        if not chore_leases.renew(tx.db, NAME, self._token, until=tx.lease_now + LEASE):
            return [None] * len(batches)
        there = retention.progress(tx.db)
        objects: list[str] = []
        for one in batches:
            name = one.walk.name
            before = there.get(name) or WalkProgress(WalkPlace(), None, tx.now)
            held = holds.held(tx.db, one.rows)
            dropped = _drop(tx, one.walk.kept_class, [key for key in one.due if key not in held])
            objects += dropped.objects
            left = dropped.left | (held & set(one.due))
            skipped = [row.place for row in one.rows if row.place.key in left]
            if before.skipped is not None:
                skipped.append(before.skipped)
            after = replace(before, place=one.rows[-1].place, skipped=min(skipped, default=None))
            retention.keep_progress(tx.db, name, after)
        return [objects] * len(batches)

    def _may_rewind(self, db: Reading, walk: Walk) -> bool:
        at = retention.progress(db).get(walk.name)
        long_ago = self._context.clock.now() - REWIND
        return at is not None and at.skipped is not None and at.rewound_at <= long_ago

    def _rewind(self, tx: Tx, walks: Sequence[Walk]) -> list[None]:
        """Once a day, go back to the first that could not be dropped."""
        there = retention.progress(tx.db)
        for walk in walks:
            at = there.get(walk.name)
            if at is None or at.skipped is None:
                continue
            if chore_leases.renew(tx.db, NAME, self._token, until=tx.lease_now + LEASE):
                place = replace(at.skipped, key=at.skipped.key - 1)
                retention.keep_progress(tx.db, walk.name, WalkProgress(place, None, tx.now))
        return [None] * len(walks)

    async def _drop_loose(self) -> None:
        """Drop what belongs to no task."""
        while await self._context.store.write(self._drop_some_loose, self._batch):
            pass

    def _drop_some_loose(self, tx: Tx, batches: Sequence[int | None]) -> list[bool]:
        if not chore_leases.renew(tx.db, NAME, self._token, until=tx.lease_now + LEASE):
            return [False] * len(batches)
        limit = batches[0] or retention.batch_size(tx.db)
        is_more = False
        keep = self._context.retention.defaults[KeptClass.DELIVERIES]
        if keep is not None:
            before = tx.now - LATEST - keep
            is_more = drops.drop_loose_deliveries(tx.db, before=before, limit=limit) == limit
        keep = self._context.retention.defaults[KeptClass.EVIDENCE]
        if keep is not None:
            before = tx.now - LATEST - keep
            at = retention.progress(tx.db).get(LOOSE)
            after = 0 if at is None else at.place.key
            key, more = drops.drop_loose_evidence(tx.db, after, before=before, limit=limit)
            is_more = is_more or more
            place = WalkPlace(key=key)
            retention.keep_progress(tx.db, LOOSE, WalkProgress(place, None, tx.now))
        keep = self._context.retention.tombstones
        if keep is not None:
            gone = tombstones.forget(tx.db, before=tx.now - keep, limit=limit)
            is_more = is_more or gone == limit
        return [is_more] * len(batches)

    def _left(self, db: Reading) -> int:
        """Count what is due and not dropped, over all walks."""
        there = retention.progress(db)
        places = {
            walk: at.place if (at := there.get(walk.name)) is not None else WalkPlace()
            for walk in self._walks
        }
        return sum(
            retention.count(db, place, before=self._before(walk), most=MOST_COUNTED)
            for walk, place in places.items()
        )


def waits_reason(names: Sequence[str]) -> str:
    """Return what to say of walks that wait for a person."""
    return (
        f"more than a fifth of all tasks would lose something at once ({', '.join(names)}): see "
        "`tracker retention plan`, then `tracker retention approve`, or keep things longer"
    )


def _drop(tx: Tx, kept_class: KeptClass, keys: Sequence[int]) -> DropResult:
    if not keys:
        return DropResult()
    if kept_class is KeptClass.TASKS:
        return drop_tasks(tx.db, keys, now=tx.now)
    return DropResult(_DROPS[kept_class](tx.db, keys))


def _standing(db: Reading) -> ChoreStanding | None:
    return next((one for one in chore_leases.standings(db) if one.name == NAME), None)


def _take(tx: Tx, asked: Sequence[tuple[str, Sequence[str]]]) -> list[bool]:
    results = []
    for token, walks in asked:
        until = tx.lease_now + LEASE
        is_mine = chore_leases.take(tx.db, NAME, token, now=tx.lease_now, until=until)
        if is_mine:
            retention.forget_walks(tx.db, but={*walks, LOOSE})
        results.append(is_mine)
    return results


def _keep_standing(tx: Tx, found: Sequence[tuple[int, bool]]) -> list[None]:
    """Set-based: keep how many tasks are left, and whether all that was due was come by."""
    for number, is_done in found:
        caught_up_at = tx.now if is_done else None
        chore_leases.set_standing(tx.db, NAME, behind=number, caught_up_at=caught_up_at)
    return [None] * len(found)


def behind_reason(late: timedelta, behind: int) -> str:
    """Return what to say of retention that is late. behind: tasks that wait at least."""
    return (
        f"what is to be dropped has not been for {late.total_seconds() // 60:.0f} minutes; "
        f"at least {behind} tasks wait: keep things longer, or give the database room"
    )
