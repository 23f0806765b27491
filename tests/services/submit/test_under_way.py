"""Creates whose answer is the result: seen at their provider while they are open."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.support.made_up import SlowDrawing
from tests.support.made_up_api import build_answer
from tests.support.made_up_stream import TELL
from tests.support.waiting import wait_for_condition
from tests.support.workbench import (
    PATIENCE,
    HandClock,
    ScriptedHttp,
    Workbench,
    open_workbench,
)
from tracker.domain.errors import BeingSent, Conflict
from tracker.domain.exchange import (
    Certainty,
    HttpCall,
    HttpFailure,
    HttpResult,
)
from tracker.domain.policy import Policy
from tracker.domain.task import Awaits, Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.lost_calls import settle_lost_calls
from tracker.services.submit.streaming import MOST_CHARS, PROGRESS_EVERY_S
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store import attempts, jobs, receipts
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job

pytestmark = pytest.mark.anyio
S = TaskState
DONE = {"status": "succeeded", "pieces": [{"kind": "image", "url": "https://media.example/1"}]}
FAILED = {"status": "failed"}
SUCCESS = build_answer(said=DONE)
BUSY = build_answer(429, error={"code": "busy", "why": "too many", "wait": "task"})
BROKEN = HttpFailure(Certainty.UNKNOWN, "it broke off")


@dataclass
class OpenCall(ScriptedHttp):
    """A way out whose calls stay open until the test has them answered."""

    answers: list[HttpResult | HttpFailure] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    write: Callable[[bytes], None] | None = None
    """Hands the next bytes of a stream on."""
    opened: int = 0

    async def respond(self, call: HttpCall, **sinks: Any) -> HttpResult | HttpFailure:
        self.write = sinks["pieces"]({}).write if sinks.get("pieces") else None
        self.opened += 1
        await self.may_answer.wait()
        self.may_answer.clear()
        return self.answers.pop(0)


@dataclass
class Scene:
    """A workbench whose one worker has sent a task."""

    bench: Workbench
    out: OpenCall
    clock: HandClock
    task: Task
    sending: asyncio.Task[None] | None = None
    job: Job | None = None
    told: bytes = b""

    async def send(self) -> None:
        """Let a worker send it; returns when the call is open."""
        (job,) = await self.bench.claim_submits()
        self.job = job
        so_far = self.out.opened
        self.sending = asyncio.create_task(SubmitAttempts(self.bench.context).run(job))
        await wait_for_condition(lambda: self.out.opened > so_far)

    async def seen(self, state: TaskState) -> Task:
        """Return the task once it is in this state."""
        async with asyncio.timeout(60):
            while (found := await self.now()).state is not state:  # noqa: ASYNC110 - rows
                await asyncio.sleep(0.001)
        return found

    async def now(self) -> Task:
        """Return the task as it is."""
        return await self.bench.read_task(self.task.key)

    async def answer(self, answer: HttpResult | HttpFailure) -> Task:
        """Have the open call answered; return the task after it."""
        self.out.answers.append(answer)
        self.out.may_answer.set()
        assert self.sending is not None
        await self.sending
        return await self.now()

    async def kinds(self) -> list[str]:
        """Return the kinds of the task's steps."""
        return await self.bench.list_kinds(self.task)

    def says(self, **line: Any) -> None:
        """Tell the next line of a stream."""
        assert self.out.write is not None
        piece = json.dumps(line).encode() + b"\n"
        self.out.write(piece)
        self.told += piece

    async def evidence(self) -> tuple[Any, TaskState | None]:
        """Return what the one receipt of the task says, and where the step that cites it leads."""
        read = self.bench.context.store.read
        (one,) = await read(lambda db: receipts.list_of_task(db, self.task.key, after=0, limit=9))
        history = await self.bench.read_history(self.task)
        (led,) = (step.to_state for step in history if step.receipt == one.key)
        return json.loads(one.body or b""), led


