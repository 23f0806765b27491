"""One clock on PostgreSQL, whatever the machines say; a clock that is set is said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.support.moved_clock import make_moved_clock
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.clock import ServerClock, SystemClock, get_machine_time
from tracker.domain.clock_steps import LONGEST_LOOK_S
from tracker.domain.work import JobKind
from tracker.services.deliver.sending import DeliverySender
from tracker.services.recorder import compute_next_look
from tracker.services.upkeep.clock_step_watch import SAID, ClockStepWatch
from tracker.services.upkeep.presence import ProcessPresence
from tracker.store import conditions
from tracker.store.driver.transaction import Tx
from tracker.store.schema import jobs

pytestmark = pytest.mark.anyio
FAR = timedelta(hours=2)
NEAR = timedelta(seconds=60)


class WrongClock(SystemClock):
    """A machine's clock that is off; what it measures is right."""

    def __init__(self, off: timedelta = timedelta(0)) -> None:
        self.off = off

    def now(self) -> datetime:
        return super().now() + self.off


class MachineClock:
    """A machine's clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def now(self) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.at_s += seconds


SERVER = datetime(2026, 11, 28, 12, tzinfo=UTC)


async def test_a_servers_time_is_carried_on_by_what_does_not_jump() -> None:
    machine = MachineClock()
    clock = ServerClock(machine)
    assert (clock.now(), clock.is_servers) == (machine.now(), False)
    asked_s = clock.monotonic()
    await clock.sleep(1)
    clock.hear(SERVER, asked_s)  # half of the way back is half a second
    await clock.sleep(10)
    assert (clock.now(), clock.is_servers) == (SERVER + timedelta(seconds=10.5), True)
    assert get_machine_time(clock) == machine.now()


@pytest.mark.parametrize(("off_s", "follows"), [(0.4, False), (-0.4, False), (0.6, True)])
async def test_what_the_way_may_explain_moves_no_clock(*, off_s: float, follows: bool) -> None:
    machine = MachineClock()
    clock = ServerClock(machine)
    clock.hear(SERVER, clock.monotonic())
    asked_s = clock.monotonic()
    await clock.sleep(1)
    clock.hear(SERVER + timedelta(seconds=0.5 + off_s), asked_s)
    moved = (clock.now() - SERVER).total_seconds() - 1
    assert moved == pytest.approx(off_s if follows else 0)


async def standing(bench: Workbench) -> dict[str, str]:
    found = await bench.context.store.read(conditions.list_open)
    return {one.name: one.reason for one in found}


@pytest.mark.parametrize("off", [FAR, -FAR], ids=["ahead", "behind"])
async def test_work_of_a_process_that_is_two_hours_off_is_due_at_once(
    postgres_url: str, off: timedelta
) -> None:
    right, wrong = SystemClock(), ServerClock(WrongClock(off))
    async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK), clock=wrong) as bench:
        await bench.context.store.read(conditions.list_open)  # as a process reads before it serves
        task = await bench.create_queued("ours")
        assert abs(task.created_at - right.now()) < NEAR
        async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK), clock=right) as other:
            jobs = await other.claim(JobKind.SUBMIT, limit=1)
        assert [job.task_key for job in jobs] == [task.key]
        await ProcessPresence(bench.context).look()
        assert "7200.0 s" in (await standing(bench))["clock_skew"]
        await ClockStepWatch(bench.context).look()
        assert "clock_stepped" not in await standing(bench)


async def test_a_server_whose_time_is_set_is_followed(postgres_url: str) -> None:
    clock = ServerClock(SystemClock())
    async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        await ProcessPresence(bench.context).look()
        clock.hear(clock.now() - FAR, clock.monotonic())  # as it said before it was set
        assert clock.now() < SystemClock().now() - NEAR
        await ProcessPresence(bench.context).look()
        assert abs(clock.now() - SystemClock().now()) < NEAR


@pytest.mark.parametrize(("step_s", "direction"), [(3.0, "forward"), (-3.0, "back"), (1.0, None)])
async def test_a_clock_that_is_set_is_said_for_an_hour(
    sqlite_url: str, step_s: float, direction: str | None
) -> None:
    machine = WrongClock()
    async with open_workbench(
        sqlite_url, ScriptedHttp(lambda _: OK), clock=ServerClock(machine)
    ) as bench:
        steps = ClockStepWatch(bench.context)
        await steps.look()
        assert await standing(bench) == {}
        machine.off += timedelta(seconds=step_s)
        await steps.look()
        await steps.look()
        said = (await standing(bench)).get("clock_stepped")
        assert said is None if direction is None else said is not None and direction in said
        machine.off += SAID + NEAR
        again = ClockStepWatch(bench.context)  # a process that starts after it
        await again.look()
        assert await standing(bench) == {}


@pytest.mark.parametrize("hours", [2, -2])
async def test_a_task_from_before_a_step_is_asked_for_as_often_as_a_new_one(
    sqlite_url: str, hours: int
) -> None:
    machine = WrongClock()
    async with open_workbench(
        sqlite_url, ScriptedHttp(lambda _: OK), clock=ServerClock(machine)
    ) as bench:
        context, steps = bench.context, ClockStepWatch(bench.context)
        (task,) = await bench.submit_tasks(1)
        machine.off += timedelta(hours=hours)

        def put_off(tx: Tx, items: Sequence[None]) -> list[None]:
            tx.db.execute(update(jobs).values(run_at=tx.now + timedelta(minutes=9)))
            return [None] * len(items)

        await context.store.write(put_off, None)
        now = context.clock.now()
        longest = timedelta(seconds=LONGEST_LOOK_S)
        assert hours < 0 or compute_next_look(context, task, now) > now + longest
        assert not await bench.claim(JobKind.RECONCILE)
        await steps.look()
        assert await bench.claim(JobKind.RECONCILE)
        assert compute_next_look(context, task, now) <= now + longest
        assert compute_next_look(context, task, now, asked_s=90.0) >= now + 3 * longest


async def test_a_clock_that_goes_back_an_hour_holds_nothing_up(database_url: str) -> None:
    """An hour is less than the longest pause: what is due looks like what was put off."""
    machine = WrongClock()
    with make_moved_clock(database_url) as server:
        clock = ServerClock(machine)
        async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
            presence, steps = ProcessPresence(bench.context), ClockStepWatch(bench.context)
            await presence.look()  # hears a server's time for the first time
            await steps.look()
            assert "clock_stepped" not in await standing(bench)
            await create_endpoint(bench)
            await bench.submit_tasks(1)
            await bench.create_queued("not sent yet")
            machine.off -= timedelta(hours=1)
            server.move(-3600)
            await presence.look()
            assert not await bench.claim(JobKind.SUBMIT)
            await steps.look()
            assert "went back by 3600" in (await standing(bench))["clock_stepped"]
            assert await bench.claim(JobKind.SUBMIT)
            assert await bench.claim(JobKind.RECONCILE)
            assert await DeliverySender(bench.context).list_lanes()
