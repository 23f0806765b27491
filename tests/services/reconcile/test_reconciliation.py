import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import build_answer, build_poll_answer
from tests.support.workbench import OPERATION, HandClock, ScriptedHttp, open_workbench
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import PollOutcome
from tracker.domain.policy import Policy
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Answer, Asking
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.recorder import Recorder
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store import tasks
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import Job

pytestmark = pytest.mark.anyio


def _says(call: HttpCall) -> HttpResult:
    """Everything has succeeded, but for `theirs-3`, which is unheard of."""
    ids = re.findall(r"theirs-\d+", call.url)
    return build_poll_answer(
        *({"id": one, "status": "succeeded"} for one in ids if one != "theirs-3")
    )


@pytest.mark.parametrize(("together", "calls"), [(1, 25), (20, 2)])
async def test_one_look_at_each_task_in_as_few_calls_as_the_adapter_can_do_with(
    database_url: str, together: int, calls: int
) -> None:
    outbound = ScriptedHttp(_says)
    async with open_workbench(database_url, outbound, adapter=MadeUp(together=together)) as bench:
        made = await bench.submit_tasks(25)
        held: list[Job] = []
        while len(held) < len(made):
            held += await bench.claim(JobKind.RECONCILE)
        await Reconciliation(bench.context).run(held)
        assert len(outbound.calls) == calls
        states = [(await bench.read_task(task.key)).state for task in made]
        assert states == [
            TaskState.SUBMITTED if n == 3 else TaskState.SUCCEEDED for n in range(len(made))
        ]
        assert (await bench.read_task(made[3].key)).absences == 1


async def test_too_many_slows_the_whole_account_and_fails_nothing(database_url: str) -> None:
    def busy(_call: HttpCall) -> HttpResult:
        return build_answer(429, headers={"retry-after": "60"})

    outbound = ScriptedHttp(busy)
    async with open_workbench(database_url, outbound, adapter=MadeUp(together=1)) as bench:
        made = await bench.submit_tasks(60)
        held: list[Job] = []
        while len(held) < len(made):
            held += await bench.claim(JobKind.RECONCILE)
        reconciliation = Reconciliation(bench.context)
        await reconciliation.run(held)
        assert len(outbound.calls) <= 16  # those that were under way when the first answer came
        now = bench.context.clock.now()
        due = await bench.leases.find_next_due(JobKind.RECONCILE)
        assert due is not None
        assert 50 < (due - now).total_seconds() < 70
        assert {(await bench.read_task(task.key)).state for task in made} == {TaskState.SUBMITTED}


async def test_an_answer_that_breaks_the_adapter_is_asked_for_again(database_url: str) -> None:
    class BrittlePolls(MadeUp):
        def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
            raise RecursionError

    async with open_workbench(database_url, ScriptedHttp(_says), adapter=BrittlePolls()) as bench:
        made = await bench.submit_tasks(2)
        held: list[Job] = []
        while len(held) < len(made):
            held += await bench.claim(JobKind.RECONCILE)
        await Reconciliation(bench.context).run(held)
        assert {(await bench.read_task(task.key)).state for task in made} == {TaskState.SUBMITTED}
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is not None


@pytest.mark.parametrize("public_url", [None, "https://tracker.example"])
async def test_a_task_that_never_ends_is_looked_at_a_bounded_number_of_times(
    sqlite_url: str, public_url: str | None
) -> None:
    """A day of "processing", at the default pace: then it expires and nobody asks any more."""

    def works(_call: HttpCall) -> HttpResult:
        return build_poll_answer({"id": "theirs-0", "status": "running"})

    outbound, clock, day = ScriptedHttp(works), HandClock(), timedelta(days=1)
    async with open_workbench(
        sqlite_url, outbound, policy=Policy(give_up=day), clock=clock
    ) as bench:
        context = replace(bench.context, public_url=public_url)
        (made,) = await bench.submit_tasks(1)
        while (due := await bench.leases.find_next_due(JobKind.RECONCILE)) is not None:
            clock.at = max(due, clock.at)
            await Sweeper(context).sweep_all()
            if held := await bench.claim(JobKind.RECONCILE):
                await Reconciliation(context).run(held)
        assert (await bench.read_task(made.key)).state is TaskState.EXPIRED
        assert day <= clock.at - made.created_at < day + timedelta(minutes=15)
        at_the_ceiling = day / context.policy.polls.ceiling
        assert at_the_ceiling * 0.9 < len(outbound.calls) < at_the_ceiling + 40


