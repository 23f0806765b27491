"""Tasks that wait for a call of their caller's: shown, kept open, and let go on."""

from datetime import timedelta

import pytest

from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.workbench import PATIENCE, ScriptedHttp, open_workbench
from tracker.domain.policy import Policy
from tracker.domain.task import TaskState
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store import attention

pytestmark = pytest.mark.anyio
WINDOW = {"id": "theirs", "status": "running", "stage": "window", "blocked": True}


async def test_a_blocked_task_is_shown_until_it_goes_on(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs", said=WINDOW))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.RUNNING
        since = task.blocked_at
        assert since is not None
        played.poll = build_poll_answer(WINDOW)
        again = await bench.look(task)
        assert (again.blocked_at, again.version) == (since, task.version)

        async def shown() -> list[tuple[object, object]]:
            found = await bench.context.store.read(
                lambda db: attention.list_blocked(db, "default", limit=9)
            )
            return [(one.id, one.since) for one in found]

        assert await shown() == [(task.id, since)]
        played.poll = build_poll_answer({"id": "theirs", "status": "running", "progress": 10})
        going = await bench.look(task)
        assert (going.blocked_at, going.progress) == (None, 10)
        assert await shown() == []
        assert (await bench.list_kinds(task))[-1] == "news"


async def test_a_running_task_that_becomes_blocked_is_news(database_url: str) -> None:
    played = Played(make=build_answer(id="theirs"))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        await bench.call_back(task, {"id": "theirs", "status": "running"})
        await bench.call_back(task, {"id": "theirs", "status": "running", "blocked": True})
        assert (await bench.read_task(task.key)).blocked_at is not None
        await bench.call_back(task, {"id": "theirs", "status": "succeeded"})
        ended = await bench.read_task(task.key)
        assert (ended.state, ended.blocked_at) == (TaskState.SUCCEEDED, None)


@pytest.mark.parametrize("is_blocked", [True, False])
async def test_a_blocked_task_does_not_expire(database_url: str, *, is_blocked: bool) -> None:
    policy = Policy(polls=PATIENCE, give_up=timedelta(0))
    played = Played(make=build_answer(id="theirs", said={**WINDOW, "blocked": is_blocked}))
    async with open_workbench(database_url, ScriptedHttp(played), policy=policy) as bench:
        task = await bench.submit_task()
        await Sweeper(bench.context).sweep()
        expected = TaskState.RUNNING if is_blocked else TaskState.EXPIRED
        assert (await bench.read_task(task.key)).state is expected
