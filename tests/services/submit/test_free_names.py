"""An external id is free again when its task certainly never was at the provider."""

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import build_answer
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.task import Task, TaskState, select_by_name
from tracker.domain.work import JobKind
from tracker.services.submit.actions import Resolution, TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import tasks

pytestmark = pytest.mark.anyio


def _refuses(_call: HttpCall) -> HttpResult:
    return build_answer(400, error={"code": "content", "why": "content"})


def _breaks(_call: HttpCall) -> HttpFailure:
    return HttpFailure(Certainty.UNKNOWN, "cut")


async def _try(bench: Workbench) -> None:
    (job,) = await bench.await_jobs(JobKind.SUBMIT)
    await SubmitAttempts(bench.context).run(job)


async def _holders(bench: Workbench, name: str) -> list[Task]:
    found = await bench.context.store.read(lambda db: tasks.load_by_external_id(db, [name]))
    return select_by_name(found[name])


async def test_a_refused_create_gives_its_name_back(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        first = await bench.create_queued("mine")
        await _try(bench)
        assert (await bench.read_task(first.key)).state is TaskState.FAILED
        second = await bench.create_queued("mine")
        assert [task.id for task in await _holders(bench, "mine")] == [second.id]
        with pytest.raises(Conflict):
            await bench.create_queued("mine")
        named = await bench.context.store.read(
            lambda db: tasks.get_by_name(db, "default", NAME, "mine")
        )
        assert named is not None
        assert named.id == second.id


async def test_a_cancelled_one_gives_its_name_back(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        first = await bench.create_queued("mine")
        await TaskActions(bench.context, SubmissionIntake(bench.context)).cancel(
            "default", first.id, actor="a test"
        )
        second = await bench.create_queued("mine")
        assert second.id != first.id


async def test_one_whose_submit_may_have_arrived_keeps_its_name(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_breaks)) as bench:
        made = await bench.create_queued("mine")
        await _try(bench)
        assert (await bench.read_task(made.key)).state is TaskState.UNCERTAIN
        with pytest.raises(Conflict):
            await bench.create_queued("mine")


async def test_a_person_s_word_gives_a_name_back_once_its_task_has_ended(database_url: str) -> None:
    outbound = ScriptedHttp(_breaks)
    async with open_workbench(database_url, outbound) as bench:
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        never_made = Resolution("never_made", "a test")

        async def in_doubt(name: str) -> Task:
            outbound.answer = _breaks
            return await bench.submit_task(name)

        sent_again = await in_doubt("sent again")
        await actions.resolve("default", sent_again.id, never_made)
        outbound.answer = _refuses
        with pytest.raises(Conflict):  # until that is refused
            await bench.create_queued("sent again")
        await bench.send()
        dropped = await in_doubt("dropped")
        await actions.resolve("default", dropped.id, never_made)
        await actions.cancel("default", dropped.id, actor="a test")
        unwanted = await in_doubt("unwanted")
        await actions.cancel("default", unwanted.id, actor="a test")
        await actions.resolve("default", unwanted.id, never_made)
        twice = await in_doubt("in doubt once more")
        await actions.resolve("default", twice.id, never_made)
        await bench.send()
        assert (await bench.read_task(twice.key)).state is TaskState.UNCERTAIN
        given_up = await in_doubt("given up")
        await actions.resolve("default", given_up.id, Resolution("give_up", "a test"))
        states = {task.external_task_id: task.state.value for task in await bench.list_all()}
        assert states == {
            "sent again": "failed",
            "dropped": "cancelled",
            "unwanted": "cancelled",
            "in doubt once more": "uncertain",
            "given up": "expired",
        }
        for name in ("sent again", "dropped", "unwanted"):
            second = await bench.create_queued(name)
            assert [task.id for task in await _holders(bench, name)] == [second.id]
        for name in ("in doubt once more", "given up"):
            with pytest.raises(Conflict):
                await bench.create_queued(name)


async def test_what_is_submitted_again_takes_the_free_name_with_it(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_refuses)) as bench:
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        first = await bench.create_queued("mine")
        await _try(bench)
        again = (await actions.resubmit("default", first.id, idempotency_key=None)).task
        assert again.external_task_id == "mine"
        other = (await actions.resubmit("default", first.id, idempotency_key=None)).task
        assert other.external_task_id == str(other.id)  # the name is taken now
