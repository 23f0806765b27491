"""Tasks whose account was taken out of the settings: they wait, are shown, and lose nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import build_poll_answer
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import PATIENCE, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.errors import Conflict
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Confirm, Policy
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.services.receive.reception import Reception, ReceptionResult
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.store import conditions
from tracker.store.conditions import Condition

pytestmark = pytest.mark.anyio


def _succeeded(_call: HttpCall) -> HttpResult:
    return build_poll_answer({"id": "theirs-0", "status": "succeeded"})


def _without(bench: Workbench) -> Context:
    """Return a context without the account; another one has taken its place."""
    (account,) = bench.context.accounts.values()
    return replace(bench.context, accounts={(NAME, "other"): replace(account, name="other")})


async def _told(context: Context, task: Task) -> ReceptionResult:
    secret = token.sign(context.secrets[0], NAME, str(task.id))
    body = b'{"status": "succeeded"}'
    return await Reception(context).receive(build_raw_callback(NAME, str(task.id), secret, body))


async def _raised(context: Context) -> list[Condition]:
    await AccountHealthCheck(context).look()
    return await context.store.read(conditions.list_open)


async def test_it_is_a_condition_until_nothing_waits_for_the_account_any_more(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(_succeeded)) as bench:
        await bench.submit_tasks(1)
        queued = await bench.create_queued("mine")
        assert await _raised(bench.context) == []
        gone = _without(bench)
        (raised,) = await _raised(gone)
        assert (raised.name, raised.provider, raised.account) == (
            "account_missing",
            NAME,
            "default",
        )
        assert await _raised(gone) == [raised]
        await Reconciliation(gone).run(await bench.await_jobs(JobKind.RECONCILE))
        await SubmitAttempts(gone).run((await bench.await_jobs(JobKind.SUBMIT))[0])
        assert await _raised(gone) == [raised]  # they wait still, if for longer
        assert await _raised(bench.context) == []
        assert (await bench.read_task(queued.key)).version == 1


async def test_asking_about_it_is_refused_and_cancelling_is_not(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_succeeded)) as bench:
        (sent,), queued = await bench.submit_tasks(1), await bench.create_queued("mine")
        gone = _without(bench)
        actions = TaskActions(gone, SubmissionIntake(gone))
        with pytest.raises(Conflict, match="no account 'default' at made-up any more"):
            await actions.refresh("default", sent.id)
        assert (
            await actions.cancel("default", queued.id, actor="a test")
        ).state is TaskState.CANCELLED


async def test_its_callbacks_are_taken_in(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(_succeeded)) as bench:
        (task,) = await bench.submit_tasks(1)
        assert (await _told(_without(bench), task)).verdict is Verdict.ADVANCED
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_a_verdict_that_must_be_proved_waits_until_the_account_is_back(
    database_url: str,
) -> None:
    policy = Policy(polls=PATIENCE, confirm=Confirm.ALWAYS)
    outbound = ScriptedHttp(_succeeded)
    async with open_workbench(database_url, outbound, policy=policy) as bench:
        (task,) = await bench.submit_tasks(1)
        gone = _without(bench)
        assert (await _told(gone, task)).verdict is Verdict.UNCONFIRMED
        await Reconciliation(gone).run(await bench.await_jobs(JobKind.RECONCILE))
        assert (await bench.read_task(task.key)).state is TaskState.SUBMITTED
        assert outbound.calls == []
        await bench.bring_forward(task)
        await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_half_an_answer_counts_once_nobody_can_be_asked_for_the_rest(
    database_url: str,
) -> None:
    """It waited for its detail when the account was taken out."""
    policy = Policy(polls=replace(PATIENCE, confirm=timedelta(0)))
    async with open_workbench(database_url, ScriptedHttp(_succeeded), policy=policy) as bench:
        queued = await bench.create_queued("ours", wants=["cover"])
        task = await bench.accept_task(queued, "theirs-0")
        assert (await _told(bench.context, task)).verdict is Verdict.UNCONFIRMED
        await Reconciliation(_without(bench)).run(await bench.await_jobs(JobKind.RECONCILE))
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
