"""Receipts of answers to creates: refusals, and what nobody could read."""

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.events import Source
from tracker.domain.exchange import HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import TaskState
from tracker.services.receive.rereads import RereadOrder, Rereads
from tracker.services.submit.kept_answers import MOST_BYTES
from tracker.store import receipts

pytestmark = pytest.mark.anyio
REFUSED = build_answer(400, error={"code": "1301", "why": "a cat is no dog"})
PAGE = HttpResult(200, {}, b"<html>" + b"x" * MOST_BYTES)


@pytest.mark.parametrize(
    ("answer", "state"),
    [(REFUSED, TaskState.FAILED), (PAGE, TaskState.UNCERTAIN)],
    ids=["refused", "a page"],
)
async def test_the_step_rests_on_the_bytes_of_the_answer(
    database_url: str, answer: HttpResult, state: TaskState
) -> None:
    outbound = ScriptedHttp(Played(make=answer))
    async with open_workbench(database_url, outbound) as bench:
        task = await bench.submit_task()
        found = await bench.context.store.read(
            lambda db: receipts.list_of_task(db, task.key, after=0, limit=9)
        )
        steps = [step for step in await bench.read_history(task) if step.receipt is not None]
        runs = Rereads(bench.context)
        run = await runs.start(RereadOrder("default", NAME, "key 1 (ops)"))
        await runs.run_pages()
        counts = (await runs.get("default", run.id)).counts
    assert task.state is state
    (receipt,) = found
    assert (receipt.source, receipt.verdict) == (Source.SUBMIT, Verdict.ADVANCED)
    assert (receipt.body, receipt.size_bytes) == (answer.body[:MOST_BYTES], len(answer.body))
    assert [(step.receipt, step.to_state) for step in steps] == [(receipt.key, state)]
    assert {name for name, number in counts.items() if number} <= {"receipts", "same"}


async def test_an_answer_that_only_accepts_is_told_of_by_its_attempt_alone(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        task = await bench.submit_task()
        found = await bench.context.store.read(
            lambda db: receipts.list_of_task(db, task.key, after=0, limit=9)
        )
    assert (task.state, found) == (TaskState.SUBMITTED, [])
