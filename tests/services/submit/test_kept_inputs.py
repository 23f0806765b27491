"""A kept input is judged again before it is sent again: it may name what is another tenant's."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.support.counted_reads import count_reads
from tests.support.made_up import NAME
from tests.support.made_up_api import Played
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict
from tracker.domain.runs import RunState
from tracker.domain.task import Task
from tracker.services.fronts.owning import keep_made
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import BulkAction, BulkActions, BulkOrder
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import bulk_runs
from tracker.store.filters import TaskFilter
from tracker.store.made_objects import MadeObject

pytestmark = pytest.mark.anyio
FOREIGN = "its input cannot be submitted again: scene: there is no such scene"
ELSEWHERE = "its input cannot be submitted again: scene: is at account 'second' alone"
WHO = "key 1 (ops)"
ALL = BulkOrder(BulkAction.RESUBMIT, Selection(TaskFilter("default")), WHO, is_dry=False)


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Workbench]:
    accounts = ("default", "second")
    async with open_workbench(database_url, ScriptedHttp(Played()), accounts=accounts) as opened:
        yield opened


async def _cancelled(bench: Workbench, name: str, scene: str) -> Task:
    """A task that names a scene of which nobody is known to be the owner, and came to nothing."""
    task = await bench.create_queued(name, scene=scene)
    await TaskActions(bench.context, SubmissionIntake(bench.context)).cancel(
        "default", task.id, actor=WHO
    )
    return await bench.read_task(task.key)


async def _became(bench: Workbench, scene: str, *, tenant: str, account: str = "default") -> None:
    await keep_made(bench.context, MadeObject(NAME, account, "scene", scene, tenant))


async def _again(bench: Workbench, task: Task, key: str | None = None) -> Task:
    actions = TaskActions(bench.context, SubmissionIntake(bench.context))
    return (await actions.resubmit("default", task.id, idempotency_key=key)).task


async def test_one_task_is_not_submitted_again_with_what_is_another_tenants(
    bench: Workbench,
) -> None:
    task = await _cancelled(bench, "one", "1")
    first = await _again(bench, task, "before")
    await _became(bench, "1", tenant="theirs")
    with pytest.raises(Conflict, match=FOREIGN):
        await _again(bench, task, "after")
    assert (await _again(bench, task, "before")).id == first.id  # the answer that was given
    own = await _cancelled(bench, "two", "2")
    await _became(bench, "2", tenant="default")
    assert (await _again(bench, own)).resubmit_of == own.id


async def test_nor_at_an_account_that_has_not_what_it_names(bench: Workbench) -> None:
    task = await _cancelled(bench, "one", "1")
    await _became(bench, "1", tenant="default", account="second")
    with pytest.raises(Conflict, match=ELSEWHERE):
        await _again(bench, task)


async def test_many_are_submitted_again_without_those(bench: Workbench) -> None:
    tasks = [await _cancelled(bench, f"ours-{number}", f"{number}") for number in range(3)]
    await _became(bench, "1", tenant="theirs")
    order, until = replace(ALL, skips_refused=True), bench.context.clock.now()
    told = await _bulk(bench).run(replace(order, is_dry=True), after=None, until=until)
    assert (told.matching, told.refused) == (2, {})
    done = await _bulk(bench).run(order, after=None, until=until)
    assert [one.resubmit_of for one in done.made] == [tasks[0].id, tasks[2].id]


@pytest.mark.parametrize("is_dry", [True, False])
async def test_a_run_says_of_which_it_cannot(bench: Workbench, *, is_dry: bool) -> None:
    tasks = [await _cancelled(bench, f"ours-{number}", f"{number}") for number in range(3)]
    await _became(bench, "1", tenant="theirs")
    bulk = _bulk(bench)
    order = replace(ALL, is_dry=is_dry, ids=[task.id for task in tasks])
    done = await bulk.run(order, after=None, until=bench.context.clock.now())
    assert (done.done, done.refused) == (2, {FOREIGN: 1})
    assert len(done.made) == (0 if is_dry else 2)


async def test_so_does_a_run_of_the_workers(bench: Workbench) -> None:
    for number in range(3):
        await _cancelled(bench, f"ours-{number}", f"{number}")
    await _became(bench, "1", tenant="theirs")
    runs = BulkRuns(bench.context, _bulk(bench))
    token, _ = runs.sign_token(ALL, 3, after=None, until=bench.context.clock.now())
    run = await runs.start(runs.read_token("default", token, actor=WHO))
    await runs.run_pieces()
    ended = await runs.get("default", run.id)
    assert (ended.state, ended.done, ended.refused) == (RunState.DONE, 2, 1)
    told = await bench.context.store.read(lambda db: bulk_runs.count_reasons(db, ended.key))
    assert told == {FOREIGN: 1}


def _bulk(bench: Workbench) -> BulkActions:
    intake = SubmissionIntake(bench.context)
    return BulkActions(bench.context, TaskActions(bench.context, intake), intake)


async def test_many_that_are_submitted_again_are_read_together(bench: Workbench) -> None:
    read = []
    with count_reads(bench.context.store.engine) as sent:
        for count in (2, 8):
            for number in range(count):
                await _cancelled(bench, f"{count}-{number}", f"{count}-{number}")
            sent.clear()
            done = await _bulk(bench).run(ALL, after=None, until=bench.context.clock.now())
            assert len(done.made) == count
            read.append(list(sent))
    assert read[0]
    assert len(read[0]) == len(read[1]), read[1]
