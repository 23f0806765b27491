"""Statements of a provider that change a task without changing its state, or after its end."""

from uuid import UUID

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.subscribing import create_endpoint, list_owed
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.cost import Phase
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Policy
from tracker.domain.task import FollowUp, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.store import attention

pytestmark = pytest.mark.anyio


def _running(**more: object) -> dict[str, object]:
    return {"id": "theirs", "status": "running"} | more


def _pieces(*states: str, url: str = "https://media.example/1") -> list[dict[str, str]]:
    return [{"key": str(n), "state": state, "url": url} for n, state in enumerate(states)]


DONE = {"id": "theirs", "status": "succeeded", "pieces": _pieces("ready")}
DOUBTFUL = {"id": "theirs", "status": "failed", "why": "swept", "doubtful": True}
CERTAIN = {"id": "theirs", "status": "failed", "why": "content"}


async def _events(bench: Workbench) -> list[str]:
    return [one.event for one in await list_owed(bench)]


async def test_news_of_a_running_task_is_told_and_a_new_signature_is_not(
    database_url: str,
) -> None:
    played = Played(poll=build_poll_answer(_running(stage="queued at them")))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        await create_endpoint(bench)
        task = await bench.look(await bench.submit_task())
        told = ["task.submitted", "task.running"]
        assert (await _events(bench), task.stage) == (told, "queued at them")
        for news in (
            _running(stage="drawing"),
            _running(stage="drawing", pieces=_pieces("preview")),
            _running(stage="drawing", pieces=_pieces("preview", "preview")),
            _running(stage="drawing", pieces=_pieces("ready", "preview")),
        ):
            played.poll = build_poll_answer(news)
            before, task = task, await bench.look(task)
            told += ["task.updated"]
            assert (task.version, await _events(bench)) == (before.version + 1, told)
            assert (await bench.list_kinds(task))[-1] == "news"
        signed = _running(stage="drawing", pieces=_pieces("ready", "preview", url="https://m/2"))
        for same in (signed, _running(), _running(stage="drawing")):
            played.poll = build_poll_answer(same)
            again = await bench.look(task)
            assert (again.version, await _events(bench)) == (task.version, told)


