"""Ark's adapter against its emulator: every end, every lie."""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    CancelAsked,
    NotSeen,
    Observed,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Asking
from tracker.providers.registry import PROVIDERS

ARK = PROVIDERS["ark"]


@pytest.mark.parametrize("scenario", ["error_created", "cut_after_accept", "html_error_created"])
def test_a_create_whose_answer_was_lost_is_found_once_its_seed_is_shown(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "ark")
        caller.play(scenario)
        task, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        caller.play("no_callback")
        for _ in range(3):
            await caller.made()
        assert isinstance(await caller.search(task), NotSeen)
        await stage.advance(3)
        found = await caller.search(task)
        assert isinstance(found, Observed)
        assert caller.seen(task, found.observation, Source.POLL).state is TaskState.SUCCEEDED
        assert sum(stage.emulator.count_creations().values()) == 4

    play()


def test_a_task_whose_seed_is_hidden_is_never_denied() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "ark")
        caller.play("error_created,seed_hidden")
        task, _ = await caller.submit()
        await stage.advance(3)
        assert isinstance(await caller.search(task), NotSeen)

    play()


@pytest.mark.parametrize(
    ("scenario", "waits_s", "answer", "state"),
    [
        ("ok", 0, CancelAsked, TaskState.CANCELLED),
        ("queued_long=9", 1, CancelAsked, TaskState.CANCELLED),
        ("ok", 1, TooLate, TaskState.SUCCEEDED),
        ("delete_refused=409", 1, TooLate, TaskState.SUCCEEDED),
        ("cancel_lost", 0, CancelAsked, TaskState.SUCCEEDED),
        ("ok", 3, CancelAsked, None),
    ],
)
def test_ark_deletes_by_the_state_that_the_task_has_there(
    scenario: str, waits_s: int, answer: type, state: TaskState | None
) -> None:
    """None: the record is erased. The services look first, and send no such cancel."""

    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "ark")
        caller.play(scenario)
        task = caller.asked_to_cancel(await caller.made())
        await stage.advance(waits_s)
        assert type(await caller.cancel(task)) is answer
        if state is None:
            assert isinstance(await caller.poll(task), Absent)
        else:
            assert (await caller.polled_to_its_end(task)).state is state

    play()


@pytest.mark.parametrize(
    ("scenario", "state", "code"),
    [
        ("expired", TaskState.FAILED, "expired"),
        ("cancelled", TaskState.CANCELLED, None),
        ("moderated", TaskState.FAILED, "OutputVideoSensitiveContentDetected"),
    ],
)
def test_an_end_without_a_callback_is_found_by_a_look(
    scenario: str, state: TaskState, code: str | None
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "ark")
        caller.play(scenario)
        done = await caller.polled_to_its_end(await caller.made())
        assert (done.state, done.error and done.error.code) == (state, code)
        if scenario != "moderated":
            assert set(stage.told("status")) == {"queued"}

    play()


@pytest.mark.parametrize("scenario", ["ok", "duplicated=2", "reordered", "late_running"])
def test_callbacks_tell_the_whole_task(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "ark")
        caller.play(scenario)
        task = await caller.made()
        await stage.advance(3)
        done = caller.told(task)
        assert done.state is TaskState.SUCCEEDED
        assert [(one.kind, one.key) for one in done.artifacts] == [("video", "video")]
        assert [(one.amount, one.unit) for one in done.costs] == [("108900", "tokens")]

    play()


@pytest.mark.parametrize("lie", ["list_leaves_out", "list_refused"])
def test_several_are_asked_for_together_and_else_alone(lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller, polls = Caller(stage, "ark"), ARK.polls
        assert polls is not None
        tasks = [await caller.made() for _ in range(2)]
        for scenario, kind in (("ok", Observed), (lie, Unanswered)):
            caller.play(scenario)
            tasks += [await caller.made()]
            asking = Asking(caller.account, tasks[-2:], caller.now)
            answer = await caller.send(polls.build_poll(asking))
            assert type(polls.parse_poll(asking, answer)[-1]) is kind

    play()
