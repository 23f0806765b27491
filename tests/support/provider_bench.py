"""Services with a real provider's adapter, whose upstream the test scripts, on a made-up clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update

from tests.providers.kinds import Kind
from tests.support.custody import RULES
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import PATIENCE, SECRET, HandClock, ScriptedHttp, Workbench
from tracker.domain import token
from tracker.domain.exchange import HttpResult
from tracker.domain.policy import Policy
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.egress.download import Downloading
from tracker.objects.folder import Folder
from tracker.providers.registry import PROVIDERS
from tracker.services.context import Context
from tracker.services.leases import Leases
from tracker.services.receive.callback import RawCallback
from tracker.services.receive.reception import Reception, ReceptionResult
from tracker.services.storage import Storage
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store.driver.transaction import Tx
from tracker.store.schema import jobs as jobs_table
from tracker.store.store import Store

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
UPSTREAM = "https://upstream.example"
PUBLIC = "https://us.example"


class MovedClock(HandClock):
    """A clock that the test moves, and everybody who sleeps on it."""

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)


def build_json_answer(body: Any, status: int = 200) -> HttpResult:
    """An answer of an API."""
    return HttpResult(status, {"content-type": "application/json"}, json.dumps(body).encode())


@dataclass
class ProviderBench(Workbench):
    """A workbench of one kind of upstream, whose tasks all have its input."""

    kind: Kind = field(kw_only=True)

    async def create_queued(self, name: str, **_more: Any) -> Task:
        """A task that was accepted and not sent."""
        asked = Submission(
            tenant="default",
            provider=self.kind.provider,
            operation=self.kind.operation,
            input=dict(self.kind.input),
            account="default",
            external_task_id=name,
        )
        return (await SubmissionIntake(self.context).accept(asked)).task

    async def submit_task(self, name: str = "ours", **_more: Any) -> Task:
        """A task after its submit, whatever became of it."""
        task = await self.create_queued(name)
        await self.bring_forward(task)
        await self.send()
        return await self.read_task(task.key)

    async def bring_forward(self, task: Task) -> None:
        """Whatever is to be done for a task is due now, by the database's clock as well."""

        def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
            due = update(jobs_table).where(jobs_table.c.task_key.in_(keys))
            tx.db.execute(due.values(run_at=_LONG_AGO))
            return [None] * len(keys)

        await self.context.store.write(batch, task.key)

    async def send(self) -> None:
        """Carry out the next submit, which must be due."""
        (job,) = await self.claim(JobKind.SUBMIT)
        await SubmitAttempts(self.context).run(job)

    def build_callback(self, task: Task, body: bytes, headers: Mapping[str, str]) -> RawCallback:
        """A callback to a task's own URL; to the account's, where that is one for all tasks."""
        per_task = self.context.providers[task.provider].calls_back
        if per_task is not None and per_task.per == "project":
            shared = token.sign(SECRET, task.provider, token.SHARED)
            return build_raw_callback(task.provider, token.SHARED, shared, body, headers)
        signed = token.sign(SECRET, task.provider, str(task.id))
        found = build_raw_callback(task.provider, str(task.id), signed, body, headers)
        return replace(found, inbound=replace(found.inbound, path=self.build_callback_path(task)))

    def build_callback_path(self, task: Task) -> str:
        """The path of a task's callback URL."""
        signed = token.sign(SECRET, task.provider, str(task.id))
        return f"/callbacks/{task.provider}/{task.id}/{signed}"

    async def tell(
        self, task: Task, body: Any, sign: Callable[[bytes], Mapping[str, str]]
    ) -> ReceptionResult:
        """The provider calls back."""
        content = json.dumps(body).encode()
        return await Reception(self.context).receive(
            self.build_callback(task, content, sign(content))
        )


@asynccontextmanager
async def open_provider_bench(
    database_url: str,
    kind: Kind,
    answer: Any,
    *,
    clock: MovedClock,
    folder: Path,
    policy: Policy | None = None,
) -> AsyncIterator[ProviderBench]:
    """A bench on one database, with one account at the provider of a kind of upstream."""
    provider, http = PROVIDERS[kind.provider], ScriptedHttp(answer)
    given = {"base_url": UPSTREAM + kind.address, "api_key": "k"} | dict(kind.options)
    account = provider.make_account("default", provider.options.model_validate(given))
    objects, rules = Folder(folder), RULES
    storage = Storage(rules, objects, Downloading([], cap=rules.max_bytes, silence_s=1))
    async with Store(database_url, clock) as store:
        context = Context(
            store=store,
            egress=http,
            clock=clock,
            jitter=lambda: 0.0,
            policy=policy or Policy(polls=PATIENCE),
            providers={provider.name: provider},
            accounts={(provider.name, "default"): account},
            public_url=PUBLIC,
            secrets=[SECRET],
            storage=storage,
        )
        yield ProviderBench(context, Leases(context), http, kind=kind)
    objects.close()
