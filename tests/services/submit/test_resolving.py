"""A submit of unknown outcome: what finds it, what never sends it again, and who settles it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.made_up import NAME, MadeUp
from tests.support.made_up_answers import parse_answer, read_observation
from tests.support.made_up_api import Played, build_answer, build_poll_answer
from tests.support.workbench import (
    OPERATION,
    PATIENCE,
    HandClock,
    ScriptedHttp,
    Workbench,
    open_workbench,
)
from tracker.domain.errors import Conflict
from tracker.domain.exchange import Certainty, HttpFailure
from tracker.domain.outcome import Alike, LookupOutcome
from tracker.domain.policy import Policy
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Answer, Asking, Finds
from tracker.services.submit.actions import Resolution, TaskActions
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store import held_slots, transitions
from tracker.store.driver.transaction import Tx
from tracker.store.schema.tasks import jobs

pytestmark = pytest.mark.anyio
CUT = HttpFailure(Certainty.UNKNOWN, "cut")
FIRST_PAGE = build_answer(tasks=[{"mark": "another", "status": "running"}], next=2)
BLIND = [Finds.BY_SCAN, Finds.CANDIDATES, Finds.EXISTENCE, Finds.NEVER]


def _actions(bench: Workbench) -> TaskActions:
    return TaskActions(bench.context, SubmissionIntake(bench.context))


async def test_a_scan_finds_it_on_a_further_page(database_url: str) -> None:
    found = {"id": "theirs", "mark": "ours", "status": "running"}
    played = Played(make=CUT, pages=[FIRST_PAGE, build_poll_answer(found)])
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.BY_SCAN)
    ) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, task.provider_task_id) == (TaskState.RUNNING, "theirs")
        assert played.asked == ["make", "list", "list"]


async def test_what_a_scan_finds_exists_whatever_its_status_word_means(database_url: str) -> None:
    played = Played(
        make=CUT, pages=[build_poll_answer({"id": "theirs", "mark": "ours", "status": "?"})]
    )
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.BY_SCAN)
    ) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, task.provider_task_id) == (TaskState.SUBMITTED, "theirs")
        assert task.provider_status == "?"


@dataclass(frozen=True)
class ListsAlike(MadeUp):
    """Its list shows no mark: each entry is like any task."""

    is_decisive: bool = True

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Return all entries."""
        assert asking.body is not None
        found = [read_observation(one) for one in (parse_answer(answer) or {})["tasks"]]
        return Alike(found, is_decisive=self.is_decisive)


async def test_a_lost_task_takes_what_is_alike_and_no_others(database_url: str) -> None:
    known, lost = ({"id": f"theirs-{n}", "status": "running"} for n in range(2))
    played = Played(make=CUT, pages=[build_poll_answer(known, lost)], poll=build_poll_answer(known))
    adapter = ListsAlike(Finds.BY_LIKENESS)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        await bench.submit_tasks(1)
        task = await bench.submit_task("lost")
        assert (await bench.look(task)).provider_task_id == "theirs-1"
        assert played.asked.count("make") == 1


async def test_of_two_lost_tasks_that_ask_for_the_same_a_person_says_whose_it_is(
    database_url: str,
) -> None:
    played = Played(make=CUT, pages=[build_poll_answer({"id": "theirs-1", "status": "running"})])
    adapter = ListsAlike(Finds.BY_LIKENESS)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        made = [await bench.submit_task(name) for name in ("first", "second")]
        for task in made:
            await bench.bring_forward(task)
        await bench.look(made[0])  # at both
        after = [await bench.read_task(task.key) for task in made]
        assert {(task.state, task.provider_task_id) for task in after} == {
            (TaskState.UNCERTAIN, None)
        }


async def test_what_a_create_under_way_may_have_made_is_not_taken(database_url: str) -> None:
    played = Played(make=CUT, pages=[build_poll_answer({"id": "theirs-1", "status": "running"})])
    adapter = ListsAlike(Finds.BY_LIKENESS)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        lost = await bench.submit_task("lost")
        asked = Submission("other", NAME, OPERATION, {"prompt": "rain"}, account="default")
        other = (await SubmissionIntake(bench.context).accept(asked)).task

        def begin(tx: Tx, keys: Sequence[int]) -> list[None]:
            held_slots.hold(tx.db, keys)
            return [None] * len(keys)

        await bench.context.store.write(begin, other.key)
        assert (await bench.look(lost)).state is TaskState.UNCERTAIN


@pytest.mark.parametrize(("count", "is_decisive"), [(2, True), (1, False)])
async def test_what_may_be_it_is_told_to_a_person_and_not_taken(
    database_url: str, count: int, *, is_decisive: bool
) -> None:
    alike = [{"id": f"theirs-{n}", "status": "running"} for n in range(count)]
    played = Played(make=CUT, pages=[build_poll_answer(*alike)])
    adapter = ListsAlike(Finds.CANDIDATES, is_decisive=is_decisive)
    async with open_workbench(database_url, ScriptedHttp(played), adapter=adapter) as bench:
        task = await bench.look(await bench.submit_task())
        assert (task.state, task.provider_task_id) == (TaskState.UNCERTAIN, None)
        told = await bench.context.store.read(
            lambda db: db.scalars(select(jobs.c.last_error)).all()
        )
        assert any("theirs-0" in (one or "") for one in told)


