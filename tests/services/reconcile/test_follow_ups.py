"""Tasks that have ended and are asked about: no result yet, denied, or quota that may come back.

What is kept is tested in tests/e2e/test_attention.py.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.support.made_up_api import build_poll_answer
from tests.support.moved_clock import make_moved_clock
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.cost import Phase
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.policy import Policy
from tracker.domain.task import FollowUp, Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.recorder import Recorder
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import attention, tasks, transitions
from tracker.store.driver.transaction import Tx
from tracker.store.schema import cost_entries

pytestmark = pytest.mark.anyio
URL = "https://media.example/v.mp4"


@pytest.fixture
def clock(database_url: str) -> Iterator[HandClock]:
    """The time of the service and of its database."""
    with make_moved_clock(database_url) as moved:
        yield moved


class Provider:
    """Answers queries about one task with what it is told to say."""

    def __init__(self) -> None:
        self.says: dict[str, object] | None = None

    def __call__(self, _call: HttpCall) -> HttpResult:
        if self.says is None:
            return build_poll_answer()
        return build_poll_answer({"id": "theirs-0"} | self.says)


BARE: dict[str, object] = {"status": "succeeded"}
WHOLE: dict[str, object] = BARE | {"pieces": [{"key": "9", "url": URL}]}
RUNNING: dict[str, object] = {"status": "running"}


async def _look_when_due(bench: Workbench, clock: HandClock) -> bool:
    """Move to when the next look is due, and look; False when none is."""
    due = await bench.leases.find_next_due(JobKind.RECONCILE)
    if due is None:
        return False
    clock.at = max(clock.at, due)
    await Reconciliation(bench.context).run(await bench.claim(JobKind.RECONCILE))
    return True


async def _look_until_given_up(
    bench: Workbench, clock: HandClock, outbound: ScriptedHttp, made: Task, *, most: int
) -> datetime:
    """Look as long as any look is due, with fewer than `most` calls; returns the give-up time."""
    while await _look_when_due(bench, clock):
        assert len(outbound.calls) < most
    given_up_at = (await bench.read_task(made.key)).give_up_at
    assert given_up_at is not None
    assert clock.now() <= given_up_at
    return given_up_at


async def _listed(bench: Workbench, why: FollowUp) -> list[str]:
    found = await bench.context.store.read(
        lambda db: attention.list_followed_up(db, "default", why, limit=9)
    )
    return [str(one.id) for one in found]


async def _kinds(bench: Workbench, task: Task) -> list[EventKind]:
    found = await bench.context.store.read(lambda db: transitions.list_of_task(db, task.key))
    return [step.kind for _, step in found]


async def test_a_success_without_a_result_is_asked_about_until_it_has_one(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    provider.says = BARE
    async with open_workbench(
        database_url, ScriptedHttp(provider), policy=Policy(), clock=clock
    ) as bench:
        (made,) = await bench.submit_tasks(1)
        for _ in range(4):
            assert await _look_when_due(bench, clock)
        bare = await bench.read_task(made.key)
        assert (bare.state, bare.version) == (TaskState.SUCCEEDED, 3)
        assert await _listed(bench, FollowUp.NO_RESULT) == [str(made.id)]
        provider.says = WHOLE
        assert await _look_when_due(bench, clock)
        whole = await bench.read_task(made.key)
        assert [piece.url for piece in whole.artifacts] == [URL]
        assert (whole.state, whole.version, whole.finished_at) == (
            TaskState.SUCCEEDED,
            4,
            bare.finished_at,
        )
        assert await _listed(bench, FollowUp.NO_RESULT) == []
        assert (await _kinds(bench, made))[-1] is EventKind.RESULT_COMPLETED
        steps = await bench.context.store.read(lambda db: transitions.list_of_task(db, made.key))
        assert steps[-1][1].receipt is not None
        assert not await _look_when_due(bench, clock)


async def test_it_is_asked_a_bounded_number_of_times_and_stays_listed(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    provider.says = BARE
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        while await _look_when_due(bench, clock):
            assert len(outbound.calls) < 100
        assert timedelta(days=1) < clock.now() - made.created_at < timedelta(days=5)
        assert await _listed(bench, FollowUp.NO_RESULT) == [str(made.id)]
        provider.says = WHOLE
        actions = TaskActions(bench.context, SubmissionIntake(bench.context))
        await actions.refresh("default", made.id)
        assert await _look_when_due(bench, clock)
        assert [piece.url for piece in (await bench.read_task(made.key)).artifacts] == [URL]


async def test_a_callback_before_the_submits_answer_is_followed_up_too(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    async with open_workbench(
        database_url, ScriptedHttp(provider), policy=Policy(), clock=clock
    ) as bench:
        made = await bench.create_queued("ours")

        def succeeds(tx: Tx, keys: Sequence[int]) -> list[None]:
            recorder = Recorder(bench.context, tx, tasks.lock_by_key(tx.db, keys).values())
            for key in keys:
                event = Event(
                    EventKind.SEEN_SUCCEEDED, Source.CALLBACK, provider_task_id="theirs-0"
                )
                recorder.record(key, event)
            recorder.flush()
            return [None] * len(keys)

        await bench.context.store.write(succeeds, made.key)
        assert (await bench.read_task(made.key)).give_up_at is not None
        provider.says = WHOLE
        assert await _look_when_due(bench, clock)
        assert [piece.url for piece in (await bench.read_task(made.key)).artifacts] == [URL]


@pytest.mark.parametrize("minutes", [0.5, 3, 7])
async def test_a_provider_that_denies_an_accepted_task_for_a_while_is_not_believed(
    database_url: str, clock: HandClock, minutes: float
) -> None:
    provider = Provider()
    async with open_workbench(
        database_url, ScriptedHttp(provider), policy=Policy(), clock=clock
    ) as bench:
        (made,) = await bench.submit_tasks(1)
        begun = clock.now()
        while clock.now() - begun < timedelta(minutes=minutes):
            assert await _look_when_due(bench, clock)
            assert (await bench.read_task(made.key)).state is TaskState.SUBMITTED
        provider.says = RUNNING
        assert await _look_when_due(bench, clock)
        assert (await bench.read_task(made.key)).absences == 0
        provider.says = WHOLE
        assert await _look_when_due(bench, clock)
        assert (await bench.read_task(made.key)).state is TaskState.SUCCEEDED


async def test_denials_right_after_the_acceptance_are_not_believed(database_url: str) -> None:
    provider = Provider()
    async with open_workbench(database_url, ScriptedHttp(provider), policy=Policy()) as bench:
        (made,) = await bench.submit_tasks(1)
        for _ in range(12):
            made = await bench.look(made)
            assert made.state is TaskState.SUBMITTED
        assert made.denied_at is not None
        provider.says = WHOLE
        made = await bench.look(made)
        assert (made.state, made.follow_up) == (TaskState.SUCCEEDED, None)


async def test_what_was_denied_for_long_expires_is_listed_and_comes_back(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        begun = clock.now()
        while (await bench.read_task(made.key)).state is not TaskState.EXPIRED:
            assert await _look_when_due(bench, clock)
        assert timedelta(minutes=5) < clock.now() - begun < timedelta(minutes=20)
        assert await _listed(bench, FollowUp.DENIED) == [str(made.id)]
        for _ in range(3):
            assert await _look_when_due(bench, clock)
        provider.says = RUNNING
        assert await _look_when_due(bench, clock)
        seen = clock.now()
        assert (await bench.read_task(made.key)).state is TaskState.EXPIRED
        provider.says = WHOLE
        assert await _look_when_due(bench, clock)
        assert clock.now() - seen < timedelta(hours=1)
        back = await bench.read_task(made.key)
        assert (back.state, back.follow_up) == (TaskState.SUCCEEDED, None)
        assert await _listed(bench, FollowUp.DENIED) == []


async def test_what_stays_denied_is_not_asked_about_after_its_give_up_time(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        given_up_at = await _look_until_given_up(bench, clock, outbound, made, most=100)
        assert given_up_at - timedelta(days=2) < clock.now()
        assert await _listed(bench, FollowUp.DENIED) == [str(made.id)]


def _failed(quota: int, *, unit: str = "quota") -> dict[str, object]:
    return {"status": "failed", "bill": [{"amount": str(quota), "unit": unit}]}


async def test_quota_that_a_failed_task_holds_is_looked_for_also_when_it_comes_back_twice(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    provider.says = _failed(1000)
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        for _ in range(6):
            assert await _look_when_due(bench, clock)
        task = await bench.read_task(made.key)
        assert (task.state, task.follow_up) == (TaskState.FAILED, FollowUp.REFUND)
        assert clock.now() - made.created_at > timedelta(minutes=30)
        assert await _listed(bench, FollowUp.DOUBTFUL) == []
        for left in (0, -1000):
            provider.says = _failed(left)
            assert await _look_when_due(bench, clock)
        back = await bench.read_task(made.key)
        assert (back.state, back.version) == (TaskState.FAILED, task.version + 2)
        assert [(one.phase, one.amount) for one in back.costs] == [(Phase.REFUND, "1000")]


@pytest.mark.parametrize(("quota", "unit"), [(1000, "credits"), (0, "quota")])
async def test_a_failed_task_without_quota_is_not_asked_about(
    database_url: str, clock: HandClock, quota: int, unit: str
) -> None:
    provider = Provider()
    provider.says = _failed(quota, unit=unit)
    async with open_workbench(
        database_url, ScriptedHttp(provider), policy=Policy(), clock=clock
    ) as bench:
        (made,) = await bench.submit_tasks(1)
        assert await _look_when_due(bench, clock)
        assert (await bench.read_task(made.key)).state is TaskState.FAILED
        assert not await _look_when_due(bench, clock)


async def test_quota_that_never_comes_back_is_looked_for_until_the_give_up_time(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    provider.says = _failed(1000)
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        await _look_until_given_up(bench, clock, outbound, made, most=40)


async def _booked(bench: Workbench, task: Task) -> list[tuple[str, int]]:
    its = cost_entries.c
    entries = select(its.phase, its.whole).where(its.task_key == task.key).order_by(its.key)
    return [tuple(row) for row in await bench.context.store.read(lambda db: db.execute(entries))]


def _charged(amount: int) -> dict[str, object]:
    bill = [{"amount": str(amount), "unit": "credits"}]
    return WHOLE | {"bill": bill, "may_fall": True}


async def test_a_charge_that_may_fall_is_looked_at_five_times_and_the_difference_booked(
    database_url: str, clock: HandClock
) -> None:
    provider = Provider()
    provider.says = _charged(25)
    outbound = ScriptedHttp(provider)
    async with open_workbench(database_url, outbound, policy=Policy(), clock=clock) as bench:
        (made,) = await bench.submit_tasks(1)
        assert await _look_when_due(bench, clock)
        done = await bench.read_task(made.key)
        assert (done.state, done.follow_up) == (TaskState.SUCCEEDED, FollowUp.COSTS)
        ages, calls = list[float](), len(outbound.calls)
        while await _look_when_due(bench, clock):
            ages.append((clock.now() - (done.finished_at or clock.now())) / timedelta(days=1))
            provider.says = _charged(10) if ages[-1] > 3 else provider.says
        assert len(ages) == len(outbound.calls) - calls == 5
        assert ages[0] >= 1
        assert 16 <= ages[-1] < 30
        assert [(one.phase, one.amount) for one in (await bench.read_task(made.key)).costs] == [
            (Phase.SETTLE, "10")
        ]
        assert await _booked(bench, made) == [("settle", 25), ("refund", 15)]
        assert (await _kinds(bench, made))[-1] is EventKind.COSTS_CHANGED


@pytest.mark.parametrize("says", [_charged(0), WHOLE | {"bill": _charged(25)["bill"]}])
async def test_what_costs_nothing_or_cannot_fall_is_not_looked_at_again(
    database_url: str, clock: HandClock, says: dict[str, object]
) -> None:
    provider = Provider()
    provider.says = says
    async with open_workbench(
        database_url, ScriptedHttp(provider), policy=Policy(), clock=clock
    ) as bench:
        (made,) = await bench.submit_tasks(1)
        assert await _look_when_due(bench, clock)
        assert (await bench.read_task(made.key)).state is TaskState.SUCCEEDED
        assert not await _look_when_due(bench, clock)
