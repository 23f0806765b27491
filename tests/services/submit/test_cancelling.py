"""A cancel reaches the provider, whose word ends the task; nothing else does."""

from dataclasses import replace

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played, Reply, build_answer, build_poll_answer
from tests.support.workbench import PATIENCE, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict
from tracker.domain.exchange import Certainty, HttpFailure
from tracker.domain.policy import Policy
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.actions import Resolution, TaskActions
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import transitions

pytestmark = pytest.mark.anyio
RUNNING = {"id": "theirs", "status": "running"}
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
CUT = HttpFailure(Certainty.UNKNOWN, "cut")


def _actions(bench: Workbench) -> TaskActions:
    return TaskActions(bench.context, SubmissionIntake(bench.context))


async def _cancel(bench: Workbench, task: Task) -> Task:
    return await _actions(bench).cancel("default", task.id, actor="a test")


@pytest.mark.parametrize("state", ["submitted", "running"])
async def test_the_providers_word_ends_it(database_url: str, state: str) -> None:
    played = Played(cancel=build_answer(cancel="cancelled"))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await bench.call_back(task, {"status": state})
        asked = await _cancel(bench, task)
        assert (asked.state.value, asked.cancel_asked_at is None) == (state, False)
        task = await bench.look(task)
        assert (task.state, played.asked) == (TaskState.CANCELLED, ["make", "cancel"])
        assert (await bench.list_kinds(task))[-2:] == ["cancel_asked", "seen_cancelled"]
        steps = await bench.context.store.read(lambda db: transitions.list_of_task(db, task.key))
        assert steps[-2][1].actor == "a test"
        assert steps[-1][1].receipt is not None
        assert await _cancel(bench, task) == task


async def test_what_was_only_asked_for_ends_as_the_provider_says(database_url: str) -> None:
    played = Played(cancel=build_answer(cancel="asked"), poll=build_poll_answer(RUNNING))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        task = await bench.look(task)
        assert (task.state, task.cancel_sent_at is None) == (TaskState.SUBMITTED, False)
        await _cancel(bench, task)
        assert (await bench.look(task)).state is TaskState.RUNNING
        played.poll = build_poll_answer({"id": "theirs", "status": "cancelled"})
        assert (await bench.look(task)).state is TaskState.CANCELLED
        assert played.asked == ["make", "cancel", "tasks", "tasks"]


async def test_what_comes_too_late_goes_on_and_may_be_asked_for_again(database_url: str) -> None:
    played = Played(cancel=build_answer(cancel="too_late"), poll=build_poll_answer(RUNNING))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        task = await bench.look(task)
        assert (task.state, task.cancel_asked_at) == (TaskState.SUBMITTED, None)
        assert task.message == "it is being finished"
        await _cancel(bench, task)
        assert (await bench.read_task(task.key)).cancel_asked_at is not None


async def test_what_is_gone_is_looked_for(database_url: str) -> None:
    played = Played(cancel=build_answer(cancel="gone"), poll=build_poll_answer(DONE))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        assert (await bench.look(task)).state is TaskState.SUBMITTED
        assert (await bench.look(task)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("broken", [CUT, build_answer(503)])
async def test_an_unknown_outcome_is_tried_again_and_hides_no_end(
    database_url: str, broken: Reply
) -> None:
    played = Played(cancel=broken, poll=build_poll_answer(RUNNING))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        assert (await bench.look(task)).cancel_sent_at is None
        assert (await bench.look(task)).cancel_sent_at is None
        played.poll = build_poll_answer(DONE)
        assert (await bench.look(task)).state is TaskState.SUCCEEDED
        assert played.asked.count("cancel") == 3


async def test_a_cancel_that_stays_unknown_is_tried_ever_more_seldom(sqlite_url: str) -> None:
    """On SQLite: PostgreSQL hands out jobs by its own clock."""
    clock, played = HandClock(), Played(cancel=CUT, poll=build_poll_answer(RUNNING))
    async with open_workbench(
        sqlite_url, ScriptedHttp(played), policy=Policy(), clock=clock
    ) as bench:
        task = await bench.submit_task()
        begun = clock.now()
        await _cancel(bench, task)
        while (clock.now() - begun).total_seconds() < 86_400:
            due = await bench.leases.find_next_due(JobKind.RECONCILE)
            assert due is not None
            clock.at = max(clock.at, due)
            await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
        assert 100 < played.asked.count("cancel") < 250


@pytest.mark.parametrize("said", [DONE, {"id": "theirs", "status": "failed", "why": "no"}])
async def test_what_has_ended_is_not_cancelled_where_that_erases_it(
    database_url: str, said: dict[str, object]
) -> None:
    played = Played(poll=build_poll_answer(said))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(erases_ended=True)
    ) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        assert (await bench.look(task)).state.value == said["status"]
        with pytest.raises(Conflict, match="there is nothing to cancel"):
            await _cancel(bench, task)
        assert "cancel" not in played.asked


