"""A look for due work finds all that it owes, and walks no dead rows for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, text, update

from tests.store.test_listing import connected
from tests.support.history import NOW, make_task
from tests.support.made_up_api import build_answer
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.policy import Policy
from tracker.domain.work import JobKind
from tracker.services.lookout import BEGINNING_S, LATE, Lookout
from tracker.store import due_jobs, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.due_jobs import QUEUES
from tracker.store.schema import jobs

pytestmark = pytest.mark.anyio

DEAD = 3000
"""Jobs that are done, in an index because an open snapshot still sees them."""


@dataclass
class _Submits:
    """The queue of submits, of one task."""

    bench: Workbench
    clock: HandClock
    lookout: Lookout

    async def put(self, *, age_s: float) -> None:
        """Let a submit wait that came due so long ago."""
        await self.bench.create_queued(f"{self.clock.monotonic()} {age_s}")
        run_at = self.clock.now() - timedelta(seconds=age_s)
        await self.bench.context.store.write(_put_off, run_at)

    async def empty(self) -> None:
        await self.bench.context.store.write(_empty, None)

    async def are_found(self, *, after_s: float) -> bool:
        self.clock.move(after_s)
        return JobKind.SUBMIT in await self.lookout.find_due_kinds()


def _put_off(tx: Tx, times: Sequence[datetime]) -> list[None]:
    for run_at in times:
        tx.db.execute(update(jobs).where(jobs.c.lease_until.is_(None)).values(run_at=run_at))
    return [None] * len(times)


def _empty(tx: Tx, asked: Sequence[None]) -> list[None]:
    tx.db.execute(delete(jobs))
    return [None] * len(asked)


@asynccontextmanager
async def _submits(url: str) -> AsyncIterator[_Submits]:
    clock, outbound = HandClock(), ScriptedHttp(lambda _call: build_answer(id="theirs"))
    async with open_workbench(url, outbound, policy=Policy(), clock=clock) as bench:
        yield _Submits(bench, clock, Lookout(bench.context))


async def test_what_waits_is_found_at_each_look(database_url: str) -> None:
    async with _submits(database_url) as submits:
        await submits.put(age_s=3600)
        assert await submits.are_found(after_s=0)  # the first look starts at the beginning
        for _ in range(4):  # the cap of its account may hold it back
            assert await submits.are_found(after_s=7)
        await submits.empty()
        assert not await submits.are_found(after_s=1)


async def test_what_comes_is_found_at_once_and_what_comes_back_within_a_minute(
    database_url: str,
) -> None:
    async with _submits(database_url) as submits:
        assert not await submits.are_found(after_s=0)
        await submits.put(age_s=0)
        assert await submits.are_found(after_s=1)
        await submits.empty()
        assert not await submits.are_found(after_s=1)
        await submits.put(age_s=LATE.total_seconds() - 2)  # its transaction took so long
        assert await submits.are_found(after_s=1)
        await submits.empty()
        assert not await submits.are_found(after_s=1)
        await submits.put(age_s=3600)
        assert not await submits.are_found(after_s=1)
        assert await submits.are_found(after_s=BEGINNING_S - 5)


@pytest.mark.parametrize("waits_s", [None, 1800])
async def test_what_a_stopping_process_hands_back_is_found_at_once_and_keeps_its_turn(
    database_url: str, waits_s: float | None
) -> None:
    async with _submits(database_url) as submits:
        await submits.put(age_s=3600)
        held = await submits.bench.claim(JobKind.SUBMIT)
        if waits_s is not None:  # behind it, and seen at each look
            await submits.put(age_s=waits_s)
        assert await submits.are_found(after_s=0) == (waits_s is not None)
        assert await submits.are_found(after_s=1) == (waits_s is not None)
        await submits.bench.leases.release(held)
        assert await submits.are_found(after_s=1)
        assert (await submits.bench.claim(JobKind.SUBMIT, limit=1))[0].key == held[0].key


async def test_a_clock_that_is_set_back_hides_nothing(database_url: str) -> None:
    async with _submits(database_url) as submits:
        assert not await submits.are_found(after_s=0)
        submits.clock.move(-7200)
        await submits.put(age_s=0)
        assert await submits.are_found(after_s=1)


def test_dead_rows_are_walked_from_the_beginning_alone(postgres_url: str) -> None:
    with connected(postgres_url) as db, connected(postgres_url) as reader:
        (task,) = tasks.insert_many(db, [make_task()])
        assert task is not None
        db.execute(_WAITING, {"key": task.key, "count": DEAD, "at": NOW})
        db.commit()
        reader.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        reader.execute(text("SELECT 1 FROM jobs LIMIT 1"))
        db.execute(delete(jobs))
        db.commit()
        late = dict.fromkeys(QUEUES, NOW + timedelta(hours=1))
        later = NOW + timedelta(hours=2)
        # As a large table is looked through; this one is as quickly read whole.
        db.execute(text("SET LOCAL enable_seqscan = off"))
        assert _pages_read(db, {"now": later}) > DEAD / 100
        assert _pages_read(db, {"now": later, "since": late}) < 20


_WAITING = text(
    "INSERT INTO jobs (tenant, kind, task_key, dedup_key, lane, run_at, attempts, created_at)"
    " SELECT 'default', 'submit', :key, 'submit:' || n, 'l', :at, 0, :at"
    " FROM generate_series(1, :count) AS numbers(n)"
)


def _pages_read(db: Connection, asked: dict[str, Any]) -> int:
    """Return how many pages of tables and indexes a look touches."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db, "before_cursor_execute", note)
    due_jobs.count_due(db, **asked)
    event.remove(db, "before_cursor_execute", note)
    ((statement, parameters),) = sent
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    plan = db.exec_driver_sql(explain, parameters).scalar_one()[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
