"""Calls to an account wait for their turns: none is too early, and no purpose starves another."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.made_up import NAME, make_made_up
from tests.support.made_up_answers import Statement
from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.waiting import wait_for_condition
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.call_rate import CallLimits, CallRate
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.work import JobKind
from tracker.providers.ports.account import Account
from tracker.services.call_turns import CallPurpose, CallTurns
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.attempting import SubmitAttempts
from tracker.store import attempts

pytestmark = pytest.mark.anyio
_CREATE, _LOOK, _OTHER = CallPurpose.CREATE, CallPurpose.LOOK, CallPurpose.OTHER


class PassingClock(HandClock):
    """Moves on by each pause, so that no test waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.move(seconds)


class StoppedClock(HandClock):
    """Ends no pause."""

    async def sleep(self, _seconds: float) -> None:
        await asyncio.Event().wait()


async def test_creates_come_between_any_number_of_looks() -> None:
    """Give each purpose that waits its turn, and each call of one in its own order."""
    turns, had = CallTurns(CallLimits(CallRate(2, 1)), PassingClock()), list[str]()

    async def call(purpose: CallPurpose, name: str) -> None:
        await turns.take(purpose)
        had.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(call(_LOOK, f"look {number}"))
        await asyncio.sleep(0)
        for number in range(2):
            group.create_task(call(_CREATE, f"create {number}"))
        group.create_task(call(_OTHER, "other"))
    assert had[:6] == ["look 0", "create 0", "look 1", "other", "create 1", "look 2"]
    assert had[6:] == ["look 3", "look 4", "look 5"]


async def test_creates_that_are_counted_apart_wait_for_no_look() -> None:
    limits = CallLimits(calls=CallRate(1, 60), creates=CallRate(1, 60))
    turns = CallTurns(limits, StoppedClock())
    await turns.take(_LOOK)
    waiting = asyncio.create_task(turns.take(_OTHER))
    await turns.take(_CREATE)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_a_turn_that_nobody_uses_is_given_back() -> None:
    turns = CallTurns(CallLimits(CallRate(1, 60)), clock := PassingClock())
    began = clock.at
    await turns.take(_CREATE)
    turns.put_back(_CREATE)
    await turns.take(_LOOK)
    assert clock.at == began
    gone, waits = (asyncio.create_task(turns.take(_LOOK)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await waits
    assert (clock.at - began).total_seconds() == pytest.approx(60.1, abs=0.1)
    had = asyncio.create_task(turns.take(_LOOK))
    await wait_for_condition(lambda: clock.at.timestamp() - began.timestamp() > 120)
    had.cancel()  # in whatever step of it: its turn goes to the next
    await asyncio.wait([had])
    await turns.take(_LOOK)


async def test_no_limit_no_pause() -> None:
    turns = CallTurns(CallLimits(), StoppedClock())
    for purpose in [*CallPurpose] * 50:
        await turns.take(purpose)


class _Counting(Played):
    """The made-up API, which notes when it is called."""

    def at(self, clock: HandClock) -> "_Counting":
        self.clock, self.times = clock, list[float]()
        return self

    def __call__(self, call: HttpCall) -> HttpResult:
        self.times.append(self.clock.monotonic())
        answer = super().__call__(call)
        assert isinstance(answer, HttpResult)
        return answer


def _open(count: int) -> Iterator[Statement]:
    return ({"id": f"theirs-{n}", "status": "running"} for n in range(count))


async def _looks_and_creates(bench: Workbench, count: int) -> None:
    """Look at so many tasks and create a tenth as many at the same time."""
    made = await bench.submit_tasks(count)
    for task in made:
        await bench.bring_forward(task)
    for number in range(count // 10):
        await bench.create_queued(f"new-{number}")
    looks, creates = await bench.claim(JobKind.RECONCILE), await bench.claim(JobKind.SUBMIT)
    assert (len(looks), len(creates)) == (count, count // 10)
    reconciliation, attempting = Reconciliation(bench.context), SubmitAttempts(bench.context)
    await asyncio.gather(
        *(reconciliation.run([job]) for job in looks), *(attempting.run(job) for job in creates)
    )


async def test_polls_and_submits_together_keep_to_the_rate(database_url: str) -> None:
    clock = PassingClock()
    api = _Counting(make=build_answer(id="x"), poll=build_poll_answer(*_open(40))).at(clock)
    async with open_workbench(
        database_url, ScriptedHttp(api), clock=clock, options={"calls_per_s": 4}
    ) as bench:
        began = clock.monotonic()
        await _looks_and_creates(bench, 40)
        took = [at - began for at in api.times]
        assert all(number < 1 + 4 * at_s + 0.01 for number, at_s in enumerate(took)), took
        assert Counter(api.asked) == {"tasks": 40, "make": 4}


async def test_the_next_look_leaves_time_for_those_at_all_others(database_url: str) -> None:
    clock = PassingClock()
    api = _Counting(make=build_answer(id="x"), poll=build_poll_answer(*_open(3))).at(clock)
    options = {"calls_per_s": 0.1}
    async with open_workbench(
        database_url, ScriptedHttp(api), clock=clock, options=options
    ) as bench:
        task, *_ = await bench.submit_tasks(3)
        at_once = bench.context.get_poll_spacing_s(NAME, "default")
        await bench.look(task)
        assert at_once == 0
        # 3 tasks, of which a call asks for 20; three quarters of 0.1 calls a second are for looks.
        assert bench.context.get_poll_spacing_s(NAME, "default") == pytest.approx(
            3 / 20 / 0.075, rel=0.02
        )


async def test_whoever_is_stopped_while_waiting_has_opened_no_attempt(database_url: str) -> None:
    clock, api = StoppedClock(), Played(make=build_answer(id="x"))
    options = {"calls_per_s": 0.1}
    async with open_workbench(
        database_url, ScriptedHttp(api), clock=clock, options=options
    ) as bench:
        first, second = await bench.create_queued("first"), await bench.create_queued("second")
        attempting = SubmitAttempts(bench.context)
        (one, other) = await bench.claim_submits()
        await attempting.run(one)
        waiting = asyncio.create_task(attempting.run(other))
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
        await bench.leases.release([other])
        found = await bench.context.store.read(
            lambda db: attempts.open_of(db, [first.key, second.key])
        )
        assert found == {}
        assert api.asked == ["make"]


def test_an_account_says_more_or_less_than_its_provider_documents() -> None:
    documented = CallLimits(CallRate(150, 10))
    provider = replace(make_made_up(), call_limits=lambda _account: documented)

    def limits(**options: float) -> CallLimits:
        chosen = provider.options.model_validate({"api_key": "k"} | options)
        return provider.get_limits(Account("default", "http://provider.example", chosen))

    assert limits() == documented
    assert limits(calls_per_s=0) == CallLimits()
    assert limits(calls_per_s=2.5) == CallLimits(CallRate(2.5, 1))
    assert limits(calls_per_s=0.25) == CallLimits(CallRate(1, 4))
