"""The services without web and workers: a store, adapters, and a way out that the test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tracker.clock import SystemClock
from tracker.domain.events import Event, Kind, Source
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.signals import Signal, no_signal
from tracker.domain.task import Task
from tracker.providers.base import Account, Provider
from tracker.providers.registry import PROVIDERS
from tracker.services.context import Context
from tracker.services.leases import Leases
from tracker.services.submission import Acceptance, Submission
from tracker.services.transition import Recorder
from tracker.store import jobs, tasks
from tracker.store.jobs import Job, JobKind
from tracker.store.store import Store
from tracker.store.transaction import Tx

SECRET = b"a secret for tests only"
PATIENCE = PollPlan(
    first=timedelta(milliseconds=1),
    quiet=timedelta(milliseconds=1),
    confirm=timedelta(milliseconds=1),
)
"""A plan under which a look is due almost at once."""
OPERATION = "videos/text2video"


@dataclass
class Way:
    """The way out: answers each call as the test says, and counts calls."""

    answer: Callable[[HttpCall], HttpResult | HttpFailure]
    calls: list[HttpCall] = field(default_factory=list)

    async def call_provider(self, call: HttpCall) -> HttpResult | HttpFailure:
        self.calls.append(call)
        await asyncio.sleep(0)
        return self.answer(call)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        return await self.call_provider(call)

    def refusal(self, _url: str) -> str | None:
        return None


@dataclass
class Workbench:
    """A context, and what tests do with it again and again."""

    context: Context
    leases: Leases

    async def submitted(self, count: int) -> list[Task]:
        """Tasks that the provider has accepted, as `theirs-{n}`."""
        made = []
        for n in range(count):
            task = await self.queued(f"ours-{n}")
            made.append(await self.accepted(task, f"theirs-{n}"))
        return made

    async def queued(self, name: str, *, account: str = "default") -> Task:
        """A task that was accepted and not sent."""
        asked = Submission(
            tenant="default",
            provider="kling",
            operation=OPERATION,
            input={"prompt": "rain"},
            account=account,
            external_task_id=name,
        )
        return (await Acceptance(self.context).accept(asked)).task

    async def accepted(self, task: Task, name: str) -> Task:
        """The same, once the provider has it."""

        def batch(tx: Tx, names: Sequence[str]) -> list[Task]:
            recorder = Recorder(self.context, tx, tasks.lock_by_key(tx.db, [task.key]).values())
            jobs.drop(tx.db, [task.key], [JobKind.SUBMIT])
            for theirs in names:
                event = Event(Kind.SUBMIT_ACCEPTED, Source.SUBMIT, provider_task_id=theirs)
                recorder.record(task.key, event)
            recorder.flush()
            return [recorder.task(task.key)] * len(names)

        return await self.context.store.write(batch, name)

    async def claim(self, kind: JobKind, *, limit: int = 500) -> list[Job]:
        """Everything that is due."""
        return await self.leases.claim(kind, limit=2 * limit, per_lane=limit, busy={})

    async def task(self, key: int) -> Task:
        """A task as it is now."""
        found = await self.context.store.read(lambda db: tasks.get_by_keys(db, [key]))
        return found[key]


@asynccontextmanager
async def open_workbench(
    database_url: str,
    way: Way,
    *,
    provider: Provider = PROVIDERS["kling"],
    accounts: Sequence[str] = ("default",),
    max_in_flight: int | None = None,
    policy: Policy | None = None,
    signal: Signal = no_signal,
) -> AsyncIterator[Workbench]:
    """A workbench on one database."""
    account = Account("default", "http://provider.example", api_key="k")
    async with Store(database_url, SystemClock(), signal) as store:
        context = Context(
            store=store,
            egress=way,
            clock=SystemClock(),
            jitter=lambda: 0.0,
            policy=policy or Policy(polls=PATIENCE),
            providers={"kling": provider},
            accounts={
                ("kling", name): replace(account, name=name, max_in_flight=max_in_flight)
                for name in accounts
            },
            secrets=[SECRET],
            at=signal,
        )
        yield Workbench(context, Leases(context))
