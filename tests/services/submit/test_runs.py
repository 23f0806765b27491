"""Runs: what was counted is what is done, once, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.support.made_up_api import Played
from tests.support.waiting import PATIENCE_S
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict, InvalidRequest
from tracker.domain.runs import RunOutcome, RunState
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.deliver.sending import DeliverySender
from tracker.services.leases import Leases
from tracker.services.owned_results import SELDOM
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import ACTED_ON, BulkAction, BulkActions, BulkOrder
from tracker.services.submit.runs import NO_LONGER, RAISED, BulkRuns
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import bulk_runs
from tracker.store.bulk_runs import KeptRun
from tracker.store.filters import TaskFilter
from tracker.workers.deliveries import DeliveryLoop
from tracker.workers.roles import list_chores
from tracker.workers.supervisor import LOOK_OUT_S, Chore, Supervisor

pytestmark = pytest.mark.anyio
WHO = "key 1 (ops)"


@asynccontextmanager
async def _bench(url: str, **more: Any) -> AsyncIterator[Workbench]:
    async with open_workbench(url, ScriptedHttp(Played()), **more) as bench:
        yield bench


def _runs(bench: Workbench, **more: int) -> BulkRuns:
    intake = SubmissionIntake(bench.context)
    actions = TaskActions(bench.context, intake)
    bulk = BulkActions(bench.context, actions, intake)
    return BulkRuns(bench.context, bulk, **more)


def _token(runs: BulkRuns, bench: Workbench, action: BulkAction, matching: int) -> str:
    selection = Selection(TaskFilter("default", states=sorted(ACTED_ON[action])))
    order = BulkOrder(action, selection, WHO, is_dry=True)
    return runs.sign_token(order, matching, after=None, until=bench.context.clock.now())[0]


async def _start(runs: BulkRuns, token: str) -> KeptRun:
    return await runs.start(runs.read_token("default", token, actor=WHO))


async def _outcomes(bench: Workbench, run: KeptRun) -> list[tuple[RunOutcome | None, str | None]]:
    found = await bench.context.store.read(
        lambda db: bulk_runs.list_tasks(db, run.key, outcome=None, after=0, limit=100)
    )
    return [(one.outcome, one.reason) for one in found]


async def _cancelled(bench: Workbench, count_: int) -> Sequence[Task]:
    """Tasks that came to nothing."""
    made = [await bench.create_queued(f"ours-{n}") for n in range(count_)]
    runs = _runs(bench)
    await _start(runs, _token(runs, bench, BulkAction.CANCEL, count_))
    await runs.run_pieces()
    return made


async def test_no_more_than_was_counted_and_none_made_after_it(database_url: str) -> None:
    async with _bench(database_url) as bench:
        runs = _runs(bench, at_once=2)
        before = [await bench.create_queued(f"ours-{n}") for n in range(4)]
        token = _token(runs, bench, BulkAction.CANCEL, 3)
        later = await bench.create_queued("later")
        run = await _start(runs, token)
        assert (run.state, run.matching) == (RunState.RUNNING, 3)
        assert (await _start(runs, token)).key == run.key
        await runs.run_pieces()
        states = [(await bench.read_task(one.key)).state for one in (*before, later)]
        assert states == [TaskState.CANCELLED] * 3 + [TaskState.QUEUED] * 2
        ended = await runs.get("default", run.id)
        assert (ended.state, ended.done, ended.ended_at is not None) == (RunState.DONE, 3, True)


async def test_a_piece_whose_commit_failed_is_done_again_and_nothing_twice(
    database_url: str,
) -> None:
    pieces = count()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.RUN_APPLIED and next(pieces) == 2:  # the first cancels all
            raise RuntimeError("applied, and never committed")

    async with _bench(database_url, signal=at) as bench:
        ended = await _cancelled(bench, 5)
        runs = _runs(bench, at_once=2)
        run = await _start(runs, _token(runs, bench, BulkAction.RESUBMIT, 5))
        await runs.run_pieces()
        told = await runs.get("default", run.id)
        assert (told.state, told.done, told.failed) == (RunState.DONE, 5, 0)
        made = [task.resubmit_of for task in await bench.list_all() if task.resubmit_of is not None]
        assert sorted(made) == sorted(task.id for task in ended)


async def test_one_task_that_raises_fails_alone(database_url: str) -> None:
    async with _bench(database_url) as bench:
        made = [await bench.create_queued(f"ours-{n}") for n in range(3)]
        runs = _runs(bench)
        run = await _start(runs, _token(runs, bench, BulkAction.CANCEL, 3))
        poisoned = made[1].key
        act_on = BulkActions.act_on

        def act(self: BulkActions, tx: Any, order: BulkOrder, keys: Any, foreign: Any) -> Any:
            if poisoned in keys:
                raise ValueError("a bug")
            return act_on(self, tx, order, keys, foreign)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BulkActions, "act_on", act)
            await runs.run_pieces()
        done = (RunOutcome.DONE, None)
        assert await _outcomes(bench, run) == [done, (RunOutcome.FAILED, RAISED), done]
        assert (await runs.get("default", run.id)).state is RunState.DONE


async def test_what_matches_no_longer_is_refused(database_url: str) -> None:
    async with _bench(database_url) as bench:
        runs = _runs(bench)
        made = [await bench.create_queued(f"ours-{n}") for n in range(2)]
        run = await _start(runs, _token(runs, bench, BulkAction.CANCEL, 2))
        sent = await bench.accept_task(made[0], "theirs")
        await bench.end_task(sent)
        await runs.run_pieces()
        assert await _outcomes(bench, run) == [
            (RunOutcome.REFUSED, NO_LONGER),
            (RunOutcome.DONE, None),
        ]
        assert await bench.context.store.read(lambda db: bulk_runs.count_reasons(db, run.key)) == {
            NO_LONGER: 1
        }


async def test_a_stopped_run_acts_on_nothing_more(database_url: str) -> None:
    async with _bench(database_url) as bench:
        runs = _runs(bench, at_once=1, pieces=1)
        made = [await bench.create_queued(f"ours-{n}") for n in range(3)]
        run = await _start(runs, _token(runs, bench, BulkAction.CANCEL, 3))
        await runs.run_pieces()
        stopped = await runs.stop("default", run.id, actor="key 2 (boss)")
        await runs.run_pieces()
        assert (stopped.state, stopped.done) == (RunState.STOPPED, 1)
        assert stopped.stopped_by == "key 2 (boss)"
        states = [(await bench.read_task(one.key)).state for one in made]
        assert states == [TaskState.CANCELLED, TaskState.QUEUED, TaskState.QUEUED]
        with pytest.raises(Conflict, match="nothing to stop"):
            await runs.stop("default", run.id, actor=WHO)


async def test_a_token_is_one_tenants_and_good_for_ten_minutes(database_url: str) -> None:
    clock = HandClock()
    async with _bench(database_url, clock=clock) as bench:
        runs = _runs(bench)
        token = _token(runs, bench, BulkAction.CANCEL, 1)
        for wrong in (token[:-2] + "AA", "", "x" * 40):
            with pytest.raises(InvalidRequest):
                runs.read_token("default", wrong, actor=WHO)
        with pytest.raises(InvalidRequest):
            runs.read_token("other", token, actor=WHO)
        clock.move(timedelta(minutes=10).total_seconds() - 1)
        runs.read_token("default", token, actor=WHO)
        clock.move(1)
        with pytest.raises(Conflict, match="ten minutes"):
            runs.read_token("default", token, actor=WHO)


async def test_an_idle_worker_is_woken_for_a_run(database_url: str) -> None:
    """It asks for runs with the one look that it makes anyway, whoever started them."""
    async with _bench(database_url) as bench:
        context, woken = bench.context, set[JobKind]()
        context.store.call_on_commit(lambda kinds, _moved: woken.update(kinds))
        ended = asyncio.Event()
        runs, leases = _runs(bench), Leases(context)
        await bench.create_queued("ours")
        run = await _start(runs, _token(runs, bench, BulkAction.CANCEL, 1))
        assert JobKind.RUN in woken
        assert JobKind.RUN in await leases.find_due_kinds()
        rounds = count()

        async def work() -> None:
            if next(rounds):  # the first is every chore's, asked for or not
                await runs.run_pieces()
                ended.set()

        worker = Supervisor(
            [],
            leases,
            [Chore("runs", 3600.0, work, kind=JobKind.RUN)],
            context.clock,
            deliveries=DeliveryLoop(DeliverySender(context), context.clock, drain_s=1.0),
            lease_s=60.0,
            drain_s=1.0,
        )
        async with asyncio.timeout(PATIENCE_S):
            working = asyncio.create_task(worker.run())
            await ended.wait()
            worker.stop()
            await working
        assert (await runs.get("default", run.id)).state is RunState.DONE
        assert JobKind.RUN not in await leases.find_due_kinds()


async def test_an_idle_worker_looks_as_seldom_as_its_documentation_says(sqlite_url: str) -> None:
    async with _bench(sqlite_url) as bench:
        rounds_per_s = {one.name: 1 / one.every_s for one in list_chores(bench.context)}
        # While one tenant is alone, most rounds look for nothing.
        rounds_per_s["results of tenants"] /= SELDOM
        # A round is one look into the database, of "counting" it is two.
        looks_per_s = sum(rounds_per_s.values()) + rounds_per_s["counting"] + 1 / LOOK_OUT_S
        assert looks_per_s == pytest.approx(2.5, abs=0.25)


async def test_runs_take_turns(database_url: str) -> None:
    async with _bench(database_url) as bench:
        runs = _runs(bench, at_once=1, pieces=2)
        for n in range(4):
            await bench.create_queued(f"ours-{n}")
        both = [
            await _start(runs, _token(runs, bench, BulkAction.CANCEL, 2)),
            await _start(runs, _token(runs, bench, BulkAction.REFRESH, 2)),
            await _start(runs, _token(runs, bench, BulkAction.CANCEL, 2)),
        ]
        assert both[1].state is RunState.DONE  # nothing is at its provider: nothing matches
        await runs.run_pieces()
        told = [await runs.get("default", both[place].id) for place in (0, 2)]
        assert [one.done + one.refused for one in told] == [1, 1]
