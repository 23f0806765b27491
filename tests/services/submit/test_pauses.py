"""A deferral holds back what it names (account or operation) and nothing else."""

from typing import Any

import pytest

from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.pauses import HELD_BACK
from tracker.store.jobs import Job
from tracker.store.schema import jobs

pytestmark = pytest.mark.anyio
WAIT_S = 30.0


class Busy:
    """A provider that says "not now" to the first create, and takes every later one.

    sent: operation and external id of each create.
    """

    def __init__(self, scope: str) -> None:
        self.sent: list[str] = []
        self._played = Played()
        self._scope = scope

    def __call__(self, call: HttpCall) -> HttpResult:
        body = (call.body or b"").decode()
        self.sent.append(body.partition('"mark": "')[2].partition('"')[0])
        if len(self.sent) == 1:
            return build_answer(error={"why": "not now", "wait": self._scope, "seconds": WAIT_S})
        return build_answer(id=f"theirs-{len(self.sent)}")


async def _run(bench: Workbench, attempting: SubmitAttempts) -> list[str | None]:
    """Carry out everything that is due; return why each of the jobs still waits."""
    found: list[Job] = await bench.claim(JobKind.SUBMIT)
    for job in found:
        await attempting.run(job)
    return await bench.context.store.read(
        lambda db: list(db.scalars(jobs.select().with_only_columns(jobs.c.last_error)))
    )


@pytest.mark.parametrize(
    ("scope", "held"),
    [("task", set()), ("model", {"same"}), ("account", {"same", "other-operation"})],
)
async def test_scope_of_a_deferral(database_url: str, scope: str, held: set[str]) -> None:
    busy, clock = Busy(scope), HandClock()
    more: dict[str, dict[str, Any]] = {
        "first": {},
        "same": {},
        "other-operation": {"operation": "draw"},
        "other-account": {"account": "second"},
    }
    accounts = ("default", "second")
    async with open_workbench(
        database_url, ScriptedHttp(busy), clock=clock, accounts=accounts
    ) as bench:
        attempting = SubmitAttempts(bench.context)
        await bench.create_queued("first")
        await _run(bench, attempting)
        for name, fields in more.items():
            if name != "first":
                await bench.create_queued(name, **fields)
        reasons = await _run(bench, attempting)
        assert set(busy.sent) == set(more) - held
        assert reasons.count(HELD_BACK) == len(held)
        # Later ones wait like those that were there; nothing is spent.
        late = await bench.create_queued("late")
        await _run(bench, attempting)
        assert ("late" in busy.sent) == (scope == "task")
        clock.move(WAIT_S + 1)
        for task in await bench.list_all():  # PostgreSQL claims by its own clock
            await bench.bring_forward(task)
        await _run(bench, attempting)
        assert sorted(busy.sent) == sorted(["first", *more, "late"])
        assert {task.state for task in await bench.list_all()} == {TaskState.SUBMITTED}
        assert await bench.list_outcomes(late) == ["accepted"]