async def test_what_waited_for_days_is_asked_about_as_long_as_any_other(database_url: str) -> None:
    clock, day = HandClock(), timedelta(days=1)
    policy = Policy(give_up=day)
    async with open_workbench(
        database_url, ScriptedHttp(_says), policy=policy, clock=clock
    ) as bench:
        made = await bench.create_queued("ours")
        clock.move(4 * day.total_seconds())
        await Sweeper(bench.context).sweep_all()
        await bench.accept_task(made, "theirs-0")
        clock.move(0.9 * day.total_seconds())
        await Sweeper(bench.context).sweep_all()
        assert (await bench.read_task(made.key)).state is TaskState.SUBMITTED
        clock.move(0.2 * day.total_seconds())
        await Sweeper(bench.context).sweep_all()
        assert (await bench.read_task(made.key)).state is TaskState.EXPIRED


async def test_what_older_code_sent_without_a_bound_gets_one_with_its_next_step(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(_says)) as bench:
        (made,) = await bench.submit_tasks(1)

        def forget(tx: Tx, keys: Sequence[int]) -> list[None]:
            tasks.save(tx.db, [replace(made, version=made.version + 1, give_up_at=None)])
            return [None] * len(keys)

        def runs(tx: Tx, keys: Sequence[int]) -> list[None]:
            recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, keys).values())
            for key in keys:
                recorder.record(key, Event(EventKind.SEEN_RUNNING, Source.CALLBACK))
            recorder.flush()
            return [None] * len(keys)

        def comes_back(tx: Tx, keys: Sequence[int]) -> list[Task]:
            sent = tasks.lock_by_key(tx.db, keys).values()
            doubted = [replace(task, state=TaskState.UNCERTAIN) for task in sent]
            recorder = Recorder(bench.context, tx, doubted)
            for key in keys:
                recorder.record(key, Event(EventKind.ABSENT, Source.POLL))
            recorder.flush()
            return [recorder.get_task(key) for key in keys]

        await bench.context.store.write(forget, made.key)
        assert (await bench.read_task(made.key)).give_up_at is None
        await bench.context.store.write(runs, made.key)
        assert (await bench.read_task(made.key)).give_up_at is not None
        back = await bench.context.store.write(comes_back, made.key)
        assert (back.state, back.give_up_at) == (TaskState.QUEUED, None)
        assert (await bench.read_task(made.key)).give_up_at is None


async def test_a_task_whose_account_was_taken_out_waits_and_goes_on_once_it_is_back(
    database_url: str,
) -> None:
    outbound = ScriptedHttp(_says)
    async with open_workbench(database_url, outbound) as bench:
        (made,) = await bench.submit_tasks(1)
        await bench.bring_forward(made)
        held = await bench.claim(JobKind.RECONCILE)
        await Reconciliation(replace(bench.context, accounts={})).run(held)
        assert outbound.calls == []
        assert (await bench.read_task(made.key)).state is TaskState.SUBMITTED
        await bench.bring_forward(made)
        await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
        assert (await bench.read_task(made.key)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("adapter", "url", "low_s", "high_s"),
    [
        (MadeUp(), "https://tracker.example", 60, 75),
        (MadeUp(), None, 3, 4),
        (MadeUp(is_silent=True), "https://tracker.example", 3, 4),
        (MadeUp(silent=(OPERATION,)), "https://tracker.example", 3, 4),
        (MadeUp(silent=("another",)), "https://tracker.example", 60, 73),
        (MadeUp(is_silent=True, spacing=20.0), "https://tracker.example", 20, 25),
    ],
)
async def test_the_pause_between_looks_is_that_of_the_accounts_upstream(
    sqlite_url: str, adapter: MadeUp, url: str | None, low_s: float, high_s: float
) -> None:
    """On SQLite: PostgreSQL hands out jobs by its own clock."""
    clock, running = HandClock(), build_poll_answer({"id": "theirs", "status": "running"})
    outbound = ScriptedHttp(
        lambda call: build_answer(id="theirs") if call.url.endswith("/make") else running
    )
    async with open_workbench(
        sqlite_url, outbound, adapter=adapter, policy=Policy(), clock=clock, public_url=url
    ) as bench:
        await bench.submit_task()
        due = await bench.leases.find_next_due(JobKind.RECONCILE)
        assert due is not None
        assert low_s <= (due - clock.now()).total_seconds() <= high_s
        clock.at = due
        await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
        due = await bench.leases.find_next_due(JobKind.RECONCILE)
        assert due is not None
        assert low_s <= (due - clock.now()).total_seconds() <= 1.3 * high_s
