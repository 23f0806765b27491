"""One action on many tasks: a dry run tells what happens, and a run that was cut goes on."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from tests.support.made_up_api import Played
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import ACTED_ON, BulkAction, BulkActions, BulkOrder, BulkResult
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store.filters import TaskFilter

pytestmark = pytest.mark.anyio
WHO = "key 1 (ops)"


@asynccontextmanager
async def _bench(url: str, **more: Any) -> AsyncIterator[Workbench]:
    async with open_workbench(url, ScriptedHttp(Played()), **more) as bench:
        yield bench


def _bulk(bench: Workbench, **more: int) -> BulkActions:
    intake = SubmissionIntake(bench.context)
    return BulkActions(bench.context, TaskActions(bench.context, intake), intake, **more)


async def _run(
    bulk: BulkActions,
    bench: Workbench,
    action: BulkAction,
    *,
    is_dry: bool,
    ids: Sequence[UUID] | None = None,
) -> BulkResult:
    chosen = sorted(ACTED_ON[action])
    selection = Selection(TaskFilter("default", states=() if ids else chosen))
    order = BulkOrder(action, selection, WHO, is_dry, ids)
    return await bulk.run(order, after=None, until=bench.context.clock.now())


async def _cancelled_three(bench: Workbench) -> list[Task]:
    made = [await bench.create_queued(f"ours-{n}") for n in range(3)]
    done = await _run(_bulk(bench), bench, BulkAction.CANCEL, is_dry=False)
    assert done.done == 3
    return made


async def test_a_dry_cancel_tells_what_the_run_does_and_does_nothing(database_url: str) -> None:
    async with _bench(database_url) as bench:
        bulk = _bulk(bench)
        queued = [await bench.create_queued(f"ours-{n}") for n in range(2)]
        sent = await bench.accept_task(await bench.create_queued("sent"), "theirs")
        before = [await bench.read_task(task.key) for task in (*queued, sent)]
        told = await _run(bulk, bench, BulkAction.CANCEL, is_dry=True)
        assert [await bench.read_task(task.key) for task in (*queued, sent)] == before
        done = await _run(bulk, bench, BulkAction.CANCEL, is_dry=False)
        assert done == told
        assert (done.matching, done.done, done.refused.total()) == (3, 3, 0)
        assert done.by_state == {"queued": 2, "submitted": 1}
        assert [task.id for task in done.sample] == [task.id for task in before]
        states = [(await bench.read_task(one.key)).state for one in queued]
        assert states == [TaskState.CANCELLED] * 2
        assert (await bench.read_task(sent.key)).cancel_asked_at is not None


async def test_what_cannot_be_done_is_counted_by_its_reason(database_url: str) -> None:
    async with _bench(database_url) as bench:
        bulk = _bulk(bench)
        waiting = await bench.create_queued("waiting")
        sent = await bench.accept_task(await bench.create_queued("sent"), "theirs")
        ids = [waiting.id, sent.id, UUID(int=7)]
        told = await _run(bulk, bench, BulkAction.REFRESH, is_dry=True, ids=ids)
        done = await _run(bulk, bench, BulkAction.REFRESH, is_dry=False, ids=ids)
        assert done == told
        assert (done.matching, done.done) == (2, 1)
        assert done.refused.total() == 2
        assert done.refused["there is no such task"] == 1
        assert len(await bench.await_jobs(JobKind.RECONCILE)) == 1


async def test_each_is_submitted_again_once_however_often_it_is_asked(database_url: str) -> None:
    async with _bench(database_url) as bench:
        ended = await _cancelled_three(bench)
        bulk = _bulk(bench)
        told = await _run(bulk, bench, BulkAction.RESUBMIT, is_dry=True)
        assert (told.matching, told.done, told.made) == (3, 3, [])
        done = await _run(bulk, bench, BulkAction.RESUBMIT, is_dry=False)
        assert sorted(str(one.resubmit_of) for one in done.made) == sorted(
            str(one.id) for one in ended
        )
        again = await _run(bulk, bench, BulkAction.RESUBMIT, is_dry=False)
        assert (again.done, again.refused) == (0, {"it was submitted again before": 3})


async def test_a_run_that_was_cut_is_ended_by_the_next_and_doubles_nothing(
    database_url: str,
) -> None:
    async with _bench(database_url) as bench:
        ended = await _cancelled_three(bench)
    commits = count()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY and next(commits) == 1:
            raise RuntimeError("the process dies here")

    async with _bench(database_url, signal=at) as bench:
        bulk = _bulk(bench, at_once=1)
        with pytest.raises(RuntimeError):
            await _run(bulk, bench, BulkAction.RESUBMIT, is_dry=False)
        assert len(await bench.list_all()) == 4
        await _run(bulk, bench, BulkAction.RESUBMIT, is_dry=False)
        made = [task.resubmit_of for task in await bench.list_all() if task.resubmit_of is not None]
        assert sorted(made) == sorted(task.id for task in ended)


async def test_a_run_has_a_bound_and_says_where_the_next_goes_on(database_url: str) -> None:
    async with _bench(database_url) as bench:
        made = [await bench.create_queued(f"ours-{n}") for n in range(5)]
        selection = Selection(TaskFilter("default", states=[TaskState.QUEUED]))
        bulk, until = _bulk(bench, at_once=2), bench.context.clock.now()
        order = BulkOrder(BulkAction.CANCEL, selection, WHO, is_dry=True, most=4)
        first = await bulk.run(order, after=None, until=until)
        assert (first.matching, first.place is None) == (4, False)
        rest = await bulk.run(order, after=first.place, until=until)
        assert ([one.id for one in rest.sample], rest.place) == ([made[4].id], None)