@asynccontextmanager
async def scene_of(
    database_url: str, operation: str, policy: Policy | None = None
) -> AsyncIterator[Scene]:
    """Yield a task of this operation whose create is open."""
    out, clock = OpenCall(lambda _: SUCCESS), HandClock()
    plan = policy or Policy(polls=PATIENCE)
    async with open_workbench(
        database_url, out, adapter=SlowDrawing(Finds.NEVER), clock=clock, policy=plan
    ) as bench:
        scene = Scene(bench, out, clock, await bench.create_queued("ours", operation=operation))
        await scene.send()
        try:
            yield scene
        finally:
            if scene.sending is not None:
                scene.sending.cancel()
                with suppress(asyncio.CancelledError):
                    await scene.sending


async def test_it_is_submitted_while_its_call_is_open_and_nothing_is_asked(
    database_url: str,
) -> None:
    async with scene_of(database_url, "draw") as scene:
        task = await scene.seen(S.SUBMITTED)
        assert (task.awaits, task.submitted_at is None) == (Awaits.ANSWER, False)
        assert await scene.bench.claim(JobKind.RECONCILE) == []
        context = scene.bench.context
        actions = TaskActions(context, SubmissionIntake(context))
        with pytest.raises(Conflict, match="being made"):
            await actions.refresh("default", task.id)
        with pytest.raises(BeingSent):
            await actions.cancel("default", task.id, actor="a test")
        ended = await scene.answer(SUCCESS)
        assert (ended.state, ended.awaits) == (S.SUCCEEDED, None)
        assert await scene.kinds() == [
            "created",
            "submit_sent",
            "submit_accepted",
            "seen_succeeded",
        ]
        assert await scene.bench.claim(JobKind.RECONCILE) == []


async def test_a_create_that_only_names_a_task_is_no_call_that_is_seen(database_url: str) -> None:
    async with scene_of(database_url, "film") as scene:
        for _ in range(20):
            await asyncio.sleep(0)
        assert (await scene.answer(build_answer(id="theirs"))).state is S.SUBMITTED
        assert await scene.kinds() == ["created", "submit_accepted"]


async def test_what_is_accepted_without_a_result_is_asked_about_from_then_on(
    database_url: str,
) -> None:
    async with scene_of(database_url, "draw") as scene:
        await scene.seen(S.SUBMITTED)
        task = await scene.answer(build_answer(id="theirs"))
        assert (task.state, task.provider_task_id, task.awaits) == (S.SUBMITTED, "theirs", None)
        await scene.bench.bring_forward(task)
        assert len(await scene.bench.claim(JobKind.RECONCILE)) == 1


@pytest.mark.parametrize(
    ("answer", "state", "step"),
    [
        (BROKEN, S.UNCERTAIN, "submit_unknown"),
        (build_answer(400, error={"code": "bad", "why": "no"}), S.FAILED, "submit_refused"),
        (BUSY, S.QUEUED, "submit_deferred"),
    ],
)
async def test_what_became_of_the_call_decides_as_if_it_had_not_been_seen(
    database_url: str, answer: HttpResult | HttpFailure, state: TaskState, step: str
) -> None:
    async with scene_of(database_url, "draw") as scene:
        await scene.seen(S.SUBMITTED)
        task = await scene.answer(answer)
        assert (task.state, task.awaits) == (state, None)
        assert await scene.kinds() == ["created", "submit_sent", step]
        never_there = state in (S.FAILED, S.QUEUED)
        assert (task.submitted_at is None) == never_there
        assert (task.give_up_at is None) == (state is S.QUEUED)
        if state is S.FAILED:  # its name may be used again
            assert (await scene.bench.create_queued("ours", operation="draw")).id != task.id
        if state is S.QUEUED:
            await scene.bench.bring_forward(task)
            await scene.send()
            assert (await scene.answer(SUCCESS)).state is S.SUCCEEDED


async def test_what_is_given_up_while_its_call_is_open_may_be_billed_and_is_taken_late(
    database_url: str,
) -> None:
    plan = Policy(polls=PATIENCE, give_up=timedelta(seconds=-1))
    async with scene_of(database_url, "draw", plan) as scene:
        await scene.seen(S.SUBMITTED)
        await Sweeper(scene.bench.context).sweep()
        task = await scene.now()
        assert (task.state, task.error and task.error.code) == (S.EXPIRED, "outcome_unknown")
        assert (await scene.answer(SUCCESS)).state is S.SUCCEEDED


