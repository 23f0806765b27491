"""kill -9 around the pieces of a run: the next process ends it, and does nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.dying import NEVER, open_dying_service
from tests.support.made_up_api import Played
from tests.support.service import wait_until_ready
from tests.support.waiting import wait_until
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import ACTED_ON, AT_ONCE, BulkAction, BulkActions, BulkOrder
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import tasks
from tracker.store.bulk_runs import KeptRun
from tracker.store.filters import TaskFilter

MANY = AT_ONCE + 20
"""Two pieces."""
WHO = "key 1 (ops)"


@asynccontextmanager
async def _runs(url: str) -> AsyncIterator[tuple[BulkRuns, Workbench]]:
    async with open_workbench(url, ScriptedHttp(Played())) as bench:
        intake = SubmissionIntake(bench.context)
        actions = TaskActions(bench.context, intake)
        bulk = BulkActions(bench.context, actions, intake)
        yield BulkRuns(bench.context, bulk), bench


async def _prepare(url: str) -> KeptRun:
    """Return a run over tasks that came to nothing, of which no piece was carried out."""
    async with _runs(url) as (runs, bench):
        await asyncio.gather(*(bench.create_queued(f"ours-{n}") for n in range(MANY)))
        for action in (BulkAction.CANCEL, BulkAction.RESUBMIT):
            selection = Selection(TaskFilter("default", states=sorted(ACTED_ON[action])))
            order = BulkOrder(action, selection, WHO, is_dry=True)
            token, _ = runs.sign_token(order, MANY, after=None, until=bench.context.clock.now())
            run = await runs.start(runs.read_token("default", token, actor=WHO))
            assert run.matching == MANY
            if action is BulkAction.CANCEL:
                await runs.run_pieces()
        return run


async def _look(url: str, run: KeptRun) -> tuple[KeptRun, list[Task]]:
    async with _runs(url) as (runs, bench):
        found = await bench.context.store.read(lambda db: tasks.get_by_keys(db, range(1, 3 * MANY)))
        return await runs.get("default", run.id), list(found.values())


def _made(found: list[Task]) -> list[str]:
    return [str(task.resubmit_of) for task in found if task.resubmit_of is not None]


def test_a_run_whose_workers_are_killed_is_ended_and_submits_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    run = asyncio.run(_prepare(database_url))
    with open_dying_service(database_url, tmp_path) as bed:
        for point, done in ((CrashPoint.RUN_APPLIED, 0), (CrashPoint.RUN_COMMITTED, AT_ONCE)):
            with bed.make_service(point.value, "1") as dying:
                wait_until(lambda dying=dying: not dying.is_alive)  # type: ignore[misc]  # pinned
            told, found = asyncio.run(_look(database_url, run))
            assert (told.state, told.done, len(_made(found))) == ("running", done, done)
        with bed.make_service(*NEVER) as last:
            wait_until_ready(bed.url, last)
            wait_until(lambda: asyncio.run(_look(database_url, run))[0].state == "done")
    told, found = asyncio.run(_look(database_url, run))
    assert (told.done, told.refused, told.failed) == (MANY, 0, 0)
    cancelled = [str(task.id) for task in found if task.state is TaskState.CANCELLED]
    assert sorted(_made(found)) == sorted(cancelled)