async def test_news_that_a_callback_brings_is_told_too(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        await create_endpoint(bench)
        task = await bench.submit_task()
        await bench.call_back(task, _running())
        told = await bench.call_back(task, _running(pieces=_pieces("preview")))
        assert told.verdict is Verdict.ADVANCED
        again = _running(pieces=_pieces("preview", url="https://m/2"))
        assert (await bench.call_back(task, again)).verdict is Verdict.DUPLICATE
        assert await _events(bench) == ["task.submitted", "task.running", "task.updated"]


async def _in_doubt(bench: Workbench) -> list[UUID]:
    """List the failures that attention shows because they may be taken back."""
    found = await bench.context.store.read(
        lambda db: attention.list_followed_up(db, "default", FollowUp.DOUBTFUL, limit=9)
    )
    return [one.id for one in found]


@pytest.mark.parametrize("by_callback", [True, False])
async def test_a_doubtful_failure_is_replaced_by_a_later_success(
    database_url: str, *, by_callback: bool
) -> None:
    played = Played(poll=build_poll_answer(DOUBTFUL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        await create_endpoint(bench)
        task = await bench.look(await bench.submit_task())
        assert (task.state, task.follow_up) == (TaskState.FAILED, FollowUp.DOUBTFUL)
        assert await _in_doubt(bench) == [task.id]
        task = await bench.look(task)
        assert task.state is TaskState.FAILED
        if by_callback:
            assert (await bench.call_back(task, DONE)).verdict is Verdict.ADVANCED
        played.poll = build_poll_answer(DONE)
        task = await bench.read_task(task.key) if by_callback else await bench.look(task)
        assert (task.state, task.error, task.follow_up) == (TaskState.SUCCEEDED, None, None)
        assert await _in_doubt(bench) == []
        assert await _events(bench) == ["task.submitted", "task.failed", "task.succeeded"]


async def test_a_certain_failure_is_never_replaced(database_url: str) -> None:
    played = Played(poll=build_poll_answer(CERTAIN))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        assert (await bench.call_back(task, DONE)).verdict is Verdict.CONFLICT
        assert await bench.read_task(task.key) == task
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None


async def test_a_doubtful_failure_that_proves_certain_is_replaced_no_more(
    database_url: str,
) -> None:
    played = Played(poll=build_poll_answer(DOUBTFUL))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        ended_at, played.poll = task.finished_at, build_poll_answer(CERTAIN)
        task = await bench.look(task)
        assert (task.state, task.follow_up, task.finished_at) == (TaskState.FAILED, None, ended_at)
        assert task.error is not None
        assert (task.error.message, task.error.doubtful) == ("content", False)
        assert await _in_doubt(bench) == []
        assert (await bench.call_back(task, DONE)).verdict is Verdict.CONFLICT
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None


@pytest.mark.parametrize("overtakes", [True, False])
async def test_doubt_ends_with_the_time_for_asking(sqlite_url: str, *, overtakes: bool) -> None:
    """On SQLite: PostgreSQL hands out jobs by its own clock."""
    clock, played = HandClock(), Played(poll=build_poll_answer(DOUBTFUL))
    async with open_workbench(
        sqlite_url, ScriptedHttp(played), policy=Policy(), clock=clock
    ) as bench:
        task = await bench.create_queued("ours") if overtakes else await bench.submit_task()
        await bench.call_back(task, DOUBTFUL)
        task = await bench.read_task(task.key)
        assert task.give_up_at is not None
        while (due := await bench.leases.find_next_due(JobKind.RECONCILE)) is not None:
            clock.at = max(clock.at, due)
            await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
        assert clock.now() <= task.give_up_at
        assert 5 < played.asked.count("tasks") < 60


async def test_costs_may_come_after_the_verdict(database_url: str) -> None:
    reserved = {"amount": "2", "phase": "reserve"}
    settled = {"amount": "1.5", "phase": "settle"}
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        await create_endpoint(bench)
        task = await bench.submit_task()
        await bench.call_back(task, DONE | {"bill": [reserved]})
        told = await bench.call_back(task, DONE | {"bill": [reserved, settled]})
        assert told.verdict is Verdict.ADVANCED
        task = await bench.read_task(task.key)
        assert [cost.phase for cost in task.costs] == [Phase.RESERVE, Phase.SETTLE]
        assert [piece.url for piece in task.artifacts] == ["https://media.example/1"]
        assert (await bench.list_kinds(task))[-1] == "costs_changed"
        assert (await _events(bench))[-2:] == ["task.succeeded", "task.updated"]
        repeated = await bench.call_back(task, DONE | {"bill": [reserved, settled], "stage": "x"})
        assert repeated.verdict is Verdict.DUPLICATE


async def test_a_purge_never_empties_what_is_stored(database_url: str) -> None:
    played = Played(poll=build_poll_answer(_running(pieces=_pieces("ready", "preview"))))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        played.poll = build_answer(absent={"kind": "purged"})
        task = await bench.look(task)
        assert (task.state, len(task.artifacts), task.follow_up) == (TaskState.EXPIRED, 2, None)
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None
        await bench.call_back(task, DONE)
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_a_purge_of_a_success_whose_result_is_incomplete_ends_the_asking(
    database_url: str,
) -> None:
    whole, missing = _pieces("ready", "ready")
    partly = {"status": "succeeded", "pieces": [whole, missing | {"url": None}]}
    played = Played(poll=build_poll_answer(partly))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.look(await bench.submit_task())
        assert task.follow_up is FollowUp.NO_RESULT
        played.poll = build_answer(absent={"kind": "purged"})
        assert await bench.look(task) == task
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None


@pytest.mark.parametrize("kind", ["not_yet", "other_key"])
async def test_an_absence_that_denies_nothing_counts_for_nothing(
    database_url: str, kind: str
) -> None:
    played = Played(poll=build_answer(absent={"kind": kind}))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        for _ in range(12):
            task = await bench.look(task)
        assert (task.state, task.absences) == (TaskState.SUBMITTED, 0)


async def test_a_provider_that_cannot_be_asked_is_not(database_url: str) -> None:
    played = Played(make=build_answer(word="taken"))
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, played.asked) == (TaskState.SUBMITTED, ["make"])


async def test_an_estimate_of_the_create_stands_until_the_bill(database_url: str) -> None:
    estimate = [{"amount": "25", "phase": "estimate"}]
    played = Played(
        make=build_answer(id="theirs", bill=estimate), poll=build_poll_answer(_running())
    )
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        assert [(one.amount, one.phase) for one in task.costs] == [("25", Phase.ESTIMATE)]
        task = await bench.look(task)
        assert (task.state, task.costs[0].phase) == (TaskState.RUNNING, Phase.ESTIMATE)
        played.poll = build_poll_answer(DONE | {"bill": [{"amount": "20"}]})
        task = await bench.look(task)
        assert [(one.amount, one.phase) for one in task.costs] == [("20", Phase.SETTLE)]
