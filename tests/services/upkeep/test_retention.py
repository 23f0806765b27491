"""Retention: old things go, and all that others still rely on stays."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, update

from tests.support.dropping import run_all
from tests.support.made_up import NAME
from tests.support.made_up_api import Played
from tests.support.raw_callbacks import build_raw_callback
from tests.support.service import ROOT
from tests.support.workbench import (
    OPERATION,
    SECRET,
    HandClock,
    ScriptedHttp,
    Workbench,
    open_workbench,
)
from tracker.domain import token
from tracker.domain.delivery import DeliveryState
from tracker.domain.errors import InputGone, NoLongerKept, NotFound
from tracker.domain.retention import KeptClass, RetentionPolicy, RetentionRule
from tracker.domain.signals import CrashPoint, Signal, ignore_signal
from tracker.domain.task import Task, TaskState
from tracker.services.deliver.redelivery import Redelivery
from tracker.services.receive.reception import Reception
from tracker.services.storage import ObjectStore
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep import retention
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import conditions
from tracker.store.schema import (
    chore_leases,
    deliveries,
    delivery_attempts,
    delivery_bodies,
    dropped_inputs,
    receipts,
    retention_walks,
    task_inputs,
    tasks,
)

pytestmark = pytest.mark.anyio
DAY_S = 86400.0
POLICY = RetentionPolicy(
    {
        KeptClass.INPUTS: timedelta(days=30),
        KeptClass.EVIDENCE: timedelta(days=90),
        KeptClass.DELIVERIES: timedelta(days=30),
        KeptClass.TASKS: None,
    }
)
HOOK = "https://subscriber.example/hook"
FAILED = {"status": "failed", "why": "no"}
DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://media.example/v.mp4"}]}


@asynccontextmanager
async def opened(
    url: str,
    clock: HandClock,
    policy: RetentionPolicy = POLICY,
    archive: ObjectStore | None = None,
    signal: Signal = ignore_signal,
    *,
    archives_parquet: bool = False,
) -> AsyncIterator[Workbench]:
    async with open_workbench(
        url,
        ScriptedHttp(Played()),
        clock=clock,
        retention=policy,
        archive=archive,
        archives_parquet=archives_parquet,
        signal=signal,
    ) as bench:
        yield bench


async def _task(bench: Workbench, name: str, *, tenant: str = "default") -> Task:
    """Return a task that the provider has and whose steps a URL is told of."""
    asked = Submission(
        tenant=tenant,
        provider=NAME,
        operation=OPERATION,
        input={"prompt": "rain"},
        external_task_id=name,
        webhook_url=HOOK,
    )
    task = (await SubmissionIntake(bench.context).accept(asked)).task
    return await bench.accept_task(task, f"theirs-{name}")


async def _succeed(bench: Workbench, task: Task) -> None:
    await bench.call_back(task, {"id": f"theirs-{task.external_task_id}", **DONE})


async def _set_deliveries(bench: Workbench, state: DeliveryState) -> None:
    def batch(tx: Any, items: Any) -> list[None]:
        tx.db.execute(update(deliveries).values(state=state.value))
        return [None] * len(items)

    await bench.context.store.write(batch, None)


async def _rows(bench: Workbench, table: Table, *which: Any) -> list[Any]:
    return await bench.context.store.read(lambda db: [*db.execute(select(table).where(*which))])


async def test_an_input_goes_and_its_digest_stays(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock) as bench:
        old, is_open = [await bench.create_queued(name) for name in ("old", "open")]
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        await actions.cancel("default", old.id, actor="somebody")
        (kept,) = await _rows(bench, task_inputs, task_inputs.c.task_key == old.key)
        again = await actions.resubmit("default", old.id, idempotency_key="once")
        clock.move(30 * DAY_S)
        chore = RetentionChore(bench.context)
        await run_all(chore)
        assert await _rows(bench, dropped_inputs) == []  # an hour behind
        clock.move(2 * 3600)
        await run_all(chore)
        (gone,) = await _rows(bench, dropped_inputs)
        expected = (old.key, len(kept.body), sha256(kept.body).digest())
        assert (gone.task_key, gone.size_bytes, bytes(gone.sha256)) == expected
        left = {row.task_key for row in await _rows(bench, task_inputs)}
        assert left == {is_open.key, again.task.key}
        with pytest.raises(InputGone):
            await actions.resubmit("default", old.id, idempotency_key=None)
        replayed = await actions.resubmit("default", old.id, idempotency_key="once")
        assert (replayed.replayed, replayed.task.id) == (True, again.task.id)


async def test_a_receipt_stays_without_its_bytes_and_repeats_are_recognised(
    database_url: str,
) -> None:
    clock = HandClock()
    async with opened(database_url, clock) as bench:
        task = await _task(bench, "one")
        await _succeed(bench, task)
        signed = token.sign(SECRET, NAME, token.SHARED)
        stranger = build_raw_callback(
            NAME, token.SHARED, signed, b'{"id": "no one\'s"}', {"x-a": "b"}
        )
        await Reception(bench.context).receive(stranger)
        before = await _rows(bench, receipts)
        assert {row.task_key for row in before} == {task.key, None}
        assert all(row.body for row in before)
        clock.move(91 * DAY_S)
        await run_all(RetentionChore(bench.context))
        after = await _rows(bench, receipts)
        assert [(row.body, row.headers) for row in after] == [(None, None)] * len(before)
        kept = ("key", "verdict", "fingerprint", "size_bytes", "received_at", "task_key")
        assert [[getattr(row, name) for name in kept] for row in after] == [
            [getattr(row, name) for name in kept] for row in before
        ]
        again = await bench.call_back(task, {"id": "theirs-one", **DONE})
        assert again.is_duplicate


async def test_ended_deliveries_go_and_owed_ones_once_they_have_ended(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock) as bench:
        task = await _task(bench, "one")
        await _succeed(bench, task)
        owed = await _rows(bench, deliveries)
        assert owed
        clock.move(31 * DAY_S)
        chore = RetentionChore(bench.context)
        await run_all(chore)
        assert await _rows(bench, deliveries) == owed
        await _set_deliveries(bench, DeliveryState.DELIVERED)
        await run_all(chore)
        assert len(await _rows(bench, deliveries)) == len(owed)  # the place is behind them
        clock.move(DAY_S)
        await run_all(chore)
        for table in (deliveries, delivery_attempts, delivery_bodies):
            assert await _rows(bench, table) == []
        redelivery = Redelivery(bench.context)
        with pytest.raises(NoLongerKept):
            await redelivery.redeliver_named("default", [owed[0].id])
        fresh = await _task(bench, "fresh")
        await _succeed(bench, fresh)
        (newest, *_) = await _rows(bench, deliveries)
        await bench.context.store.write(_delete_delivery, newest.key)
        with pytest.raises(NotFound):
            await redelivery.redeliver_named("default", [newest.id])


def _delete_delivery(tx: Any, keys: Any) -> list[None]:
    tx.db.execute(delete(deliveries).where(deliveries.c.key.in_(keys)))
    return [None] * len(keys)


async def test_the_most_specific_rule_decides(database_url: str) -> None:
    """Each duration is a walk of its own, so that a short rule does not wait for a long one."""
    rules = (
        RetentionRule({KeptClass.INPUTS: timedelta(days=2)}, provider=NAME),
        RetentionRule({KeptClass.INPUTS: None}, tenant="careful"),
        RetentionRule(
            {KeptClass.INPUTS: timedelta(days=60)}, provider=NAME, state=TaskState.SUCCEEDED
        ),
    )
    clock = HandClock()
    policy = RetentionPolicy(POLICY.defaults, rules)
    async with opened(database_url, clock, policy) as bench:
        made = [await _task(bench, "a"), await _task(bench, "b"), await _task(bench, "c")]
        careful = await _task(bench, "careful", tenant="careful")
        await _succeed(bench, made[0])
        for task in (made[1], careful):
            await bench.call_back(task, {"id": f"theirs-{task.external_task_id}", **FAILED})
        chore, left = RetentionChore(bench.context, batch=1), []
        for days in (3, 58):
            clock.move(days * DAY_S)
            await run_all(chore)
            left.append({row.task_key for row in await _rows(bench, task_inputs)})
        assert left == [{made[0].key, made[2].key, careful.key}, {made[2].key, careful.key}]


async def test_one_process_at_a_time_and_a_frozen_one_drops_nothing(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock) as bench, opened(database_url, clock) as other:
        task = await _task(bench, "one")
        await _succeed(bench, task)
        first, second = RetentionChore(bench.context), RetentionChore(other.context)
        await first.drop_for_while()  # it has the lease now
        clock.move(31 * DAY_S)
        if database_url.startswith("sqlite"):  # the lease is as old as the machine's clock says
            await second.drop_for_while()
            assert await _rows(bench, dropped_inputs) != []
        else:
            await second.drop_for_while()
            assert await _rows(bench, dropped_inputs) == []
            await bench.context.store.write(_free_lease, None)
            clock.move(3600)
            await second.drop_for_while()
            assert await _rows(bench, dropped_inputs) != []
        walks = await _rows(bench, retention_walks)
        late = await _task(bench, "late")
        await _succeed(bench, late)
        clock.move(31 * DAY_S)
        batch, _ = await bench.context.store.read(
            lambda db: first._read_page(db, POLICY.list_walks()[0], clock.now())
        )
        assert not await bench.context.store.write(first._drop, batch)
        assert await _rows(bench, retention_walks) == walks


def _free_lease(tx: Any, items: Any) -> list[None]:
    tx.db.execute(update(chore_leases).values(lease_until=tx.lease_now))
    return [None] * len(items)


async def test_one_that_does_not_keep_up_is_a_condition_until_it_does(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock) as bench:
        chore = RetentionChore(bench.context)
        await run_all(chore)

        async def standing() -> list[str]:
            found = await bench.context.store.read(conditions.list_open)
            return [one.name for one in found]

        clock.move(2 * retention.PERIOD.total_seconds())
        await chore.drop_for_while()
        assert await standing() == []
        clock.move(4 * retention.PERIOD.total_seconds())  # nobody has worked meanwhile
        await chore.drop_for_while()
        assert await standing() == [conditions.RETENTION_BEHIND]
        clock.move(retention.PERIOD.total_seconds() + 1)
        await chore.drop_for_while()
        assert await standing() == []


class _RestingClock(HandClock):
    """Notes how long it is slept on."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.rests.append(round(seconds, 3))


