"""An external id is free again when its task certainly never was at the provider."""

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import says
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.task import Task, TaskState, having_name
from tracker.domain.work import JobKind
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import tasks

pytestmark = pytest.mark.anyio


def _refuses(_call: HttpCall) -> HttpResult:
    return says(400, error={"code": "content", "why": "content"})


def _breaks(_call: HttpCall) -> HttpFailure:
    return HttpFailure(Certainty.UNKNOWN, "cut")


async def _try(bench: Workbench) -> None:
    (job,) = await bench.waits_for(JobKind.SUBMIT)
    await SubmitAttempts(bench.context).run(job)


async def _holders(bench: Workbench, name: str) -> list[Task]:
    found = await bench.context.store.read(lambda db: tasks.by_external_id(db, [name]))
    return having_name(found[name])


async def test_a_refused_create_gives_its_name_back(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        first = await bench.queued("mine")
        await _try(bench)
        assert (await bench.task(first.key)).state is TaskState.FAILED
        second = await bench.queued("mine")
        assert [task.id for task in await _holders(bench, "mine")] == [second.id]
        with pytest.raises(Conflict):
            await bench.queued("mine")
        named = await bench.context.store.read(
            lambda db: tasks.get_by_name(db, "default", NAME, "mine")
        )
        assert named is not None
        assert named.id == second.id


async def test_a_cancelled_one_gives_its_name_back(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        first = await bench.queued("mine")
        await TaskActions(bench.context, SubmissionIntake(bench.context)).cancel(
            "default", first.id, actor="a test"
        )
        second = await bench.queued("mine")
        assert second.id != first.id


async def test_one_whose_submit_may_have_arrived_keeps_its_name(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_breaks)) as bench:
        made = await bench.queued("mine")
        await _try(bench)
        assert (await bench.task(made.key)).state is TaskState.UNCERTAIN
        with pytest.raises(Conflict):
            await bench.queued("mine")


async def test_what_is_submitted_again_takes_the_free_name_with_it(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        first = await bench.queued("mine")
        await _try(bench)
        again = (await actions.resubmit("default", first.id, idempotency_key=None)).task
        assert again.external_task_id == "mine"
        other = (await actions.resubmit("default", first.id, idempotency_key=None)).task
        assert other.external_task_id == str(other.id)  # the name is taken now
