from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import build_answer, build_poll_answer
from tests.support.moved_clock import make_moved_clock
from tests.support.workbench import PATIENCE, HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.outcome import SubmitOutcome
from tracker.domain.policy import Policy
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Answer, Sending
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.attempting import SubmitAttempts

pytestmark = pytest.mark.anyio


def accepted(_call: HttpCall) -> HttpResult:
    return build_answer(id="theirs")


def denied(_call: HttpCall) -> HttpResult:
    return build_poll_answer()


async def test_whoever_lost_the_lease_before_the_first_byte_sends_nothing(
    database_url: str,
) -> None:
    clock = HandClock()
    policy = Policy(polls=PATIENCE)

    def freeze(point: CrashPoint) -> None:
        if point is CrashPoint.SUBMIT_BEGUN:
            clock.move(policy.lease.total_seconds())

    outbound = ScriptedHttp(accepted)
    async with open_workbench(
        database_url, outbound, policy=policy, signal=freeze, clock=clock
    ) as workbench:
        task = await workbench.create_queued("frozen")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(workbench.context).run(job)
        assert outbound.calls == []
        assert await workbench.list_outcomes(task) == ["not_sent"]
        assert (await workbench.read_task(task.key)).state is TaskState.QUEUED


async def test_a_lost_attempt_is_not_denied_before_its_request_must_be_over(
    database_url: str,
) -> None:
    """The process that began it may be frozen with the request half on its way."""
    policy = Policy(polls=PATIENCE, submit_timeout_s=3600.0)
    async with AsyncExitStack() as stack:
        clock = stack.enter_context(make_moved_clock(database_url))
        workbench = await stack.enter_async_context(
            open_workbench(database_url, ScriptedHttp(denied), policy=policy, clock=clock)
        )
        task = await _lost(workbench, clock)
        await workbench.look(task)
        found = await workbench.read_task(task.key)
        assert (found.state, found.absences) == (TaskState.UNCERTAIN, 0)
        due = await workbench.leases.find_next_due(JobKind.RECONCILE)
        assert due is not None
        assert (due - workbench.context.clock.now()).total_seconds() > 1800


async def test_a_late_acceptance_of_a_lost_attempt_keeps_it_from_being_sent_again(
    database_url: str,
) -> None:
    policy = Policy(polls=PATIENCE)
    async with AsyncExitStack() as stack:
        clock = stack.enter_context(make_moved_clock(database_url))
        workbench = await stack.enter_async_context(
            open_workbench(database_url, ScriptedHttp(denied), policy=policy, clock=clock)
        )
        attempting = SubmitAttempts(workbench.context)

        async def another_takes_over() -> None:
            clock.move(policy.lease.total_seconds() + policy.submit_timeout_s)
            (job,) = await workbench.await_jobs(JobKind.SUBMIT)
            await SubmitAttempts(workbench.context).run(job)
            while (await workbench.read_task(task.key)).state is TaskState.UNCERTAIN:
                clock.move(1)
                await workbench.look(task)

        task = await workbench.create_queued("late")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        slow = SubmitAttempts(
            replace(
                workbench.context, egress=ScriptedHttp(accepted, before_answer=another_takes_over)
            )
        )
        await slow.run(job)
        found = await workbench.read_task(task.key)
        assert (found.state, found.provider_task_id) == (TaskState.SUBMITTED, "theirs")
        assert await workbench.list_outcomes(task) == ["lost"]
        await workbench.bring_forward(task)
        (again,) = await workbench.await_jobs(JobKind.SUBMIT)
        await attempting.run(again)
        assert await workbench.list_outcomes(task) == ["lost"]
        assert await workbench.leases.find_next_due(JobKind.SUBMIT) is None


async def test_what_the_provider_says_it_has_is_never_sent_again_whatever_it_denies(
    database_url: str,
) -> None:
    exists = ScriptedHttp(lambda _call: build_answer(400, error={"exists": True}))
    async with open_workbench(database_url, exists) as workbench:
        task = await workbench.create_queued("twice")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(workbench.context).run(job)
        assert await workbench.list_outcomes(task) == ["exists"]
        denying = Reconciliation(replace(workbench.context, egress=ScriptedHttp(denied)))
        for _ in range(4):
            await denying.run(await workbench.await_jobs(JobKind.RECONCILE))
        found = await workbench.read_task(task.key)
        assert (found.state, found.absences) == (TaskState.UNCERTAIN, 0)


