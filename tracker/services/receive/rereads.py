"""Runs that read a provider's receipts again, and correct tasks of which they say more today.

A page is one transaction: the tasks that it corrects are corrected in it, and the run comes one
page further in the same commit, with its row locked. A process may die anywhere: a page that was
not committed was not done.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from tracker.clock import make_id
from tracker.domain.errors import (
    NO_SUCH_TASK,
    Conflict,
    FieldError,
    InvalidRequest,
    NotFound,
    Unavailable,
)
from tracker.domain.lifecycle import Verdict
from tracker.domain.refolding import Refolded, RereadKind
from tracker.domain.rereads import MOST_DIFFERENCES, Difference, Reread
from tracker.domain.runs import RunState
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.precedence import step_back
from tracker.services.context import Context
from tracker.services.receive.rejudging import ReceiptRejudger
from tracker.services.receive.rereading import ReceiptRereader
from tracker.services.recorder import Recorder
from tracker.store import receipts, refolds, rereads, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.refolds import ReceiptFilter, StoredTask
from tracker.store.store import Reading

log = logging.getLogger(__name__)

DRY_AT_ONCE = 2000
"""Receipts that a page of a dry run looks at."""
AT_ONCE = 200
"""Those of a page that is applied: callbacks wait for its transaction."""
SHARED_AT_ONCE = 100
"""Those of any page in a process to which callbacks come: reading them takes some milliseconds of
the one interpreter, and callbacks wait for their turns in it."""
SHARED_S = 2.0
"""For how long after a callback it is taken that more will come."""
REST = 4
"""Pause after a page while callbacks come, in times of how long it took."""
MOST_REST_S = 1.0
PAGES_AT_ONCE = 20
"""Pages of one round of a worker, so that it stops soon when it is told to."""
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="tracker-rereading", initializer=step_back)
NO_SUCH_REREAD = "there is no such run"
_CHANGED = frozenset({RereadKind.RICHER, RereadKind.FREED})


@dataclass(frozen=True, slots=True)
class RereadOrder:
    """The receipts that are to be read again, and what for.

    since, verdicts, task_id: narrow them; None and empty for all of the provider's.
    notify: tell subscribers of what is corrected.
    """

    tenant: str
    provider: str
    actor: str
    since: datetime | None = None
    verdicts: Sequence[Verdict] = ()
    task_id: UUID | None = None
    is_dry: bool = True
    notify: bool = False

    def build_fields(self) -> dict[str, Any]:
        """Return what narrows it, by the API's names."""
        return {
            "provider": self.provider,
            "since": None if self.since is None else self.since.isoformat(),
            "verdict": [verdict.value for verdict in self.verdicts],
            "task_id": None if self.task_id is None else str(self.task_id),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    """A page as it was read. matched: the receipts that match among those looked at."""

    until: int
    matched: int
    found: Sequence[StoredTask]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page to be applied.

    changing: the tasks that are to be corrected, and the receipts that free some of them.
    is_whole: the run has come one page further.
    """

    run: Reread
    until: int
    counts: Mapping[str, int]
    differences: Sequence[Difference]
    changing: Mapping[int, tuple[int, ...]]
    is_whole: bool = True


class Rereads:
    """Starts, stops and carries out runs that read receipts again."""

    def __init__(
        self, context: Context, *, at_once: int | None = None, pages: int = PAGES_AT_ONCE
    ) -> None:
        """at_once, pages: less, for tests."""
        self._context = context
        self._rereading = ReceiptRereader(context)
        self._rejudging = ReceiptRejudger(context)
        self._at_once = at_once
        self._pages = pages
        self._begun = context.precedence.begun
        self._shared_until_s = 0.0

    async def start(self, order: RereadOrder) -> Reread:
        """Hand a run to the workers, over the receipts that there are now.

        Raises InvalidRequest for a provider or a task that is not there; Unavailable.
        """
        if order.provider not in self._context.providers:
            raise InvalidRequest(FieldError("provider", "there is no such provider"))
        first, last = await self._context.store.read(lambda db: _read_bounds(db, order))
        now = self._context.clock.now()
        run = Reread(
            id=make_id(),
            tenant=order.tenant,
            filter=order.build_fields(),
            is_dry=order.is_dry,
            notify=order.notify,
            actor=order.actor,
            state=RunState.RUNNING,
            first=first,
            after=first,
            last=last,
            created_at=now,
            updated_at=now,
            counts={},
        )
        started: Reread = await self._context.store.write(_start, run)
        return started

    async def get(self, tenant: str, id_: UUID) -> Reread:
        """Return a tenant's run. Raises NotFound, Unavailable."""
        found = await self._context.store.read(lambda db: rereads.find(db, tenant, id_))
        if found is None:
            raise NotFound(NO_SUCH_REREAD)
        return found

    async def stop(self, tenant: str, id_: UUID, *, actor: str) -> Reread:
        """Read no further page. Raises NotFound; Conflict when it is over; Unavailable."""
        run = replace(await self.get(tenant, id_), stopped_by=actor)
        stopped: Reread = await self._context.store.write(_stop, run)
        return stopped

    async def run_pages(self) -> float | None:
        """Carry out pages, each time of the run that has waited longest. Raises Unavailable.

        Returns for how many seconds to rest then; None where no run waits.
        """
        clock = self._context.clock
        for _ in range(self._pages):
            run = await self._context.store.read(rereads.find_next_running)
            if run is None:
                return None
            is_shared, began_s = self._is_shared(), clock.monotonic()
            await self._carry_out(run, is_shared=is_shared)
            if is_shared:
                return min(REST * (clock.monotonic() - began_s), MOST_REST_S)
        return 0.0

    def _is_shared(self) -> bool:
        """Return whether callbacks come to this process."""
        begun, now_s = self._context.precedence.begun, self._context.clock.monotonic()
        if begun != self._begun:
            self._begun, self._shared_until_s = begun, now_s + SHARED_S
        return now_s < self._shared_until_s

    async def _carry_out(self, run: Reread, *, is_shared: bool) -> None:
        """Carry out the next page of a run. is_shared: a small one."""
        limit = self._at_once or (DRY_AT_ONCE if run.is_dry else AT_ONCE)
        if is_shared:
            limit = min(limit, SHARED_AT_ONCE)
        seen = await self._context.store.read(lambda db: _look(db, run, limit))
        # Beside the event loop: it is all arithmetic, and would hold everybody else up.
        compare = partial(self._rereading.compare_all, seen.found, actor=run.actor)
        compared = await asyncio.get_running_loop().run_in_executor(_THREAD, compare)
        page = _make_page(run, seen, compared)
        try:
            await self._context.store.write(self._apply, page)
        except Unavailable:
            raise
        except Exception:
            log.exception("a page of receipts read again raised; each of its tasks is tried alone")
            await self._change_one_by_one(page)
        self._context.at(CrashPoint.REREAD_COMMITTED)

    async def _change_one_by_one(self, page: _Page) -> None:
        failed = 0
        for key, freeing in page.changing.items():
            alone = replace(page, changing={key: freeing}, is_whole=False)
            try:
                await self._context.store.write(self._apply, alone)
            except Unavailable:
                raise
            except Exception:
                log.exception("correcting one task raised: it is left as it is")
                failed += 1
        counts = {**page.counts, "failed": failed}
        await self._context.store.write(self._apply, replace(page, changing={}, counts=counts))

    def _apply(self, tx: Tx, pages: Sequence[_Page]) -> list[bool]:
        """Set-based: correct the tasks of pages, and move their runs on."""
        runs = [rereads.find(tx.db, p.run.tenant, p.run.id, is_locked=True) for p in pages]
        # Another process may have carried the same page out since it was read.
        due = [
            (page, run)
            for page, run in zip(pages, runs, strict=True)
            if run is not None and run.state is RunState.RUNNING and run.after == page.run.after
        ]
        self._correct(tx, [page for page, _ in due])
        for page, run in due:
            if page.is_whole:
                rereads.save(tx.db, _advance_run(run, page, now=tx.now))
        self._context.at(CrashPoint.REREAD_APPLIED)
        return [True] * len(pages)

    def _correct(self, tx: Tx, pages: Sequence[_Page]) -> None:
        by_task = {key: page.run for page in pages for key in page.changing}
        if not by_task:
            return
        freeing = {one for page in pages for some in page.changing.values() for one in some}
        receipts.lock_judged(tx.db, freeing)
        locked = tasks.lock_by_key(tx.db, by_task)
        recorder = Recorder(self._context, tx, locked.values())
        settle: list[Callable[[], None]] = []
        read: dict[int, set[int]] = {}
        tx.write_deferred()
        for stored in refolds.find_beside(tx.db, locked):
            task, run = stored.task, by_task[stored.task.key]
            compared = self._rereading.compare(stored, actor=run.actor)
            if compared.correction is not None:
                step = recorder.record(task.key, compared.correction)
                if run.notify:
                    recorder.notify(step)
                revision = self._context.providers[task.provider].revision
                read.setdefault(revision, set()).update([compared.correction.receipt or 0])
            settle += [
                self._rejudging.free(tx, recorder, task, key, actor=run.actor)
                for key in compared.freeing
                if key in freeing
            ]
        recorder.save()
        for revision, keys in read.items():
            refolds.set_reader(tx.db, keys, revision)
        for done in settle:
            done()
        recorder.flush()


def _read_bounds(db: Reading, order: RereadOrder) -> tuple[int, int]:
    """Return the keys of receipts between which a run reads. Raises InvalidRequest."""
    last = refolds.find_last_key(db)
    if order.task_id is not None:
        _read_task_key(db, order.tenant, order.task_id)
    if order.since is None:
        return 0, last
    return refolds.find_key_before(db, order.since, last=last), last


def _read_task_key(db: Reading, tenant: str, id_: UUID) -> int:
    task = tasks.get_own(db, tenant, id_)
    if task is None:
        raise InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    return task.key


def _filter_of(db: Reading, run: Reread) -> ReceiptFilter:
    since, task_id = run.filter["since"], run.filter["task_id"]
    return ReceiptFilter(
        run.tenant,
        run.filter["provider"],
        None if since is None else datetime.fromisoformat(since),
        [Verdict(word) for word in run.filter["verdict"]],
        None if task_id is None else _read_task_key(db, run.tenant, UUID(task_id)),
        run.last,
    )


def _look(db: Reading, run: Reread, limit: int) -> _Seen:
    """Read a page of receipts, and whole the tasks whose first matching receipt is in it."""
    wanted = _filter_of(db, run)
    until, matching = refolds.list_page(db, wanted, after=run.after, limit=limit)
    first_here: dict[int, int] = {}
    for key, task_key in matching:
        first_here.setdefault(task_key, key)
    firsts = refolds.find_first_keys(db, wanted, first_here) if first_here else {}
    mine = [key for key, first in first_here.items() if firsts.get(key) == first]
    return _Seen(until, len(matching), refolds.load(db, mine))


def _make_page(run: Reread, seen: _Seen, compared: Iterable[tuple[Task, Refolded]]) -> _Page:
    counts: Counter[str] = Counter(receipts=seen.matched)
    differences: list[Difference] = []
    changing: dict[int, tuple[int, ...]] = {}
    for task, one in compared:
        counts[one.sort.value] += 1
        if one.sort is RereadKind.SAME:
            continue
        differences.append(
            Difference(
                str(task.id),
                one.sort.value,
                one.receipt,
                task.state.value,
                one.folded.state.value,
                one.fields,
            )
        )
        if one.sort in _CHANGED and not run.is_dry:
            changing[task.key] = one.freeing
    return _Page(run, seen.until, counts, differences, changing)


def _advance_run(run: Reread, page: _Page, *, now: datetime) -> Reread:
    """Return a run after one more page."""
    counts = dict(run.counts)
    for name, number in page.counts.items():
        counts[name] = counts.get(name, 0) + number
    is_over = page.until >= run.last
    return replace(
        run,
        after=page.until,
        counts=counts,
        differences=_choose_listed([*run.differences, *page.differences]),
        state=RunState.DONE if is_over else RunState.RUNNING,
        updated_at=now,
        ended_at=now if is_over else None,
    )


def _choose_listed(every: Sequence[Difference]) -> Sequence[Difference]:
    """Return the first differences, and besides the first contradictions: these want somebody."""
    first = list(every[:MOST_DIFFERENCES])
    contradicting = [one for one in every if one.sort == RereadKind.CONTRADICTS.value]
    return first + [one for one in contradicting[:MOST_DIFFERENCES] if one not in first]


def _start(tx: Tx, runs: Sequence[Reread]) -> list[Reread]:
    tx.woken.add(JobKind.RUN)
    for run in runs:
        rereads.insert_one(tx.db, run)
    return list(runs)


def _stop(tx: Tx, runs: Sequence[Reread]) -> list[Reread | Exception]:
    results: list[Reread | Exception] = []
    for one in runs:
        run = rereads.find(tx.db, one.tenant, one.id, is_locked=True)
        if run is None:
            results.append(NotFound(NO_SUCH_REREAD))
        elif run.state is not RunState.RUNNING:
            results.append(Conflict(f"it is {run.state}: there is nothing to stop"))
        else:
            stopped = replace(
                run,
                state=RunState.STOPPED,
                stopped_by=one.stopped_by,
                updated_at=tx.now,
                ended_at=tx.now,
            )
            rereads.save(tx.db, stopped)
            results.append(stopped)
    return results
