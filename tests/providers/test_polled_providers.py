"""Lies and operations of single providers that only polls tell of, against their emulators."""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.emulator_contract import looked_at
from tests.providers.test_domo import DOMO_INPUTS
from tests.providers.test_pika import FORM_INPUTS
from tests.providers.test_runway import INPUTS as RUNWAY_INPUTS
from tracker.domain.cost import Phase
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Accepted,
    CancelAsked,
    Cancelled,
    Observed,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.task import ArtifactState, FollowUp, TaskState


@pytest.mark.parametrize("operation", RUNWAY_INPUTS)
def test_runway_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway")
        done = await looked_at(
            caller, await caller.made(operation, input_=RUNWAY_INPUTS[operation])
        )
        assert done.state is TaskState.SUCCEEDED
        assert {piece.kind for piece in done.artifacts} <= {"video", "image", "audio", "file"}
        if operation != "workflows":
            assert [one.phase for one in done.costs] == [Phase.SETTLE]

    play()


def test_runway_tells_its_estimate_with_the_create_and_the_cost_at_the_end() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway")
        caller.play("cost_falls=60")
        task, outcome = await caller.submit()
        assert isinstance(outcome, Accepted)
        assert [(one.phase, one.amount) for one in outcome.costs] == [(Phase.ESTIMATE, "25")]
        done = await looked_at(caller, task)
        assert done.follow_up is FollowUp.COSTS
        await stage.advance(60)
        later = await caller.poll(done)
        assert isinstance(later, Observed)
        seen = caller.seen(done, later.observation, Source.POLL)
        assert [(one.phase, one.amount) for one in seen.costs] == [
            (Phase.SETTLE, "25"),
            (Phase.REFUND, "15"),
        ]

    play()


def test_runway_may_cancel_by_itself() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway")
        caller.play("ends_cancelled")
        assert (await looked_at(caller, await caller.made())).state is TaskState.CANCELLED

    play()


@pytest.mark.parametrize(
    ("scenario", "answer", "state"),
    [
        ("ok", CancelAsked, TaskState.CANCELLED),
        ("cancel_erases", CancelAsked, TaskState.CANCELLED),
        ("cancel_slow", CancelAsked, TaskState.CANCELLED),
        ("cancel_lost", CancelAsked, TaskState.SUCCEEDED),
        ("cancel_too_late", TooLate, TaskState.SUCCEEDED),
    ],
)
def test_runway_ends_a_cancelled_task_as_it_says(
    scenario: str, answer: type, state: TaskState
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway")
        caller.play(scenario)
        task = await caller.made()
        task = caller.asked_to_cancel(task)
        outcome = await caller.cancel(task)
        assert isinstance(outcome, answer | Cancelled)
        assert (await looked_at(caller, task)).state is state

    play()


@pytest.mark.parametrize("status", ["400", "409"])
def test_cogvideox_says_that_a_lost_create_exists_and_makes_no_second_one(status: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "cogvideox")
        caller.play("error_created")
        task, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        caller.play(f"exists_status={status}")
        _, again = await caller.submit(again=task)
        assert isinstance(again, Unknown)
        assert (again.exists, again.code) == (True, "1231")
        assert list(stage.emulator.count_creations().values()) == [1]

    play()


@pytest.mark.parametrize("scenario", ["failed,fail_without_error", "failed,code_number"])
def test_cogvideox_failures_are_read_in_every_form(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "cogvideox")
        caller.play(scenario)
        done = await looked_at(caller, await caller.made())
        assert done.state is TaskState.FAILED
        assert done.error is not None
        assert done.error.code in (None, "1234")

    play()


@pytest.mark.parametrize("operation", ["async/images/generations", "images/generations"])
def test_cogvideox_makes_pictures(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "cogvideox")
        task, outcome = await caller.submit(operation, {"model": "cogview-4", "prompt": "a cat"})
        assert isinstance(outcome, Accepted)
        said = outcome.said
        if said is None:
            task = await looked_at(caller, task)
        else:
            task = caller.seen(task, said, Source.SUBMIT)
        assert task.state is TaskState.SUCCEEDED
        assert [piece.kind for piece in task.artifacts] == ["image"]

    play()


def test_luma_at_a_gateway_is_not_ended_by_a_cookie_that_ran_out() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "luma at a gateway")
        caller.play("cookie_401")
        assert isinstance(await caller.poll(await caller.made()), Unanswered)

    play()


def test_luma_at_a_gateway_extends_a_task_of_ours() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "luma at a gateway")
        parent = await looked_at(caller, await caller.made())
        input_ = {"id": "ours", "user_prompt": "it purrs"}
        child = await caller.made("generations/extend", input_=input_, parent=parent)
        assert (await looked_at(caller, child)).state is TaskState.SUCCEEDED

    play()


def test_pika_succeeds_with_the_videos_that_were_made() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "pika at a gateway")
        caller.play("videos_split")
        done = await looked_at(caller, await caller.made())
        assert done.state is TaskState.SUCCEEDED
        assert states_of(done) == [ArtifactState.FAILED, ArtifactState.READY]
        assert done.message == "generation failed"
        assert done.follow_up is None

    play()


@pytest.mark.parametrize("operation", FORM_INPUTS)
def test_pika_takes_every_form(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "pika in comfy")
        done = await looked_at(caller, await caller.made(operation, input_=FORM_INPUTS[operation]))
        assert done.state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize(
    "scenario",
    ["ok", "duplicated=2", "reordered", "null_created_at", "callback_first", "final_only"],
)
def test_domo_calls_back_to_the_url_of_the_task(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play(scenario)
        task = await caller.made()
        await stage.advance(3)
        told = caller.told(task)
        assert told.state is TaskState.SUCCEEDED
        assert [(one.unit, one.amount) for one in told.costs] == [("credits", "10")]

    play()


def test_domo_is_asked_for_a_video_that_its_callback_left_out() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play("url_late=1")
        task = await caller.made()
        await stage.advance(3)
        told = caller.told(task)
        assert told.state is TaskState.RUNNING
        assert (await looked_at(caller, told)).state is TaskState.SUCCEEDED

    play()


def test_domo_succeeds_without_a_video_after_some_looks() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play("url_late=9,no_callback")
        task = await caller.made()
        await stage.advance(3)
        for _ in range(4):
            assert task.state is not TaskState.SUCCEEDED
            outcome = await caller.poll(task)
            assert isinstance(outcome, Observed)
            task = caller.seen(task, outcome.observation, Source.POLL)
        assert (task.state, task.message) == (TaskState.SUCCEEDED, "SUCCESS without a video")

    play()


def test_domo_may_say_no_with_http_200() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play("code_in_200")
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert outcome.code == "5000"
        assert sum(stage.emulator.count_creations().values()) == 1

    play()


@pytest.mark.parametrize("operation", DOMO_INPUTS)
def test_domo_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        done = await looked_at(caller, await caller.made(operation, input_=DOMO_INPUTS[operation]))
        assert done.state is TaskState.SUCCEEDED

    play()


def test_domo_may_cancel_by_itself() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play("canceled")
        assert (await looked_at(caller, await caller.made())).state is TaskState.CANCELLED

    play()
