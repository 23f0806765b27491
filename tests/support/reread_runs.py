"""Runs that read receipts again, in processes that are killed.

python -m tests.support.reread_runs URL [KILLS]

Has a run over tasks of a migrated database carried out by one process after the other, each of
which is killed at a random moment, 200 times unless told otherwise; where a run ends before, the
next one is over new tasks. After each kill what is there is looked at, with `look`.
"""

import asyncio
import gc
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from tests.support.made_up import NAME, MadeUp
from tests.support.made_up_api import Played
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import fold
from tracker.domain.observation import Observation
from tracker.domain.rereads import Reread
from tracker.domain.runs import RunState
from tracker.domain.task import TaskState
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.services.receive.rereads import RereadOrder, Rereads
from tracker.store import refolds, rereads, tasks

WHO = "key 1 (ops)"
DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
TASKS = 250
"""Of one run of the command."""
AT_ONCE = 3
"""Receipts of a page there."""
LONGEST_S = 0.03
"""Until a process is killed there, from when it begins to work."""


@dataclass(frozen=True)
class Earlier(MadeUp):
    """An adapter of a release before, to which pieces of a result mean nothing."""

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        body = inbound.body.replace(b'"pieces"', b'"unheard"')
        return super().parse_callback(replace(inbound, body=body))


@asynccontextmanager
async def open_service(url: str, adapter: MadeUp | None = None) -> AsyncIterator[Workbench]:
    """Yield a service on a database. adapter: one other than today's."""
    async with open_workbench(url, ScriptedHttp(Played()), adapter=adapter) as bench:
        yield bench


async def prepare(url: str, count: int) -> tuple[Reread, list[int]]:
    """Return a run over tasks whose receipts say more today, of which no page was carried out."""
    async with open_service(url, Earlier()) as bench:
        made = await bench.submit_tasks(count)
        await asyncio.gather(*(bench.call_back(task, DONE) for task in made))
        order = RereadOrder("default", NAME, WHO, is_dry=False)
        return await Rereads(bench.context).start(order), [task.key for task in made]


async def look(url: str, run: Reread, keys: Sequence[int]) -> tuple[Reread, Counter[int]]:
    """Return how far a run is, and how many tasks were corrected how often."""
    async with open_service(url) as bench:
        corrected: Counter[int] = Counter()
        found = await bench.context.store.read(lambda db: tasks.get_by_keys(db, keys))
        stored = await bench.context.store.read(lambda db: refolds.find_beside(db, found))
        histories = {one.task.key: one.history for one in stored}
        for task in found.values():
            steps = histories[task.key]
            assert (fold(steps), len(steps)) == (task.state, task.version)
            assert task.state is TaskState.SUCCEEDED
            times = [step.kind for step in steps].count(EventKind.REREAD)
            assert len(task.artifacts) == times  # before or after, and never twice
            corrected[times] += 1
        return await Rereads(bench.context).get("default", run.id), corrected


def main(url: str, kills: str = "200") -> None:
    """Kill and look."""
    gc.freeze()
    left, ended = int(kills), 0
    chance = random.Random(time.time_ns())
    while left:
        run, keys = asyncio.run(prepare(url, TASKS))
        while left:
            left -= _kill_one(url, chance.uniform(0, LONGEST_S))
            told, corrected = asyncio.run(look(url, run, keys))
            assert set(corrected) <= {0, 1}, corrected
            if told.state is RunState.DONE:
                break
        if told.state is not RunState.DONE:
            asyncio.run(_work(url))
        told, corrected = asyncio.run(look(url, run, keys))
        assert (told.state, corrected) == (RunState.DONE, {1: TASKS}), (told, corrected)
        assert told.counts["richer"] == told.counts["receipts"] - ended == TASKS, told.counts
        ended += TASKS
        sys.stdout.write(f"{int(kills) - left} kills, {ended} tasks corrected once each\n")


def _kill_one(url: str, after_s: float) -> bool:
    """Have a process work and kill it; return whether it had not come to the end."""
    ready, say = os.pipe()
    child = os.fork()
    if not child:
        asyncio.run(_work(url, say))
        os._exit(0)
    os.close(say)
    os.read(ready, 1)
    os.close(ready)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


async def _work(url: str, say: int | None = None) -> None:
    async with open_service(url) as bench:
        if say is not None:
            os.write(say, b"!")
        runs = Rereads(bench.context, at_once=AT_ONCE)
        while await bench.context.store.read(rereads.find_next_running) is not None:
            await runs.run_pages()


if __name__ == "__main__":
    main(*sys.argv[1:])