async def test_what_nobody_could_look_at_is_not_cancelled_where_that_might_erase_it(
    database_url: str,
) -> None:
    played = Played(poll=build_answer(503), cancel=build_answer(cancel="cancelled"))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(erases_ended=True)
    ) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        assert (await bench.look(task)).state is TaskState.SUBMITTED
        assert "cancel" not in played.asked
        played.poll = build_poll_answer(RUNNING)
        assert (await bench.look(task)).state is TaskState.CANCELLED
        assert played.asked[-2:] == ["tasks", "cancel"]


@pytest.mark.parametrize("known_before", [True, False])
async def test_what_has_begun_is_not_cancelled_where_only_waiting_tasks_are(
    database_url: str, *, known_before: bool
) -> None:
    played = Played(poll=build_poll_answer(RUNNING), cancel=build_answer(cancel="cancelled"))
    adapter = MadeUp(erases_ended=True, cancels_waiting=True)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        task = await bench.submit_task()
        if known_before:
            await bench.look(task)
            with pytest.raises(Conflict, match="it has begun"):
                await _cancel(bench, task)
        else:
            await _cancel(bench, task)
            looked = await bench.look(task)
            assert (looked.cancel_asked_at, looked.message) == (None, "it has begun")
        assert "cancel" not in played.asked


async def test_a_provider_without_cancelling_refuses_with_the_reason(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        task = await bench.submit_task()
        providers = {
            name: replace(one, cancels=None) for name, one in bench.context.providers.items()
        }
        context = replace(bench.context, providers=providers)
        actions = TaskActions(context, SubmissionIntake(context))
        with pytest.raises(Conflict, match="offers no way to cancel"):
            await actions.cancel("default", task.id, actor="a test")
        assert (await bench.read_task(task.key)).version == task.version


async def test_a_task_that_cannot_be_named_refuses_with_the_reason(database_url: str) -> None:
    played = Played(make=build_answer(word="taken"))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        with pytest.raises(Conflict, match="not told under which id"):
            await _cancel(bench, await bench.submit_task())


async def test_one_that_is_asked_for_while_it_is_polled_comes_at_once(database_url: str) -> None:
    played = Played(poll=build_poll_answer(RUNNING), cancel=build_answer(cancel="cancelled"))
    policy = Policy(polls=replace(PATIENCE, first=PATIENCE.ceiling, quiet=PATIENCE.ceiling))
    async with open_workbench(database_url, ScriptedHttp(played), policy=policy) as bench:
        task = await bench.submit_task()
        await bench.bring_forward(task)
        held = await bench.await_jobs(JobKind.RECONCILE)

        slow = ScriptedHttp(played, before_answer=lambda: _cancel(bench, task))
        await Reconciliation(replace(bench.context, egress=slow)).run(held)
        await Reconciliation(bench.context).run(await bench.await_jobs(JobKind.RECONCILE))
        assert (await bench.read_task(task.key)).state is TaskState.CANCELLED


async def test_a_task_of_unknown_outcome_is_cancelled_once_it_is_found(database_url: str) -> None:
    played = Played(
        make=CUT, poll=build_poll_answer(RUNNING), cancel=build_answer(cancel="cancelled")
    )
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.UNCERTAIN
        assert (await _cancel(bench, task)).state is TaskState.UNCERTAIN
        assert (await bench.look(task)).state is TaskState.RUNNING
        await Reconciliation(bench.context).run(await bench.await_jobs(JobKind.RECONCILE))
        assert (await bench.read_task(task.key)).state is TaskState.CANCELLED
        assert played.asked == ["make", "tasks", "cancel"]


@pytest.mark.parametrize("erases_ended", [True, False])
async def test_one_that_is_found_where_nothing_can_be_cancelled_is_followed_to_its_end(
    database_url: str, *, erases_ended: bool
) -> None:
    """Accounts of one provider differ: only some offer a way to cancel."""
    played = Played(make=CUT, poll=build_poll_answer(RUNNING))
    adapter = MadeUp(may_cancel=False, erases_ended=erases_ended)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        assert (await bench.look(task)).state is TaskState.RUNNING
        played.poll = build_poll_answer(DONE)
        assert (await bench.look(task)).state is TaskState.SUCCEEDED
        assert "cancel" not in played.asked


async def test_a_task_that_was_never_made_is_cancelled_and_not_sent_again(
    database_url: str,
) -> None:
    played = Played(make=CUT)
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        for _ in range(2):
            task = await bench.look(task)
        assert (task.state, played.asked.count("make")) == (TaskState.CANCELLED, 1)
        assert await bench.claim(JobKind.SUBMIT) == []


async def test_a_person_who_knows_that_it_was_never_made_ends_a_cancelled_one(
    database_url: str,
) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(make=CUT)), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        task = await bench.submit_task()
        await _cancel(bench, task)
        resolved = await _actions(bench).resolve(
            "default", task.id, Resolution("never_made", "a test")
        )
        assert resolved.state is TaskState.CANCELLED
        assert await bench.claim(JobKind.SUBMIT) == []
