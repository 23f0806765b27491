"""Creates that make several tasks: none is made twice, and none that was told of is lost."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.moved_clock import make_moved_clock
from tests.support.workbench import PATIENCE, ScriptedHttp, Workbench, open_workbench
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Policy
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds
from tracker.services.submit.attempting import SubmitAttempts

pytestmark = pytest.mark.anyio


PIECE = {"key": "1", "url": "https://media.example/v.mp4"}


DONE = {"status": "succeeded", "pieces": [PIECE]}


SEVERAL = [{"id": "theirs-2", "mark": "2"}, {"id": "theirs-3", "mark": "3"}]


class DiesInSubmit(Exception):
    """A process that ends here and now."""


async def _names(bench: Workbench) -> list[tuple[str, str | None]]:
    return [(task.external_task_id, task.provider_task_id) for task in await bench.list_all()]


async def test_one_call_makes_several_tasks(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=SEVERAL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        first = await bench.submit_task()
        assert await _names(bench) == [
            ("ours", "theirs-1"),
            ("ours::2", "theirs-2"),
            ("ours::3", "theirs-3"),
        ]
        _, second, third = await bench.list_all()
        assert (second.parent_id, second.state) == (first.id, TaskState.SUBMITTED)
        assert await bench.list_kinds(second) == ["created"]
        played.poll = build_poll_answer(
            *({"id": f"theirs-{n}", "status": "succeeded"} for n in (1, 2, 3))
        )
        for task in (first, second, third):
            await bench.bring_forward(task)
        await bench.look(first)
        assert {task.state for task in await bench.list_all()} == {TaskState.SUCCEEDED}


async def test_a_part_whose_name_is_taken_is_kept_under_another(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=SEVERAL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        taken = await bench.accept_task(await bench.create_queued("ours::2"), "mine")
        await bench.submit_task()
        found = await bench.list_all()
        assert [task.provider_task_id for task in found] == [
            "mine",
            "theirs-1",
            "theirs-3",
            "theirs-2",
        ]
        assert found[-1].external_task_id == str(found[-1].id)
        assert (await bench.read_task(taken.key)).provider_task_id == "mine"


@pytest.mark.parametrize(
    "point", [CrashPoint.SUBMIT_BEGUN, CrashPoint.SUBMIT_SENT, CrashPoint.SUBMIT_RECORDED]
)
async def test_a_process_that_dies_makes_no_part_twice_and_loses_none_that_it_was_told(
    database_url: str, point: CrashPoint
) -> None:
    """Its successor never sends again a submit that nothing can find."""
    played = Played(make=build_answer(id="theirs-1", said=DONE, parts=SEVERAL))
    policy = Policy(polls=PATIENCE)
    adapter = MadeUp(Finds.NEVER)

    def dying(passed: CrashPoint) -> None:
        if passed is point:
            raise DiesInSubmit

    async with AsyncExitStack() as stack:
        clock = stack.enter_context(make_moved_clock(database_url))
        bench = await stack.enter_async_context(
            open_workbench(
                database_url, ScriptedHttp(played), adapter=adapter, policy=policy, clock=clock
            )
        )
        task = await bench.create_queued("ours")
        (job,) = await bench.claim_submits()
        with pytest.raises(DiesInSubmit):
            await SubmitAttempts(replace(bench.context, at=dying)).run(job)
        clock.move(policy.lease.total_seconds() + policy.submit_timeout_s)
        is_recorded = point is CrashPoint.SUBMIT_RECORDED
        if not is_recorded:
            await bench.send()
        found = await bench.list_all()
        assert [one.state for one in found] == (
            [TaskState.SUCCEEDED, TaskState.SUBMITTED, TaskState.SUBMITTED]
            if is_recorded
            else [TaskState.UNCERTAIN]
        )
        assert len(played.asked) == (0 if point is CrashPoint.SUBMIT_BEGUN else 1)
        if not is_recorded:
            await bench.look(task)
            assert (await bench.read_task(task.key)).state is TaskState.UNCERTAIN
            assert await bench.list_outcomes(task) == ["lost"]


async def test_an_attempt_that_was_counted_as_lost_still_brings_all_that_it_was_told(
    database_url: str,
) -> None:
    played = Played(make=build_answer(id="theirs-1", said=DONE, parts=SEVERAL))
    outbound, adapter = ScriptedHttp(played), MadeUp(Finds.NEVER)
    async with AsyncExitStack() as stack:
        clock = stack.enter_context(make_moved_clock(database_url))
        bench = await stack.enter_async_context(
            open_workbench(database_url, outbound, adapter=adapter, clock=clock)
        )
        task = await bench.create_queued("ours")
        (job,) = await bench.claim_submits()

        async def another_takes_over() -> None:
            clock.move(bench.context.policy.lease.total_seconds())
            await bench.send()

        slow = ScriptedHttp(played, before_answer=another_takes_over)
        await SubmitAttempts(replace(bench.context, egress=slow)).run(job)
        assert await bench.list_outcomes(task) == ["lost"]
        assert [one.state for one in await bench.list_all()] == [
            TaskState.SUCCEEDED,
            TaskState.SUBMITTED,
            TaskState.SUBMITTED,
        ]


@pytest.mark.parametrize("how", [Finds.BY_ID, Finds.BY_SCAN])
async def test_a_lost_create_of_several_tasks_is_found_whole(database_url: str, how: Finds) -> None:
    said = {"id": "theirs-1", "mark": "ours", "status": "running", "parts": SEVERAL}
    played = Played(
        make=build_answer(500), poll=build_poll_answer(said), pages=[build_poll_answer(said)]
    )
    async with open_workbench(database_url, ScriptedHttp(played), adapter=MadeUp(how)) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.UNCERTAIN
        for _ in range(3):  # what is told again is not made again
            await bench.look(task)
        assert played.asked.count("make") == 1
        assert await _names(bench) == [
            ("ours", "theirs-1"),
            ("ours::2", "theirs-2"),
            ("ours::3", "theirs-3"),
        ]
        parts = (await bench.list_all())[1:]
        assert {part.parent_id for part in parts} == {task.id}
        assert {part.state for part in parts} == {TaskState.SUBMITTED}


async def test_a_callback_to_the_url_of_the_first_may_be_about_a_part(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=SEVERAL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        first = await bench.submit_task()
        said = DONE | {"id": "theirs-2"}
        assert (await bench.call_back(first, said)).verdict is Verdict.ADVANCED
        states = [task.state for task in await bench.list_all()]
        assert states == [TaskState.SUBMITTED, TaskState.SUCCEEDED, TaskState.SUBMITTED]


@pytest.mark.parametrize("status", ["running", "succeeded"])
async def test_no_task_is_missing_when_a_part_is_told_of_before_the_answer(
    database_url: str, status: str
) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=SEVERAL))
    http = ScriptedHttp(played)
    async with open_workbench(database_url, http, policy=Policy()) as bench:
        first = await bench.create_queued("ours")
        said = {"id": "theirs-2", "status": status, "pieces": [PIECE]}
        http.before_answer = lambda: bench.call_back(first, said)
        await bench.send()
        ids = {task.provider_task_id for task in await bench.list_all()}
        assert ids == {"theirs-1", "theirs-2", "theirs-3"}
        # What came before has gone to the first: the others are asked about.
        assert len(await bench.claim(JobKind.RECONCILE)) >= 2


async def test_several_statements_of_one_body_go_each_to_its_task(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=SEVERAL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        first = await bench.submit_task()
        told = [
            {"id": "theirs-3", "status": "failed", "why": "no"},
            {"id": "theirs-1", "status": "running"},
            {"id": "theirs-1", **DONE},
            {"id": "theirs-2", "status": "running"},
        ]
        assert (await bench.call_back(first, told)).verdict is Verdict.ADVANCED
        states = [task.state for task in await bench.list_all()]
        assert states == [TaskState.SUCCEEDED, TaskState.RUNNING, TaskState.FAILED]
        again = await bench.call_back(first, told)
        assert (again.is_duplicate, [task.version for task in await bench.list_all()]) == (
            True,
            [4, 2, 2],
        )