async def test_a_stream_runs_from_its_first_text_and_tells_of_its_progress_now_and_then(
    database_url: str,
) -> None:
    async with scene_of(database_url, TELL) as scene:
        scene.says(text="begun", progress=5)
        assert (await scene.seen(S.RUNNING)).progress == 5
        for percent in range(6, 40):
            scene.says(text=f" {percent}", progress=percent)
            await asyncio.sleep(0)
        scene.clock.move(PROGRESS_EVERY_S)
        scene.says(text=" later", progress=40)
        async with asyncio.timeout(60):
            while (await scene.now()).progress != 40:  # noqa: ASYNC110 - rows in a database
                await asyncio.sleep(0.001)
        scene.says(text=" done", end=DONE, progress=100)
        assert (await scene.answer(HttpResult(200, {}, b""))).state is S.SUCCEEDED
        kinds = await scene.kinds()
        assert kinds[-4:] == ["answer_begun", "seen_running", "submit_accepted", "seen_succeeded"]
        assert len(kinds) <= 6  # it may have been open for a while before its first text
        facts = {"bytes": len(scene.told), "sha256": hashlib.sha256(scene.told).hexdigest()}
        characters = len("begun later done") + sum(1 + len(str(n)) for n in range(6, 40))
        assert await scene.evidence() == (
            {"stream": {**facts, "characters": characters}},
            S.SUCCEEDED,
        )


async def test_a_stream_that_breaks_while_it_is_seen_is_uncertain(database_url: str) -> None:
    async with scene_of(database_url, TELL) as scene:
        scene.says(text="half")
        await scene.seen(S.RUNNING)
        task = await scene.answer(BROKEN)
        assert (task.state, task.awaits) == (S.UNCERTAIN, None)
        facts, led = await scene.evidence()
        assert (facts["stream"]["broken"], led) == (BROKEN.reason, S.UNCERTAIN)


@pytest.mark.parametrize(("end", "state"), [(DONE, S.SUCCEEDED), (FAILED, S.UNCERTAIN)])
async def test_of_a_long_text_the_end_is_read_and_proves_no_failure(
    database_url: str, end: Mapping[str, Any], state: S
) -> None:
    async with scene_of(database_url, TELL) as scene:
        for _ in range(5):
            scene.says(text="字" * (MOST_CHARS // 2))
        scene.says(text=" behind it", end=end)
        task = await scene.answer(HttpResult(200, {}, b""))
        assert task.state is state
        facts, _ = await scene.evidence()
        assert MOST_CHARS < facts["stream"]["characters"] < MOST_CHARS * 1.1


def _end_as_old_code(tx: Tx, held: Sequence[Job]) -> list[None]:
    """Take over as releases do that know nothing of calls under way (36bcfa64, for one)."""
    unended = attempts.open_of(tx.db, [job.task_key for job in held])
    attempts.end_lost(tx.db, unended.values(), now=tx.now)
    jobs.finish(tx.db, held)
    return [None] * len(held)


async def test_a_lost_call_that_old_code_has_taken_over_is_uncertain(database_url: str) -> None:
    async with scene_of(database_url, "draw") as scene:
        await scene.seen(S.SUBMITTED)
        await settle_lost_calls(scene.bench.context)
        assert (await scene.now()).state is S.SUBMITTED  # somebody makes it
        assert scene.job is not None
        await scene.bench.context.store.write(_end_as_old_code, scene.job)
        assert (await scene.now()).awaits is Awaits.ANSWER
        await settle_lost_calls(scene.bench.context)
        await settle_lost_calls(scene.bench.context)
        task = await scene.now()
        assert (task.state, task.awaits) == (S.UNCERTAIN, None)
        assert await scene.kinds() == ["created", "submit_sent", "submit_unknown"]
        # Its process lives after all: what it learns counts.
        assert (await scene.answer(SUCCESS)).state is S.SUCCEEDED
