"""Answers to a create that say more than an id: results, contexts, an old task continued."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import Certainty, HttpFailure
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Policy
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds
from tracker.services.submit.attempting import SubmitAttempts
from tracker.store.attempts import list_of_task

pytestmark = pytest.mark.anyio
PIECE = {"key": "1", "url": "https://media.example/v.mp4"}
DONE = {"status": "succeeded", "pieces": [PIECE]}


async def test_a_result_in_the_answer_ends_the_task(database_url: str) -> None:
    played = Played(make=build_answer(said=DONE))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        task = await bench.submit_task()
        assert (task.state, task.provider_task_id) == (TaskState.SUCCEEDED, None)
        assert [piece.url for piece in task.artifacts] == [PIECE["url"]]
        assert await bench.list_kinds(task) == ["created", "submit_accepted", "seen_succeeded"]
        assert played.asked == ["make"]


async def test_what_was_accepted_without_an_id_waits_for_its_callback(database_url: str) -> None:
    played = Played(make=build_answer(word="taken"))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, played.asked) == (TaskState.SUBMITTED, ["make"])
        assert (await bench.call_back(task, DONE | {"id": "x"})).verdict is Verdict.ADVANCED
        assert (await bench.read_task(task.key)).provider_task_id == "x"


async def test_a_task_is_overdue_as_late_as_its_operation_says(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        slow, usual = (
            await bench.create_queued("slow", patience=7200),
            await bench.create_queued("usual"),
        )
        patience = [
            task.deadline_at and task.deadline_at - task.created_at for task in (slow, usual)
        ]
        assert patience == [timedelta(hours=2), bench.context.policy.deadline]


async def test_later_calls_use_the_context_of_the_answer(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs", context={"poll": "/poll/7"}))
    played.followed = {
        "/poll/7": build_answer(follow="/result/7"),
        "/result/7": build_poll_answer(DONE),
    }
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, played.asked) == (TaskState.SUCCEEDED, ["make", "poll", "result"])


async def test_an_answer_that_a_callback_overtook_still_brings_its_context(
    database_url: str,
) -> None:
    played = Played(make=build_answer(id="theirs", context={"poll": "/poll/7"}))
    played.followed = {"/poll/7": build_poll_answer(DONE)}
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.create_queued("ours")

        async def overtake() -> None:
            await bench.call_back(task, {"id": "theirs", "status": "running"})

        (job,) = await bench.claim_submits()
        egress = ScriptedHttp(played, before_answer=overtake)
        await SubmitAttempts(replace(bench.context, egress=egress)).run(job)
        assert (await bench.read_task(task.key)).context == {"poll": "/poll/7"}
        assert (await bench.look(task)).state is TaskState.SUCCEEDED


async def test_a_chain_of_calls_without_end_is_left_and_tried_again(database_url: str) -> None:
    played = Played(
        poll=build_answer(follow="/more"), followed={"/more": build_answer(follow="/more")}
    )
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        assert task.state is TaskState.SUBMITTED
        assert played.asked == ["make", "tasks", "more", "more", "more"]
        assert (await bench.look(task)).state is TaskState.SUBMITTED
        played.poll = build_poll_answer(DONE | {"id": "theirs"})
        assert (await bench.look(task)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("is_alone", [True, False])
async def test_what_cannot_be_told_for_several_is_asked_for_one_by_one(
    database_url: str, *, is_alone: bool
) -> None:
    played = Played(poll=build_answer(alone=True) if is_alone else build_answer(follow="/more"))
    played.followed = {"/more": build_poll_answer({"status": "running"})}
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        made = await bench.submit_tasks(2)
        for task in made:
            await bench.bring_forward(task)
        await bench.look(made[0])
        assert played.asked.count("tasks") == 3
        states = {(await bench.read_task(task.key)).state for task in made}
        assert states == {TaskState.SUBMITTED if is_alone else TaskState.RUNNING}


@pytest.mark.parametrize("may_have_ended", [True, False])
async def test_what_may_have_ended_unsaid_is_polled_at_once(
    database_url: str, *, may_have_ended: bool
) -> None:
    played = Played(make=build_answer(id="theirs", look_now=may_have_ended))
    async with open_workbench(database_url, ScriptedHttp(played), policy=Policy()) as bench:
        await bench.submit_task()
        assert bool(await bench.claim(JobKind.RECONCILE)) is may_have_ended


async def test_what_has_ended_already_is_polled_no_more(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs", said=DONE, look_now=True))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        assert (await bench.submit_task()).state is TaskState.SUCCEEDED
        assert await bench.claim(JobKind.RECONCILE) == []


async def test_a_call_that_continues_a_task_goes_to_its_account(database_url: str) -> None:
    played = Played()
    async with open_workbench(
        database_url, ScriptedHttp(played), accounts=("default", "other")
    ) as bench:
        parent = await bench.accept_task(
            await bench.create_queued("old", account="other"), "theirs-0"
        )
        child = await bench.create_queued("new", account=None, parent="old")
        assert (child.account, child.parent_id) == ("other", parent.id)
        await bench.send()
        assert b'"parent": "theirs-0"' in (bench.outbound.calls[-1].body or b"")


@pytest.mark.parametrize("parent", ["nobody", "fresh"])
async def test_a_parent_that_cannot_be_continued_is_named(database_url: str, parent: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        await bench.create_queued("fresh")
        with pytest.raises(InvalidRequest, match="parent"):
            await bench.create_queued("new", parent=parent)


async def test_of_two_tasks_that_share_their_providers_id_the_newest_open_one_hears(
    database_url: str,
) -> None:
    """An upscale of some providers answers with the id of the task that it continues."""
    played = Played()
    async with open_workbench(
        database_url,
        ScriptedHttp(played),
        adapter=MadeUp(per="project"),
        options={"webhook_secrets": ("s",)},
    ) as bench:
        parent = await _ended(bench, await bench.submit_task("old"))
        child = await bench.submit_task("new", parent="old")
        assert child.provider_task_id == parent.provider_task_id == "theirs"
        said = {"id": "theirs", "status": "running", "stage": "upscaling"}
        assert (await bench.call_back_shared(said, secret="s")).verdict is Verdict.ADVANCED
        assert (await bench.read_task(child.key)).stage == "upscaling"
        assert await bench.read_task(parent.key) == parent
        assert (
            await bench.call_back_shared(DONE | {"id": "theirs"}, secret="s")
        ).verdict is Verdict.ADVANCED
        assert (await bench.read_task(child.key)).state is TaskState.SUCCEEDED
        late = await bench.call_back_shared(
            {"id": "theirs", "status": "failed", "why": "no"}, secret="s"
        )
        assert late.verdict is Verdict.CONFLICT


async def test_a_childs_callback_with_its_parents_id_may_come_before_the_answer(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        await _ended(bench, await bench.submit_task("old"))
        child = await bench.create_queued("new", parent="old")
        told = await bench.call_back(child, {"id": "theirs", "status": "running"})
        assert told.verdict is Verdict.ADVANCED
        assert (await bench.read_task(child.key)).state is TaskState.RUNNING


async def test_a_body_that_names_a_stranger_is_quarantined(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        one, other = await bench.submit_tasks(2)
        told = await bench.call_back(one, DONE | {"id": other.provider_task_id})
        assert told.verdict is Verdict.MISMATCH
        assert (await bench.read_task(other.key)).state is TaskState.SUBMITTED


async def test_what_never_left_is_tried_again_and_what_was_refused_is_not(
    database_url: str,
) -> None:
    played = Played(make=HttpFailure(Certainty.NOT_SENT, "no route"))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.QUEUED
        played.make = build_answer(402, error={"code": "money", "why": "empty"})
        await bench.bring_forward(task)
        await bench.send()
        task = await bench.read_task(task.key)
        assert task.state is TaskState.FAILED
        found = await bench.context.store.read(lambda db: list_of_task(db, task.key))
        assert [(one.outcome, one.code) for one in found] == [
            ("not_sent", None),
            ("refused", "money"),
        ]


async def _ended(bench: Workbench, task: Task) -> Task:
    await bench.end_task(task)
    return await bench.read_task(task.key)
