"""The services without web and workers: a store, adapters, and HTTP that the test answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from tests.support.made_up import NAME, SECRET_HEADER, MadeUp, make_made_up
from tests.support.raw_callbacks import build_raw_callback
from tests.support.waiting import PATIENCE_S
from tracker.clock import Clock, SystemClock
from tracker.domain import token
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import (
    Certainty,
    HttpCall,
    HttpFailure,
    HttpResult,
    MaySend,
    allow_always,
)
from tracker.domain.lifecycle import Transition, fold
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.prices import ListPrice
from tracker.domain.retention import RetentionPolicy
from tracker.domain.signals import Signal, ignore_signal
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import ResultHosting
from tracker.services.context import Context
from tracker.services.leases import Leases
from tracker.services.receive.reception import Reception, ReceptionResult
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.recorder import Recorder
from tracker.services.storage import ObjectStore, Storage
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import attempts, jobs, tasks, transitions
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job
from tracker.store.schema import jobs as jobs_table
from tracker.store.store import Store

SECRET = b"a secret for tests only"
PATIENCE = PollPlan(
    first=timedelta(milliseconds=1),
    quiet=timedelta(milliseconds=1),
    confirm=timedelta(milliseconds=1),
)
"""A plan under which a look is due almost at once."""
OPERATION = "film"


class HandClock:
    """A clock that the test moves. Nobody sleeps on it."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class ScriptedHttp:
    """Outbound HTTP: answers each call as the test says, and counts calls.

    before_answer: what happens between each call and its answer.
    """

    answer: Callable[[HttpCall], HttpResult | HttpFailure]
    calls: list[HttpCall] = field(default_factory=list)
    before_answer: Callable[[], Awaitable[Any]] | None = None

    async def call_provider(
        self, call: HttpCall, *, may_send: MaySend = allow_always, **sinks: Any
    ) -> HttpResult | HttpFailure:
        if not may_send():
            return HttpFailure(Certainty.NOT_SENT, "not ours any more")
        self.calls.append(call)
        await (asyncio.sleep(0) if self.before_answer is None else self.before_answer())
        return await self.respond(call, **sinks)

    async def respond(self, call: HttpCall, **_sinks: Any) -> HttpResult | HttpFailure:
        """Answer a call that has left; what takes its files or pieces overrides this."""
        return self.answer(call)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        return await self.call_provider(call)

    def explain_refusal(self, _url: str) -> str | None:
        return None


