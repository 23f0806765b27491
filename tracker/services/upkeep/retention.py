"""Drop what belongs to tasks that ended long ago, a bounded piece at a time.

One process does it: each transaction locks the chore's lease, so that a process that was frozen
drops nothing after another has gone on. Where a walk stands is kept in the transaction that drops.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tracker.clock import make_token
from tracker.domain.drop_pace import DropPace
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass, RetentionWalk
from tracker.domain.signals import CrashPoint
from tracker.services.conditions import ConditionReport, report
from tracker.services.context import Context
from tracker.services.upkeep import archiving
from tracker.services.upkeep.archiving import BODY_BYTES, Archiver
from tracker.services.upkeep.retention_asking import FREE, RetentionAsking
from tracker.services.upkeep.retention_lease import LATEST, NAME, RetentionLease
from tracker.services.upkeep.retention_loose import LOOSE, LooseRetention
from tracker.store import (
    archived_rows,
    chore_leases,
    drops,
    feed_head,
    holds,
    retention,
)
from tracker.store.archived_rows import WrittenRows
from tracker.store.chore_leases import ChoreStanding
from tracker.store.conditions import ARCHIVE_FAILING, RETENTION_BEHIND
from tracker.store.driver import bulk
from tracker.store.driver.transaction import Tx
from tracker.store.retention import EndedRow, WalkPlace, WalkProgress
from tracker.store.store import Reading
from tracker.store.task_drops import Droppable, DropResult, drop_tasks, find_droppable_later

log = logging.getLogger(__name__)

PERIOD = timedelta(minutes=5)
"""Pause after everything is done. What is due for three of them is a condition."""
ROUND_S = 3.0
"""How long one round works, so that a process that stops need not wait for it."""
REWIND = timedelta(days=1)
"""How often it comes back to what could not be dropped."""
MOST_COUNTED = 10_000
"""Tasks that one walk has yet to come by, beyond which it is not counted."""
GATHERED = timedelta(hours=6)
"""How long what is less than a batch waits for more where it is archived: each is a file."""
ARCHIVED_AT_LEAST = 100
"""Tasks of a batch that is archived, whoever else writes: each is a file."""
SLICES = 40
"""Of freed pages that are given back in one round: 40 MB."""

_DROPS: Mapping[KeptClass, Callable[[Reading, Sequence[int]], set[int]]] = {
    KeptClass.INPUTS: drops.drop_inputs,
    KeptClass.EVIDENCE: drops.drop_evidence,
    KeptClass.DELIVERIES: drops.drop_deliveries,
}
ARCHIVE_REASON = (
    "nothing is dropped, as the archive (TRACKER_ARCHIVE) takes nothing; the log of the workers"
    " says why, and every five minutes it is tried again"
)


@dataclass(frozen=True, slots=True)
class _RetentionBatch:
    """rows: tasks that the walk comes by; of those of `due` the walk's class is dropped.

    written: what the archive has of it; None where there is no archive.
    """

    walk: RetentionWalk
    rows: Sequence[EndedRow]
    due: Sequence[int]
    written: WrittenRows | None = None


@dataclass(frozen=True, slots=True)
class _BatchDropped:
    """objects: of assets, that nobody needs any more.

    is_stale: nothing was dropped, as it is not what was written to the archive.
    held_s: how long the transaction took for it, its commit left out.
    """

    objects: Sequence[str] = ()
    is_stale: bool = False
    held_s: float = 0.0


class RetentionChore:
    """Any number of processes may have one; the holder of the lease works."""

    def __init__(self, context: Context, *, batch: int | None = None, free: int = FREE) -> None:
        """batch: tasks of one transaction; None for what suits the database. free: see FREE."""
        self._context = context
        self._batch = batch
        self._walks = context.retention.list_walks()
        self._lease = RetentionLease(make_token())
        self._archiving = (
            None if context.archive is None else Archiver(context, context.archive, self._lease)
        )
        self._loose = LooseRetention(context, self._lease, self._archiving, batch=batch)
        self._pace = DropPace() if self._archiving is None else DropPace(least=ARCHIVED_AT_LEAST)
        self._asking = RetentionAsking(context, self._walks, free=free)

    async def drop_for_while(self) -> float | None:
        """Work for a while, if it is this process's turn. Raises Unavailable.

        Nothing is dropped while the database is recovered after a restore: it may be a copy.

        Returns the seconds after which to go on; None where nothing is left for now.
        """
        clock, store = self._context.clock, self._context.store
        if not self._walks or self._context.recovery.since is not None:
            return None
        await self._report()
        if not await store.write(_take, (self._lease, [walk.name for walk in self._walks])):
            return None
        try:
            seconds = await self._drop_round(clock.monotonic() + ROUND_S)
        except StorageError as error:
            # What was due for a while raises RETENTION_BEHIND, too; the next period tries again.
            log.warning(
                "nothing is dropped: the archive does not take it: %(reason)s", {"reason": error}
            )
            await store.write(report, ConditionReport(ARCHIVE_FAILING, "", "", ARCHIVE_REASON))
            await store.write(_keep_standing, (await store.read(self._count_left), False))
            return None
        await store.write(report, ConditionReport(ARCHIVE_FAILING, "", "", None))
        return seconds

    async def _drop_round(self, until_s: float) -> float | None:
        """Drop until then. Raises StorageError where the archive takes nothing."""
        store = self._context.store
        if self._archiving is not None:
            await self._archiving.clean()
        await self._asking.ask()
        for number, walk in enumerate(self._walks):
            if not await self._walk(walk, until_s):
                # The others first, the next time: one that cannot keep up holds up none.
                self._walks = [*self._walks[number + 1 :], *self._walks[: number + 1]]
                await store.write(_keep_standing, (await store.read(self._count_left), False))
                return 0.0
        await self._loose.drop()
        await store.write(_keep_standing, (await store.read(self._count_left), True))
        return 0.0 if await self._give_back_pages() else None

    async def _give_back_pages(self) -> bool:
        """Give back what was freed, and rest as between batches; return whether more may be.

        It has time for that once nothing is left to drop.
        """
        clock = self._context.clock
        for _ in range(SLICES):
            began_s = clock.monotonic()
            if not await self._context.store.give_back_pages():
                return False
            rest_s = self._pace.compute_pause_s(clock.monotonic() - began_s, is_late=False)
            await clock.sleep(min(rest_s, ROUND_S / SLICES))
        return True

    async def _report(self) -> None:
        """Say that it has not kept up for three periods, or that it does again."""
        found = await self._context.store.read(_read_standing)
        if found is None:
            return
        late = self._context.clock.now() - found.caught_up_at
        reason = describe_delay(late, found.behind) if late > 3 * PERIOD else None
        await self._context.store.write(report, ConditionReport(RETENTION_BEHIND, "", "", reason))

    async def _walk(self, walk: RetentionWalk, until_s: float) -> bool:
        """Walk on until nothing is left, or the time is up; return whether nothing is."""
        clock, store = self._context.clock, self._context.store
        if await store.read(partial(self._may_rewind, walk=walk)):
            await store.write(self._rewind, walk)
        while True:
            before = self._asking.find_limit(walk)
            batch, is_last = await store.read(partial(self._read_page, walk=walk, before=before))
            if not batch.rows:
                return True
            began_s = clock.monotonic()
            dropped = await self._drop_batch(batch)
            if dropped is None or dropped.is_stale:
                return False
            self._context.at(CrashPoint.RETENTION_COMMITTED)
            await self._delete(dropped.objects)
            took_s = clock.monotonic() - began_s
            self._pace.note_drop(len(batch.rows), dropped.held_s)
            if is_last:
                continue
            if clock.monotonic() >= until_s:
                return False
            is_late = batch.rows[-1].place.finished_at <= before - LATEST
            if rest_s := self._pace.compute_pause_s(took_s, is_late=is_late):
                await clock.sleep(rest_s)

    async def _drop_batch(self, batch: _RetentionBatch) -> _BatchDropped | None:
        """Drop a batch, once it is in the archive; None where another process has the lease."""
        if self._archiving is not None:

            def choose(db: Reading) -> Sequence[int]:
                return archived_rows.list_roots(db, batch.walk.kept_class, _find_unheld(db, batch))

            written = await self._archiving.write(batch.walk.kept_class, choose)
            if written is None:
                return None
            batch = replace(batch, written=written)
        return await self._context.store.write(self._drop, batch)

    async def _delete(self, objects: Sequence[str]) -> None:
        """Delete objects that no row names any more."""
        if self._context.storage is not None:
            for store_key in objects:
                await self._context.storage.delete_unnamed(store_key)

    def _read_page(
        self, db: Reading, walk: RetentionWalk, before: datetime
    ) -> tuple[_RetentionBatch, bool]:
        """Return what the walk comes by next, and whether that is all there is now."""
        at = retention.load_progress_later(db, [walk.name])().get(walk.name)
        self._pace.note_newest(feed_head.find_newest(db), self._context.clock.monotonic())
        limit = self._pace.choose_batch(self._batch or retention.measure_batch(db))
        rows: Sequence[EndedRow] = retention.list_page(
            db, WalkPlace() if at is None else at.place, before=before, limit=limit
        )
        is_last = len(rows) < limit
        if self._archiving is not None:
            gathering = (
                self._asking.compute_due_before(walk) - GATHERED
            )  # whatever a person has approved
            if is_last and rows and rows[0].place.finished_at > gathering:
                return _RetentionBatch(walk, (), ()), True
            sizes = archived_rows.measure_bodies(db, walk.kept_class, self._select_due(walk, rows))
            rows = retention.cut_by_size(rows, sizes, most=BODY_BYTES)
        elif walk.kept_class is KeptClass.INPUTS:
            sizes = drops.measure_inputs(db, self._select_due(walk, rows))
            rows = retention.cut_by_size(rows, sizes, most=BODY_BYTES)
        return _RetentionBatch(walk, rows, self._select_due(walk, rows)), is_last

    def _select_due(self, walk: RetentionWalk, rows: Sequence[EndedRow]) -> list[int]:
        """Return the keys of the tasks whose rule is the walk's: another walk finds the others."""
        keep = self._context.retention.keep
        return [
            row.place.key
            for row in rows
            if keep(walk.kept_class, row.tenant, row.provider, row.state) == walk.keep
        ]

    def _drop(self, tx: Tx, batches: Sequence[_RetentionBatch]) -> list[_BatchDropped | None]:
        """Set-based: drop and move on; None where another process has the lease.

        On PostgreSQL it waits once for all that it asks, with the lease first, and once for all
        that it does: callbacks wait for it meanwhile.
        """
        began_s = self._context.clock.monotonic()
        is_mine = self._lease.renew_later(tx)
        progress = retention.load_progress_later(tx.db, {one.walk.name for one in batches})
        looks = [(holds.prepare_held(tx.db, one.rows), _plan_droppable(tx, one)) for one in batches]
        if not is_mine():
            return [None] * len(batches)
        there = progress()
        objects: list[str] = []
        for one, (held_later, find) in zip(batches, looks, strict=True):
            name = one.walk.name
            before = there.get(name) or WalkProgress(WalkPlace(), None, tx.now)
            held = held_later() & set(one.due)
            keys = [key for key in one.due if key not in held]
            if not _is_archived(tx, one, keys):
                return [_BatchDropped(is_stale=True)] * len(batches)
            if find is None:
                dropped = _drop(tx, one.walk.kept_class, keys)
            else:
                dropped = drop_tasks(tx.db, find(), now=tx.now, but=held)
            objects += dropped.objects
            left = dropped.left | held
            skipped = [row.place for row in one.rows if row.place.key in left]
            if before.skipped is not None:
                skipped.append(before.skipped)
            after = replace(before, place=one.rows[-1].place, skipped=min(skipped, default=None))
            retention.keep_progress(tx.db, name, after)
            there[name] = after
        bulk.settle(tx.db)  # or what it does would count as the commit's
        held_s = self._context.clock.monotonic() - began_s
        return [_BatchDropped(objects, held_s=held_s)] * len(batches)

    def _may_rewind(self, db: Reading, walk: RetentionWalk) -> bool:
        at = retention.load_progress(db).get(walk.name)
        long_ago = self._context.clock.now() - REWIND
        return at is not None and at.skipped is not None and at.rewound_at <= long_ago

    def _rewind(self, tx: Tx, walks: Sequence[RetentionWalk]) -> list[None]:
        """Go back, once a day, to the first that could not be dropped."""
        there = retention.load_progress(tx.db)
        for walk in walks:
            at = there.get(walk.name)
            if at is None or at.skipped is None:
                continue
            if self._lease.renew(tx):
                place = replace(at.skipped, key=at.skipped.key - 1)
                retention.keep_progress(tx.db, walk.name, WalkProgress(place, None, tx.now))
        return [None] * len(walks)

    def _count_left(self, db: Reading) -> int:
        """Count what is due and not dropped, over all walks."""
        return sum(
            retention.count(db, place, before=self._asking.find_limit(walk), most=MOST_COUNTED)
            for walk, place in retention.find_places(db, self._walks).items()
        )


