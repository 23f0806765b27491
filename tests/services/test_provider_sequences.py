"""Histories as providers tell them: backwards, twice, late, in the wrong order, of others."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.played_providers import DIALECTS, NAME, Dialect, PlayedUpstream
from tests.support.provider_bench import MovedClock, ProviderBench, open_provider_bench
from tracker.domain.errors import Conflict, TrackerError
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.services.reconcile.reconciliation import Reconciliation
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import transitions

pytestmark = pytest.mark.anyio
S = TaskState
MINUTE = 60


class Played:
    """One kind of upstream through the services."""

    def __init__(self, bench: ProviderBench, upstream: PlayedUpstream, clock: MovedClock) -> None:
        self.bench, self.upstream, self.clock = bench, upstream, clock

    @property
    def dialect(self) -> Dialect:
        return self.upstream.dialect

    async def made(self, word: str = "queued") -> Task:
        """A new task that the provider has accepted."""
        self.upstream.word = word
        self.upstream.ids.append(self.new_id())
        return await self.bench.submit_task(f"ours-{self.upstream.made}")

    def new_id(self) -> str:
        number = f"{len(self.upstream.ids):03}"
        is_veo = self.dialect.kind.operation == "predictLongRunning"
        return f"{NAME}op{number}" if is_veo else f"theirs{number}"

    async def look(self, task: Task, word: str, minutes: float = 2) -> Task:
        """The provider is asked, if anybody still does."""
        self.clock.move(minutes * MINUTE)
        self.upstream.word = word
        await self.bench.bring_forward(task)
        jobs = await self.bench.claim(JobKind.RECONCILE)
        if jobs:
            await Reconciliation(self.bench.context).run(jobs)
        return await self.bench.read_task(task.key)

    async def tell(self, task: Task, word: str) -> Task:
        """The provider calls back where it does, and is asked where that is a hint."""
        self.upstream.word = word
        await self.send(task, word)
        return await self.look(task, word, minutes=0)

    async def send(self, task: Task, word: str) -> None:
        event, theirs = self.dialect.event, task.provider_task_id or self.upstream.ids[-1]
        if event is None:
            return
        body, path = event(theirs, word), self.bench.build_callback_path(task)
        signs = lambda raw: self.dialect.sign(raw, path, self.clock.now())  # noqa: E731
        await self.bench.tell(task, body, signs)

    async def states(self, task: Task) -> Sequence[TaskState]:
        """The states that a task went through."""
        found = await self.bench.context.store.read(
            lambda db: transitions.list_of_task(db, task.key)
        )
        return [step.to_state for _, step in found]


async def _backwards(played: Played) -> None:
    """A status runs backwards: the task does not."""
    task = await played.made()
    for word in ("running", "queued", "running", "queued"):
        task = await played.look(task, word)
        assert task.state in (S.SUBMITTED, S.RUNNING)
    task = await played.look(task, "done")
    assert (task.state, bool(task.artifacts)) == (S.SUCCEEDED, True)
    states = await played.states(task)
    order = [S.QUEUED, S.SUBMITTED, S.RUNNING, S.SUCCEEDED]
    ranks = [order.index(one) for one in states]
    assert ranks == sorted(ranks)


async def _done_then_failed(played: Played) -> None:
    """A success stays one, whatever is said afterwards; its result is not emptied."""
    task = await played.look(await played.made(), "done")
    done = task
    for word in ("failed", "running", "queued"):
        played.clock.move(MINUTE)
        task = await played.tell(task, word)
    task = await played.look(task, "gone", minutes=24 * 60)
    assert (task.state, task.artifacts) == (S.SUCCEEDED, done.artifacts)


async def _failed_then_done(played: Played) -> None:
    """A certain failure stays one."""
    task = await played.look(await played.made(), "failed")
    assert task.state is S.FAILED, task
    assert task.error is not None
    task = await played.tell(task, "done")
    assert (task.state, task.artifacts) == (S.FAILED, ())


async def _doubtful_then_done(played: Played) -> None:
    """A failure that may be none is replaced by a success."""
    if not played.dialect.doubts:
        return
    task = await played.made()
    for _ in range(9):
        task = await played.look(task, "doubtful")
    assert task.state is S.FAILED, task
    assert task.error is not None
    assert task.error.doubtful
    task = await played.tell(task, "done")
    assert (task.state, bool(task.artifacts)) == (S.SUCCEEDED, True)


async def _late_answer(played: Played) -> None:
    """A poll that was on its way when the verdict came says that it runs."""
    task = await played.look(await played.made(), "running")
    await played.bench.bring_forward(task)
    jobs = await played.bench.claim(JobKind.RECONCILE)
    played.upstream.word = "done"
    await played.send(task, "done")
    before = await played.bench.read_task(task.key)
    played.upstream.word = "running"
    await Reconciliation(played.bench.context).run(jobs)
    task = await played.bench.read_task(task.key)
    if before.state is S.SUCCEEDED:
        assert (task.state, task.artifacts) == (S.SUCCEEDED, before.artifacts)
    assert (await played.look(task, "done")).state is S.SUCCEEDED


async def _wrong_order(played: Played) -> None:
    """Two callbacks of one second come in the wrong order, each twice."""
    task = await played.made()
    played.upstream.word = "done"
    for word in ("done", "running", "done", "running"):
        await played.send(task, word)
    task = await played.look(task, "done", minutes=0)
    assert (task.state, bool(task.artifacts)) == (S.SUCCEEDED, True)


async def _before_the_answer(played: Played) -> None:
    """A callback overtakes the answer to the create, which is then committed."""
    if played.dialect.event is None:
        return
    made = played.upstream.made
    task = await played.bench.create_queued(f"early-{made}")
    played.upstream.ids.append(played.new_id())

    async def overtake() -> None:
        played.bench.outbound.before_answer = None
        played.upstream.word = "done"
        await played.send(task, "done")

    played.bench.outbound.before_answer = overtake
    await played.bench.bring_forward(task)
    await played.bench.send()
    task = await played.look(await played.bench.read_task(task.key), "done")
    assert (task.state, bool(task.artifacts)) == (S.SUCCEEDED, True)
    assert task.provider_task_id == played.upstream.ids[-1]
    assert played.upstream.made == made + 1


async def _vanishes(played: Played) -> None:
    """A task that the provider loses is neither made again nor called a success."""
    task = await played.look(await played.made(), "running")
    made = played.upstream.made
    for _ in range(6):
        task = await played.look(task, "gone", minutes=10)
        assert task.state not in (S.QUEUED, S.SUCCEEDED)
    assert played.upstream.made == made


async def _one_id_twice(played: Played) -> None:
    """An id is given to a second task."""
    first = await played.look(await played.made(), "done")
    played.upstream.word = "queued"
    played.upstream.ids.append(played.upstream.ids[-1])
    second = await played.bench.submit_task(f"second-{played.upstream.made}")
    second = await played.look(second, "running")
    again = await played.bench.read_task(first.key)
    assert (again.state, again.artifacts) == (S.SUCCEEDED, first.artifacts)
    assert second.state not in (S.QUEUED, S.SUCCEEDED)
    assert played.upstream.made == len(played.upstream.ids)


async def _cancel_races(played: Played) -> None:
    """A cancel comes too late: the result counts."""
    actions = TaskActions(played.bench.context, SubmissionIntake(played.bench.context))
    task = await played.look(await played.made(), "queued")
    played.upstream.word = "done"
    try:
        await actions.cancel("default", task.id, actor="a test")
    except Conflict:
        assert played.dialect.cancelled is None or task.state is S.RUNNING
    for _ in range(3):
        task = await played.look(task, "done")
    assert (task.state, bool(task.artifacts)) == (S.SUCCEEDED, True)


SEQUENCES = [
    _backwards,
    _done_then_failed,
    _failed_then_done,
    _doubtful_then_done,
    _late_answer,
    _wrong_order,
    _before_the_answer,
    _vanishes,
    _one_id_twice,
    _cancel_races,
]


@pytest.mark.parametrize("name", DIALECTS)
async def test_what_is_said_over_time_leads_to_the_end_that_is_true(
    database_url: str, tmp_path: Path, name: str
) -> None:
    upstream, clock = PlayedUpstream(DIALECTS[name]), MovedClock()
    opened = open_provider_bench(
        database_url, upstream.dialect.kind, upstream, clock=clock, folder=tmp_path / "assets"
    )
    async with opened as it:
        played, flaws = Played(it, upstream, clock), []
        for sequence in SEQUENCES:
            try:
                await sequence(played)
            except (AssertionError, ValueError, TrackerError) as error:
                flaws.append(f"{sequence.__name__}: {type(error).__name__} {error}"[:300])
        assert not flaws, "\n".join(flaws)
