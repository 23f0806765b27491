"""Notices of callbacks that do not come, from how verdicts were had, on both databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import update

from tests.support.made_up import NAME, MadeUp
from tests.support.subscribing import OK, create_endpoint, list_owed
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.event_types import EventType
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.notices import EventFilter
from tracker.domain.task import Task
from tracker.services.recorder import Recorder
from tracker.services.upkeep.learning import OTHER, DurationLearner
from tracker.store import tasks
from tracker.store.driver.transaction import Tx
from tracker.store.schema import tasks as tasks_table
from tracker.telemetry.metrics import TASK_SECONDS

pytestmark = pytest.mark.anyio


async def test_degraded_callbacks_are_told_once(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await create_endpoint(bench, filter=EventFilter(types={"provider.callbacks_degraded"}))
        await create_endpoint(bench, filter=EventFilter(providers={"somebody"}))
        context = replace(bench.context, public_url="https://tracker.example")
        for n in range(6):
            task = await bench.accept_task(await bench.create_queued(f"polled-{n}"), f"p-{n}")
            await polled(bench, task)
        for _ in range(2):
            await DurationLearner(context).learn_durations()
        events = [o for o in await list_owed(bench) if o.event == EventType.CALLBACKS_DEGRADED]
        assert len(events) == 1


async def test_nobody_is_told_of_callbacks_that_an_account_never_sends(database_url: str) -> None:
    silent = MadeUp(is_silent=True)
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), adapter=silent) as bench:
        await create_endpoint(bench)
        context = replace(bench.context, public_url="https://tracker.example")
        for n in range(6):
            task = await bench.accept_task(await bench.create_queued(f"polled-{n}"), f"p-{n}")
            await polled(bench, task)
        await DurationLearner(context).learn_durations()
        assert EventType.CALLBACKS_DEGRADED not in [one.event for one in await list_owed(bench)]


async def test_a_name_of_the_callers_makes_no_label(sqlite_url: str) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        for n in range(6):
            task = await bench.accept_task(await bench.create_queued(f"task-{n}"), f"p-{n}")
            await polled(bench, task)
        await bench.context.store.write(_named_by_callers, 3)
        await DurationLearner(bench.context).learn_durations()
        shown = {labels for labels, _ in TASK_SECONDS.read()}
        assert {labels[:2] for labels in shown} == {(NAME, OTHER)}
        assert bench.context.expectations.find_of_kind(NAME, "evil/word").typical is not None


def _named_by_callers(tx: Tx, counts: Sequence[int]) -> list[None]:
    tx.db.execute(update(tasks_table).values(operation="evil/word"))
    return [None] * len(counts)


async def polled(bench: Workbench, task: Task) -> None:
    """A verdict that had to be polled for."""

    def batch(tx: Tx, items: Sequence[Task]) -> list[None]:
        recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, [task.key]).values())
        recorder.record(task.key, Event(EventKind.SEEN_SUCCEEDED, Source.POLL))
        recorder.flush()
        return [None] * len(items)

    await bench.context.store.write(batch, task)