def _find_unheld(db: Reading, batch: _RetentionBatch) -> list[int]:
    """Return which tasks of a batch something is dropped of: those that are not held."""
    held = holds.prepare_held(db, batch.rows)()
    return [key for key in batch.due if key not in held]


def _plan_droppable(tx: Tx, batch: _RetentionBatch) -> Callable[[], Droppable] | None:
    """Look which tasks of a batch can be dropped whole; None where something else is dropped."""
    if batch.walk.kept_class is not KeptClass.TASKS:
        return None
    return find_droppable_later(tx.db, batch.due, lock=True)


def _is_archived(tx: Tx, batch: _RetentionBatch, task_keys: Sequence[int]) -> bool:
    """Tell whether the archive has what a batch drops, and say so of its files."""
    kept_class, written = batch.walk.kept_class, batch.written
    if written is None:
        return True
    keys = archived_rows.list_roots(tx.db, kept_class, task_keys, lock=True)
    return archiving.keep(tx, {kept_class: keys}, {kept_class: written})


def _drop(tx: Tx, kept_class: KeptClass, keys: Sequence[int]) -> DropResult:
    return DropResult(_DROPS[kept_class](tx.db, keys)) if keys else DropResult()


def _read_standing(db: Reading) -> ChoreStanding | None:
    return next((one for one in chore_leases.list_chores(db) if one.name == NAME), None)


def _take(tx: Tx, asked: Sequence[tuple[RetentionLease, Sequence[str]]]) -> list[bool]:
    results = []
    for lease, walks in asked:
        is_mine = lease.take(tx)
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


def describe_delay(late: timedelta, behind: int) -> str:
    """Return what to say of retention that is late. behind: tasks that wait at least."""
    return (
        f"what is to be dropped has not been for {late.total_seconds() // 60:.0f} minutes; "
        f"at least {behind} tasks wait: keep things longer, or give the database room"
    )