@dataclass
class Workbench:
    """A context, and what tests do with it again and again."""

    context: Context
    leases: Leases
    outbound: ScriptedHttp

    async def submit_tasks(self, count: int) -> list[Task]:
        """Tasks that the provider has accepted, as `theirs-{n}`."""
        made = []
        for n in range(count):
            task = await self.create_queued(f"ours-{n}")
            made.append(await self.accept_task(task, f"theirs-{n}"))
        return made

    async def create_queued(
        self,
        name: str,
        *,
        account: str | None = "default",
        operation: str = OPERATION,
        submitter: int | None = None,
        **more: Any,
    ) -> Task:
        """A task that was accepted and not sent.

        more: further fields of its input.
        """
        asked = Submission(
            tenant="default",
            provider=NAME,
            operation=operation,
            input={"prompt": "rain"} | more,
            account=account,
            external_task_id=name,
            submitter=submitter,
        )
        return (await SubmissionIntake(self.context).accept(asked)).task

    async def accept_task(self, task: Task, name: str) -> Task:
        """Return the task once the provider has accepted it under this name."""

        def batch(tx: Tx, names: Sequence[str]) -> list[Task]:
            recorder = Recorder(self.context, tx, tasks.lock_by_key(tx.db, [task.key]).values())
            jobs.drop(tx.db, [task.key], [JobKind.SUBMIT])
            for theirs in names:
                event = Event(EventKind.SUBMIT_ACCEPTED, Source.SUBMIT, provider_task_id=theirs)
                recorder.record(task.key, event)
            recorder.flush()
            return [recorder.get_task(task.key)] * len(names)

        return await self.context.store.write(batch, name)

    async def claim(self, kind: JobKind, *, limit: int = 500) -> list[Job]:
        """Everything that is due."""
        return await self.leases.claim(kind, limit=2 * limit, per_lane=limit, busy={})

    async def await_jobs(self, kind: JobKind) -> list[Job]:
        """The next jobs of a kind, once they are due."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await self.claim(kind)):  # noqa: ASYNC110 - rows in a database
                await asyncio.sleep(0.005)
        return found

    async def bring_forward(self, task: Task) -> None:
        """Whatever is to be done for a task is due now."""

        def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
            due = update(jobs_table).where(jobs_table.c.task_key.in_(keys))
            tx.db.execute(due.values(run_at=tx.now - timedelta(seconds=60)))
            return [None] * len(keys)

        await self.context.store.write(batch, task.key)

    async def end_task(self, task: Task) -> None:
        """The provider's verdict comes."""

        def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
            recorder = Recorder(self.context, tx, tasks.lock_by_key(tx.db, keys).values())
            for key in keys:
                recorder.record(key, Event(EventKind.SEEN_SUCCEEDED, Source.CALLBACK))
            recorder.flush()
            return [None] * len(keys)

        await self.context.store.write(batch, task.key)

    async def claim_submits(self) -> list[Job]:
        """The next submits, once they are due."""
        return await self.await_jobs(JobKind.SUBMIT)

    async def send(self) -> None:
        """Carry out the next submits, once they are due."""
        for job in await self.await_jobs(JobKind.SUBMIT):
            await SubmitAttempts(self.context).run(job)

    async def look(self, task: Task) -> Task:
        """Have the provider asked about a task now, whenever that is due; the task after it."""
        await self.bring_forward(task)
        await Reconciliation(self.context).run(await self.await_jobs(JobKind.RECONCILE))
        return await self.read_task(task.key)

    async def call_back(self, task: Task, body: Any, *, secret: str = "") -> ReceptionResult:
        """The provider calls a task's own URL."""
        signed = token.sign(SECRET, task.provider, str(task.id))
        headers = {SECRET_HEADER: secret}
        content = json.dumps(body).encode()
        raw = build_raw_callback(task.provider, str(task.id), signed, content, headers)
        return await Reception(self.context).receive(raw)

    async def call_back_shared(self, body: Any, *, secret: str = "") -> ReceptionResult:
        """The provider calls the one URL of all tasks, which has no token."""
        headers, content = {SECRET_HEADER: secret}, json.dumps(body).encode()
        raw = build_raw_callback(NAME, token.SHARED, "", content, headers)
        return await Reception(self.context).receive(raw)

    async def submit_task(self, name: str = "ours", **more: Any) -> Task:
        """A task after its submit, whatever became of it."""
        task = await self.create_queued(name, **more)
        await self.send()
        return await self.read_task(task.key)

    async def read_history(self, task: Task) -> list[Transition]:
        """Return the steps of a task, which must lead to where it is."""
        found = await self.context.store.read(lambda db: transitions.list_of_task(db, task.key))
        steps = [step for _, step in found]
        now = await self.read_task(task.key)
        assert (fold(steps), len(steps)) == (now.state, now.version)
        return steps

    async def list_kinds(self, task: Task) -> list[str]:
        """The kind of each step of a task."""
        found = await self.context.store.read(lambda db: transitions.list_of_task(db, task.key))
        return [step.kind.value for _, step in found]

    async def list_all(self) -> list[Task]:
        """Every task, oldest first."""
        keys = range(1, 100)
        found = await self.context.store.read(lambda db: tasks.get_by_keys(db, keys))
        return [found[key] for key in sorted(found)]

    async def list_outcomes(self, task: Task) -> list[str | None]:
        """Return how each attempt of a task ended."""
        found = await self.context.store.read(lambda db: attempts.list_of_task(db, task.key))
        return [attempt.outcome for attempt in found]

    async def read_task(self, key: int) -> Task:
        """A task as it is now."""
        found = await self.context.store.read(lambda db: tasks.get_by_keys(db, [key]))
        return found[key]


@asynccontextmanager
async def open_workbench(
    database_url: str,
    outbound: ScriptedHttp,
    *,
    adapter: MadeUp | None = None,
    accounts: Sequence[str] = ("default",),
    options: Mapping[str, Any] | None = None,
    policy: Policy | None = None,
    signal: Signal = ignore_signal,
    clock: Clock | None = None,
    public_url: str | None = None,
    storage: Storage | None = None,
    archive: ObjectStore | None = None,
    archives_parquet: bool = False,
    prices: Sequence[ListPrice] = (),
    results: ResultHosting | None = None,
    retention: RetentionPolicy | None = None,
) -> AsyncIterator[Workbench]:
    """A workbench on one database, with accounts at the made-up provider.

    options: of each account, besides its key.
    results: where the provider's files lie; None: wherever a URL leads.
    """
    provider = make_made_up(adapter)
    if results is not None:
        provider = replace(provider, results=results)
    chosen = provider.options.model_validate({"api_key": "k"} | dict(options or {}))
    clock = clock or SystemClock()
    async with Store(database_url, clock, signal) as store:
        context = Context(
            store=store,
            egress=outbound,
            clock=clock,
            jitter=lambda: 0.0,
            policy=policy or Policy(polls=PATIENCE),
            providers={NAME: provider},
            accounts={
                (NAME, name): Account(name, "http://provider.example", chosen) for name in accounts
            },
            public_url=public_url,
            storage=storage,
            archive=archive,
            archives_parquet=archives_parquet,
            retention=retention or RetentionPolicy(),
            prices=prices,
            secrets=[SECRET],
            at=signal,
        )
        yield Workbench(context, Leases(context), outbound)