async def test_a_denial_that_follows_too_soon_does_not_count(database_url: str) -> None:
    clock = HandClock()
    cut = ScriptedHttp(lambda _call: HttpFailure(Certainty.UNKNOWN, "cut"))
    polls = replace(PATIENCE, confirm=timedelta(seconds=15))
    async with open_workbench(
        database_url, cut, policy=Policy(polls=polls), clock=clock
    ) as workbench:
        task = await workbench.create_queued("asked")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(workbench.context).run(job)
        denying = Reconciliation(replace(workbench.context, egress=ScriptedHttp(denied)))
        await workbench.bring_forward(task)
        (look,) = await workbench.await_jobs(JobKind.RECONCILE)
        await denying.run([look])
        await workbench.bring_forward(task)  # somebody asks in between
        (look,) = await workbench.await_jobs(JobKind.RECONCILE)
        await denying.run([look])
        found = await workbench.read_task(task.key)
        assert (found.state, found.absences) == (TaskState.UNCERTAIN, 1)
        clock.move(16)
        await workbench.bring_forward(task)
        await denying.run(await workbench.await_jobs(JobKind.RECONCILE))
        assert (await workbench.read_task(task.key)).state is TaskState.QUEUED


async def test_a_request_that_cannot_be_built_is_given_up_like_one_that_never_leaves(
    database_url: str,
) -> None:
    class BrokenSubmits(MadeUp):
        def build_submit(self, sending: Sending) -> HttpCall:
            raise RecursionError

    outbound = ScriptedHttp(accepted)
    async with open_workbench(
        database_url, outbound, adapter=BrokenSubmits(), policy=Policy(polls=PATIENCE)
    ) as workbench:
        task = await workbench.create_queued("broken")
        for _ in range(12):
            await workbench.bring_forward(task)
            (job,) = await workbench.await_jobs(JobKind.SUBMIT)
            await SubmitAttempts(workbench.context).run(job)
        found = await workbench.read_task(task.key)
        assert (found.state, outbound.calls) == (TaskState.FAILED, [])
        assert found.error is not None
        assert found.error.type == "never_submitted"


async def test_an_answer_that_breaks_the_adapter_leaves_the_task_uncertain(
    database_url: str,
) -> None:
    class BrittleSubmits(MadeUp):
        def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
            raise RecursionError

    async with open_workbench(
        database_url, ScriptedHttp(accepted), adapter=BrittleSubmits()
    ) as workbench:
        task = await workbench.create_queued("brittle")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(workbench.context).run(job)
        assert (await workbench.read_task(task.key)).state is TaskState.UNCERTAIN
        assert await workbench.list_outcomes(task) == ["unknown"]


async def test_a_large_task_keeps_its_place_and_one_too_large_goes_alone(
    database_url: str,
) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(accepted), options={"max_in_flight": 4}
    ) as workbench:
        attempting = SubmitAttempts(workbench.context)
        small = [await workbench.create_queued(f"small-{n}") for n in range(2)]
        large = await workbench.create_queued("large", slots=9)
        behind = await workbench.create_queued("behind")
        for job in await workbench.claim(JobKind.SUBMIT):
            await attempting.run(job)
        assert [await _state(workbench, task) for task in small] == ["submitted"] * 2
        assert await workbench.claim(JobKind.SUBMIT) == []  # nobody overtakes the large one
        for task in small:
            await workbench.end_task(task)
        (job,) = await workbench.claim(JobKind.SUBMIT)
        await attempting.run(job)
        assert await _state(workbench, large) == "submitted"
        assert await workbench.claim(JobKind.SUBMIT) == []
        await workbench.end_task(large)
        (job,) = await workbench.claim(JobKind.SUBMIT)
        assert job.task_key == behind.key


async def _state(workbench: Workbench, task: Task) -> str:
    return (await workbench.read_task(task.key)).state.value


async def _lost(workbench: Workbench, clock: HandClock) -> Task:
    """A task whose sender vanished with the request perhaps on its way."""

    class Vanished(Exception):
        pass

    def vanish(point: CrashPoint) -> None:
        if point is CrashPoint.SUBMIT_BEGUN:
            raise Vanished

    task = await workbench.create_queued("vanished")
    (job,) = await workbench.await_jobs(JobKind.SUBMIT)
    with pytest.raises(Vanished):
        await SubmitAttempts(replace(workbench.context, at=vanish)).run(job)
    clock.move(workbench.context.policy.lease.total_seconds())
    (job,) = await workbench.await_jobs(JobKind.SUBMIT)
    await SubmitAttempts(workbench.context).run(job)
    assert await workbench.list_outcomes(task) == ["lost"]
    return task


async def test_a_task_whose_account_was_taken_out_waits_and_spends_nothing(
    database_url: str,
) -> None:
    outbound = ScriptedHttp(accepted)
    async with open_workbench(database_url, outbound) as workbench:
        task = await workbench.create_queued("homeless")
        (job,) = await workbench.await_jobs(JobKind.SUBMIT)
        await SubmitAttempts(replace(workbench.context, accounts={})).run(job)
        assert (outbound.calls, await workbench.list_outcomes(task)) == ([], [])
        await workbench.bring_forward(task)
        (again,) = await workbench.await_jobs(JobKind.SUBMIT)
        assert again.attempts == 0
        await SubmitAttempts(workbench.context).run(again)
        assert (await workbench.read_task(task.key)).state is TaskState.SUBMITTED