@pytest.mark.parametrize(
    ("took_s", "late_s", "rests"), [(0.1, 0, [0.9] * 2), (1.0, 0, [3.0] * 2), (0.1, 3600, [])]
)
async def test_it_rests_nine_times_as_long_as_a_batch_took_unless_it_is_late(
    sqlite_url: str, took_s: float, late_s: float, rests: list[float]
) -> None:
    clock = _RestingClock()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.RETENTION_COMMITTED:
            clock.move(took_s)

    policy = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.INPUTS: timedelta(days=10)})
    async with open_workbench(
        sqlite_url, ScriptedHttp(Played()), clock=clock, retention=policy, signal=at
    ) as bench:
        for name in ("first", "second"):
            await _succeed(bench, await _task(bench, name))
        clock.move(10 * DAY_S + 1.5 * 3600 + late_s)
        clock.rests.clear()
        await RetentionChore(bench.context, batch=1).drop_for_while()
        assert clock.rests == rests
        assert len(await _rows(bench, dropped_inputs)) == 2


def test_a_process_killed_between_any_two_statements_leaves_nothing_half(
    database_url: str,
) -> None:
    names = ("n-0", "n-1")  # two, so that one may be done and the other not

    async def prepare() -> None:
        async with opened(database_url, HandClock()) as bench:
            for name in names:
                await _succeed(bench, await _task(bench, name))
            await _set_deliveries(bench, DeliveryState.DELIVERED)
            await EndCounter(bench.context).fold_all()

    async def left() -> list[int]:
        async with opened(database_url, HandClock()) as bench:
            kept = await _rows(bench, receipts, receipts.c.body.is_not(None))
            tables = (tasks, task_inputs, deliveries, delivery_bodies)
            return [len(kept), *[len(await _rows(bench, table)) for table in tables]]

    asyncio.run(prepare())
    assert 0 not in asyncio.run(left())
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_retention", database_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) > 20
    assert {tuple(halves) for _, *halves in lines} == {("0", "0", "0")}
    assert asyncio.run(left()) == [0, 0, 0, 0, 0]
