"""A provider that takes nothing now is waited for, and not for ever. No try is spent."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.support.made_up_api import build_answer
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.policy import Policy
from tracker.domain.task import Task
from tracker.services.submit.attempting import SubmitAttempts
from tracker.store.driver.transaction import Tx
from tracker.store.schema import attempts, jobs

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("scope", "longest_s"), [("task", 300), ("model", 30), ("account", 30)])
async def test_a_busy_provider_is_waited_for_until_the_task_is_given_up(
    database_url: str, scope: str, longest_s: float
) -> None:
    """For three days and three hours, as times of rows are put back."""
    busy = ScriptedHttp(lambda _call: build_answer(429, error={"why": "too many", "wait": scope}))
    hours = [*[1 / 3] * 9, 24, 24, 23]
    async with open_workbench(database_url, busy, policy=Policy()) as bench:
        task, pauses = await bench.create_queued("waits"), []
        for past in hours:
            assert await _try(bench, task) == ("queued", 0)
            pauses.append(await _age(bench, task, timedelta(hours=past)))
        assert all(longest_s - 1 < pause <= 1.5 * longest_s for pause in pauses[-3:])
        assert await _try(bench, task) == ("failed", 0)
        error = (await bench.read_task(task.key)).error
        assert error is not None
        assert error.type == "never_submitted"
        assert "too many" in error.message
    assert len(busy.calls) == len(hours) + 1


async def test_a_pause_that_the_provider_asks_for_is_kept_but_not_beyond_the_end(
    database_url: str,
) -> None:
    said = {"why": "too many", "wait": "task", "seconds": 1800}
    busy = ScriptedHttp(lambda _call: build_answer(429, error=said))
    async with open_workbench(database_url, busy, policy=Policy()) as bench:
        task = await bench.create_queued("waits")
        await _try(bench, task)
        assert 1799 < await _age(bench, task, timedelta(hours=71.9)) <= 2700
        await _try(bench, task)
        assert 300 < await _age(bench, task, timedelta(0)) <= 360  # what is left of three days


async def test_what_no_time_mends_is_tried_twelve_times(database_url: str) -> None:
    said = {"why": "no channel", "wait": "task", "spends": True}
    gateway = ScriptedHttp(lambda _call: build_answer(429, error=said))
    async with open_workbench(database_url, gateway, policy=Policy()) as bench:
        task = await bench.create_queued("spends")
        states = [await _try(bench, task) for _ in range(12)]
        assert states == [*[("queued", n) for n in range(1, 12)], ("failed", 0)]


async def _try(bench: Workbench, task: Task) -> tuple[str, int]:
    """Carry a submit out; return the task's state, and the tries that are spent."""
    found = await bench.context.store.read(
        lambda db: db.execute(jobs.select().where(jobs.c.task_key == task.key)).one()
    )
    await bench.bring_forward(task)
    (job,) = await bench.claim_submits()
    assert (job.key, job.attempts) == (found.key, found.attempts)
    # Another process, as it remembers no "not now" of before.
    await SubmitAttempts(bench.context).run(job)
    left = await bench.context.store.read(
        lambda db: db.scalar(select(jobs.c.attempts).where(jobs.c.task_key == task.key))
    )
    return (await bench.read_task(task.key)).state.value, left or 0


async def _age(bench: Workbench, task: Task, by: timedelta) -> float:
    """Put the times of a queued task's rows back; return the seconds until its next try."""

    def put_back(tx: Tx, keys: Sequence[int]) -> list[float]:
        of_task = jobs.c.task_key == task.key
        run_at = tx.db.scalars(select(jobs.c.run_at).where(of_task)).one()
        for table, name in ((jobs, "created_at"), (attempts, "started_at")):
            mine = table.c.task_key == task.key
            for row in tx.db.execute(table.select().where(mine)).all():
                moved = {name: row._mapping[name] - by}
                tx.db.execute(update(table).where(table.c.key == row.key).values(moved))
        return [(run_at - tx.now).total_seconds()] * len(keys)

    return await bench.context.store.write(put_back, task.key)