@pytest.mark.parametrize("finds", BLIND)
async def test_silence_never_sends_it_again(database_url: str, finds: Finds) -> None:
    played = Played(make=CUT, pages=[FIRST_PAGE, build_poll_answer()])
    async with open_workbench(database_url, ScriptedHttp(played), adapter=MadeUp(finds)) as bench:
        task = await bench.submit_task()
        for _ in range(12):
            task = await bench.look(task)
        assert (task.state, task.absences) == (TaskState.UNCERTAIN, 0)
        assert (played.asked.count("make"), await bench.claim(JobKind.SUBMIT)) == (1, [])


@pytest.mark.parametrize(
    "absent", [{"weak": True}, {"kind": "not_yet"}, {"kind": "other_key"}, {"kind": "purged"}]
)
async def test_an_absence_that_is_no_denial_never_sends_it_again(
    database_url: str, absent: dict[str, object]
) -> None:
    played = Played(make=CUT, poll=build_answer(absent=absent))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        was_purged = absent.get("kind") == "purged"
        for _ in range(1 if was_purged else 12):
            task = await bench.look(task)
        assert task.state is (TaskState.EXPIRED if was_purged else TaskState.UNCERTAIN)
        assert played.asked.count("make") == 1


async def test_what_nothing_finds_expires_and_says_that_it_may_be_billed(
    database_url: str,
) -> None:
    policy = Policy(polls=PATIENCE, give_up=timedelta(milliseconds=1))
    clock = HandClock()
    async with open_workbench(
        database_url,
        ScriptedHttp(Played(make=CUT)),
        adapter=MadeUp(Finds.NEVER),
        policy=policy,
        clock=clock,
    ) as bench:
        task = await bench.submit_task()
        clock.move(1)
        await Sweeper(bench.context).sweep_all()
        task = await bench.read_task(task.key)
        assert task.state is TaskState.EXPIRED
        assert task.error is not None
        assert task.error.code == "outcome_unknown"


@pytest.mark.parametrize(
    ("resolution", "state", "kind"),
    [
        (Resolution("exists", "ann", "theirs"), "submitted", "resolved_exists"),
        (Resolution("never_made", "ann"), "queued", "resolved_never_made"),
        (Resolution("give_up", "ann"), "expired", "resolved_given_up"),
    ],
)
async def test_a_person_settles_it_by_name(
    database_url: str, resolution: Resolution, state: str, kind: str
) -> None:
    played = Played(make=CUT)
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        task = await bench.submit_task()
        task = await _actions(bench).resolve("default", task.id, resolution)
        assert (task.state.value, (await bench.list_kinds(task))[-1]) == (state, kind)
        steps = await bench.context.store.read(lambda db: transitions.list_of_task(db, task.key))
        assert steps[-1][1].actor == "ann"
        with pytest.raises(Conflict, match="only an uncertain task"):
            await _actions(bench).resolve("default", task.id, resolution)
        if state == "queued":
            played.make = build_answer(id="theirs")
            await bench.send()
            assert (await bench.read_task(task.key)).state is TaskState.SUBMITTED
        if state == "submitted":
            played.poll = build_poll_answer({"id": "theirs", "status": "failed", "why": "no"})
            assert (await bench.look(task)).state is TaskState.FAILED
        if state == "expired":
            await bench.call_back(task, {"id": "theirs", "status": "succeeded"})
            assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


async def test_an_id_that_another_task_has_settles_nothing(database_url: str) -> None:
    played = Played()
    async with open_workbench(
        database_url, ScriptedHttp(played), adapter=MadeUp(Finds.NEVER)
    ) as bench:
        await bench.submit_task("first")
        played.make = CUT
        task = await bench.submit_task("second")
        with pytest.raises(Conflict, match="another task has the id"):
            await _actions(bench).resolve("default", task.id, Resolution("exists", "ann", "theirs"))


async def test_a_scan_for_our_id_needs_no_url_of_ours(sqlite_url: str) -> None:
    adapter = MadeUp(Finds.BY_SCAN, marks_url=False)
    async with open_workbench(sqlite_url, ScriptedHttp(Played()), adapter=adapter) as bench:
        assert _actions(bench).explain_manual_resolution("made-up", "default") is None


@pytest.mark.parametrize(
    ("finds", "why"),
    [
        (Finds.NEVER, "offers no way to look up a task"),
        (Finds.EXISTENCE, "not under which id"),
        (Finds.BY_SCAN, "TRACKER_PUBLIC_URL is unset"),
    ],
)
async def test_why_only_a_person_can_tell_is_said(sqlite_url: str, finds: Finds, why: str) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(Played()), adapter=MadeUp(finds)) as bench:
        reason = _actions(bench).explain_manual_resolution("made-up", "default")
        assert reason is not None
        assert why in reason
    async with open_workbench(sqlite_url, ScriptedHttp(Played())) as bench:
        assert _actions(bench).explain_manual_resolution("made-up", "default") is None
