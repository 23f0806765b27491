"""Many tasks are submitted again at once: each once, bounded, and nobody else's."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.support.made_up_api import build_answer
from tests.support.workbench import OPERATION, ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.recorder import Recorder
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.bulk import BulkAction, BulkActions, BulkOrder, BulkResult
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import task_inputs, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.filters import TaskFilter

pytestmark = pytest.mark.anyio
MINE = Selection(TaskFilter("default"))


def _refuses(_call: HttpCall) -> HttpResult:
    return build_answer(400, error={"code": "content", "why": "content"})


async def _failed(bench: Workbench, *names: str) -> list[Task]:
    made = []
    for name in names:
        made.append(await bench.create_queued(name))
        (job,) = await bench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(bench.context).run(job)
    return [await bench.read_task(task.key) for task in made]


async def _cancel(bench: Workbench, task: Task) -> None:
    actions = TaskActions(bench.context, SubmissionIntake(bench.context))
    await actions.cancel("default", task.id, actor="a test")


def _order(selection: Selection = MINE, *, is_dry: bool = False, **more: Any) -> BulkOrder:
    return BulkOrder(BulkAction.RESUBMIT, selection, "a test", is_dry, skips_refused=True, **more)


def _bulk(bench: Workbench, **more: int) -> BulkActions:
    intake = SubmissionIntake(bench.context)
    return BulkActions(bench.context, TaskActions(bench.context, intake), intake, **more)


async def _run(bench: Workbench, **more: Any) -> BulkResult:
    return await _bulk(bench).run(_order(**more), after=None, until=bench.context.clock.now())


async def test_each_is_submitted_again_once(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        first, second = await _failed(bench, "one", "two")
        counted = await _run(bench, is_dry=True)
        assert (counted.matching, counted.made) == (2, [])
        assert (counted.by_state, counted.by_code) == ({"failed": 2}, {"content": 2})
        assert [task.id for task in counted.sample] == [first.id, second.id]
        done = await _run(bench)
        assert [task.resubmit_of for task in done.made] == [first.id, second.id]
        assert [task.external_task_id for task in done.made] == ["one", "two"]  # free again
        assert all(task.state is TaskState.QUEUED for task in done.made)
        bodies = await bench.context.store.read(
            lambda db: task_inputs.get_by_keys(db, [first.key, done.made[0].key])
        )
        assert bodies[first.key] == bodies[done.made[0].key]
        jobs = await bench.await_jobs(JobKind.SUBMIT)
        assert {job.task_key for job in jobs} <= {task.key for task in done.made}
        assert (await _run(bench, is_dry=True)).matching == 0
        assert (await _run(bench)).made == []


async def test_those_that_were_submitted_again_are_taken_where_that_is_asked_for(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        (first,) = await _failed(bench, "one")
        await _run(bench)
        again = await _run(bench, is_again=True)
        assert [task.resubmit_of for task in again.made] == [first.id]
        assert again.made[0].external_task_id == str(again.made[0].id)  # the other has the name


async def test_calls_at_one_time_make_each_once(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        sources = await _failed(bench, *(f"task-{n}" for n in range(6)))
        results = await asyncio.gather(*(_run(bench) for _ in range(4)))
        made = [task.resubmit_of for result in results for task in result.made]
        assert sorted(map(str, made)) == sorted(str(task.id) for task in sources)


async def test_a_call_for_many_waits_for_one_that_is_being_made_again(postgres_url: str) -> None:
    is_ready, may_go_on = threading.Event(), threading.Event()

    def hold(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY and is_armed:
            is_ready.set()
            may_go_on.wait(60)

    def is_waiting() -> bool:
        with psycopg.connect(postgres_url) as db:
            found = db.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            return bool(found and found[0])

    is_armed = False
    outbound = ScriptedHttp(_refuses)
    async with (
        open_workbench(postgres_url, outbound, signal=hold) as bench,
        open_workbench(postgres_url, outbound) as other,
    ):
        (source,) = await _failed(bench, "one")
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        is_armed = True
        again = asyncio.create_task(actions.resubmit("default", source.id, idempotency_key=None))
        await asyncio.to_thread(is_ready.wait, 60)
        bulk = asyncio.create_task(_run(other))
        while not (bulk.done() or await asyncio.to_thread(is_waiting)):
            pass
        is_armed = False
        may_go_on.set()
        made = (await again).task
        assert made.resubmit_of == source.id
        assert (await bulk).made == []


async def test_what_succeeds_meanwhile_is_not_submitted_again(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        task = await bench.accept_task(await bench.create_queued("one"), "theirs")
        expired = await _expire(bench, task)
        await bench.end_task(task)
        with pytest.raises(Conflict, match="succeeded"):
            await SubmissionIntake(bench.context).accept_again(
                expired, idempotency_key=None, submitter=None
            )
        assert len(await bench.list_all()) == 1


async def _expire(bench: Workbench, task: Task) -> Task:
    def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
        recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, keys).values())
        for key in keys:
            recorder.record(key, Event(EventKind.GIVEN_UP, Source.SWEEP))
        recorder.flush()
        return [None] * len(keys)

    await bench.context.store.write(batch, task.key)
    return await bench.read_task(task.key)


async def test_only_what_the_filter_matches(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        (failed,) = await _failed(bench, "one")
        waiting = await bench.create_queued("waiting")
        cancelled = await bench.create_queued("cancelled")
        await _cancel(bench, cancelled)
        for filter_, wanted in [
            (MINE, [failed.id, cancelled.id]),
            (Selection(TaskFilter("default", states=[TaskState.FAILED])), [failed.id]),
            (Selection(TaskFilter("default", states=[TaskState.QUEUED])), []),
            (Selection(TaskFilter("somebody else")), []),
            (Selection(TaskFilter("default", operation="another")), []),
            (
                Selection(
                    TaskFilter("default", operation=OPERATION, created_after=waiting.created_at)
                ),
                [cancelled.id],
            ),
            (replace(MINE, error_code="content"), [failed.id]),
            (replace(MINE, error_code="other"), []),
            (Selection(TaskFilter("default", account="other")), []),
            (Selection(TaskFilter("default", account="default")), [failed.id, cancelled.id]),
        ]:
            found = await _run(bench, selection=filter_, is_dry=True)
            assert [task.id for task in found.sample] == wanted, filter_


async def test_a_call_ends_somewhere_and_the_next_goes_on_there(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        sources = await _failed(bench, *(f"task-{n}" for n in range(5)))
        bulk, order, until = _bulk(bench, at_once=2), _order(most=2), bench.context.clock.now()
        result, made = await bulk.run(order, after=None, until=until), []
        while True:
            assert len(result.made) <= 2
            made += result.made
            for task in result.made:  # which fail again at once
                await _cancel(bench, task)
            if result.place is None:
                break
            result = await bulk.run(order, after=result.place, until=until)
        assert [task.resubmit_of for task in made] == [task.id for task in sources]
