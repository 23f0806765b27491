"""A clock that was hours ahead and is right again holds no work up, and no claim that it made."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text

from tests.support.custody import open_custody
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.expectation import Expectation
from tracker.domain.longest_pauses import compute_longest_pauses
from tracker.domain.policy import Policy
from tracker.domain.work import JobKind
from tracker.services.upkeep.due_time_repair import DueTimeRepair
from tracker.store.driver.transaction import Tx
from tracker.store.driver.types import UtcDateTime

pytestmark = pytest.mark.anyio
HOUR = 3600.0
HOURS = 2 * HOUR


async def put_off(
    bench: Workbench, seconds: float, what: str, where: str = "1 = 1", *, token: str | None = None
) -> None:
    """Write a time as a clock does that is so far ahead. what: table and column."""
    table, _, column = what.partition(".")
    to = bindparam("to", type_=UtcDateTime)
    held = "" if token is None else f", token = '{token}'"
    change = text(f"UPDATE {table} SET {column} = :to{held} WHERE {where}").bindparams(to)
    at = bench.context.clock.now() + timedelta(seconds=seconds)

    def batch(tx: Tx, items: Sequence[None]) -> list[None]:
        assert tx.db.execute(change, {"to": at}).rowcount
        return [None] * len(items)

    await bench.context.store.write(batch, None)


async def ahead_s(bench: Workbench, what: str) -> float:
    """Return how far ahead the farthest row of a table and column lies, in seconds."""
    table, _, column = what.partition(".")
    latest = text(f"SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 1")
    found = latest.columns(**{column: UtcDateTime()})
    at = await bench.context.store.read(lambda db: db.scalar(found))
    assert at is not None
    return float((at - bench.context.clock.now()).total_seconds())


async def due(bench: Workbench) -> set[JobKind]:
    return {kind for kind in (JobKind.SUBMIT, JobKind.RECONCILE) if await bench.claim(kind)}


async def test_work_that_a_clock_two_hours_ahead_put_off_is_due_again(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=HandClock()) as bench:
        await bench.create_queued("waits")
        await bench.submit_tasks(1)
        await put_off(bench, HOURS, "jobs.run_at")
        assert await due(bench) == set()
        await DueTimeRepair(bench.context).pull_back()
        assert await due(bench) == {JobKind.SUBMIT, JobKind.RECONCILE}


async def test_what_may_lie_so_far_ahead_stays(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=HandClock()) as bench:
        await bench.create_queued("waits")
        await bench.submit_tasks(1)
        known = {("made-up", "film"): Expectation(timedelta(hours=1), timedelta(hours=3))}
        bench.context.expectations.replace(known)
        await put_off(bench, HOURS, "jobs.run_at", "kind = 'reconcile'")
        await put_off(
            bench, 80 * 60, "jobs.run_at", "kind = 'submit'"
        )  # a Retry-After of an hour, with jitter
        await DueTimeRepair(bench.context).pull_back()
        assert await due(bench) == set()


async def test_a_claim_of_a_process_that_was_ahead_ends_as_any(sqlite_url: str) -> None:
    clock = HandClock()
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        await bench.create_queued("held")
        clock.move(HOURS)
        assert await bench.claim(JobKind.SUBMIT)
        clock.move(-HOURS)
        clock.move(bench.context.policy.lease.total_seconds() + 1)
        assert not await bench.claim(JobKind.SUBMIT)  # as if it were held for two hours more
        await DueTimeRepair(bench.context).pull_back()
        assert not await bench.claim(JobKind.SUBMIT)  # its holder may be there
        clock.move(bench.context.policy.lease.total_seconds() + 1)
        assert await bench.claim(JobKind.SUBMIT)


QUEUES = [
    # Put off by so much, with a holder or not: so far ahead it lies at most afterwards.
    ("deliveries", 40 * HOUR, False, 0),
    ("deliveries", 28 * HOUR, False, 28 * HOUR),  # the last pause is a day, with jitter
    ("deliveries", 2 * HOUR, True, 45),
    ("deliveries", 80, True, 80),
    ("assets", 80 * HOUR, False, 0),
    ("assets", 70 * HOUR, False, 70 * HOUR),
    ("assets", 2 * HOUR, True, 30),
]


@pytest.mark.parametrize(("table", "put_s", "is_held", "left_s"), QUEUES)
async def test_deliveries_and_fetches_are_pulled_back(
    database_url: str, tmp_path: Path, *, table: str, put_s: float, is_held: bool, left_s: float
) -> None:
    async with open_custody(database_url, tmp_path, clock=HandClock()) as custody:
        bench = custody.bench
        await create_endpoint(bench)
        await custody.create_succeeded({"url": "http://127.0.0.1:9/film.mp4"})
        await put_off(bench, put_s, f"{table}.next_at", token="somebody" if is_held else None)
        await DueTimeRepair(bench.context).pull_back()
        ahead = await ahead_s(bench, f"{table}.next_at")
        assert abs(ahead - left_s) < 25


def test_pauses_end_before_a_clock_two_hours_off_is_believed() -> None:
    longest = compute_longest_pauses(Policy(), slowest=timedelta(0))
    assert max(longest.submit, longest.look, longest.job) < timedelta(hours=2)
    assert longest.deliver > timedelta(hours=24)
    assert compute_longest_pauses(Policy(), slowest=timedelta(days=1)).look > timedelta(days=1)
