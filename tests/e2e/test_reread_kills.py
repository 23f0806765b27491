"""kill -9 within a run that reads receipts again: each task is before or after its correction."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.dying import NEVER, dying_service
from tests.support.made_up import NAME, MadeUp
from tests.support.made_up_api import Played
from tests.support.waiting import wait_until
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import fold
from tracker.domain.observation import Observation
from tracker.domain.rereads import Reread
from tracker.domain.runs import RunState
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.services.receive.rereads import AT_ONCE, RereadOrder, Rereads
from tracker.store import refolds, tasks

MANY = AT_ONCE + 20
"""Two pages."""
WHO = "key 1 (ops)"
DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}


@dataclass(frozen=True)
class _Earlier(MadeUp):
    """An adapter of a release before, to which pieces of a result mean nothing."""

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        body = inbound.body.replace(b'"pieces"', b'"unheard"')
        return super().parse_callback(replace(inbound, body=body))


@asynccontextmanager
async def _bench(url: str, adapter: MadeUp | None = None) -> AsyncIterator[Workbench]:
    async with open_workbench(url, ScriptedHttp(Played()), adapter=adapter) as bench:
        yield bench


async def _prepare(url: str) -> Reread:
    """Return a run over tasks whose receipts say more today, of which no page was carried out."""
    async with _bench(url, _Earlier()) as bench:
        made = await bench.submitted(MANY)
        await asyncio.gather(*(bench.call_back(task, DONE) for task in made))
        return await Rereads(bench.context).start(RereadOrder("default", NAME, WHO, is_dry=False))


async def _state(url: str, run: Reread) -> RunState:
    async with _bench(url) as bench:
        return (await Rereads(bench.context).get("default", run.id)).state


async def _look(url: str, run: Reread) -> tuple[Reread, Counter[int]]:
    """Return how far a run is, and how many tasks were corrected how often."""
    async with _bench(url) as bench:
        corrected: Counter[int] = Counter()
        found = await bench.context.store.read(lambda db: tasks.get_by_keys(db, range(1, MANY + 1)))
        stored = await bench.context.store.read(lambda db: refolds.beside(db, found))
        histories = {one.task.key: one.history for one in stored}
        for task in found.values():
            steps = histories[task.key]
            assert (fold(steps), len(steps)) == (task.state, task.version)
            assert task.state is TaskState.SUCCEEDED
            times = [step.kind for step in steps].count(EventKind.REREAD)
            assert len(task.artifacts) == times  # before or after, and never twice
            corrected[times] += 1
        return await Rereads(bench.context).get("default", run.id), corrected


def test_a_run_whose_worker_is_killed_is_ended_and_corrects_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    run = asyncio.run(_prepare(database_url))
    with dying_service(database_url, tmp_path) as bed:
        for point in (CrashPoint.REREAD_COMMITTED, CrashPoint.REREAD_APPLIED):
            with bed.service(point.value, "1") as dying:
                wait_until(lambda dying=dying: not dying.is_alive)  # type: ignore[misc]  # pinned
            told, corrected = asyncio.run(_look(database_url, run))
            assert (told.state, told.counts["richer"]) == (RunState.RUNNING, AT_ONCE)
            assert corrected == {1: AT_ONCE, 0: MANY - AT_ONCE}
        with bed.service(*NEVER):
            wait_until(lambda: asyncio.run(_state(database_url, run)) is RunState.DONE)
    told, corrected = asyncio.run(_look(database_url, run))
    assert (told.counts["richer"], told.counts["receipts"]) == (MANY, MANY)
    assert corrected == {1: MANY}
