"""Providers that only polls tell of, against their emulators: each operation, each lie."""

from collections.abc import Mapping

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.test_domo import DOMO_INPUTS
from tests.providers.test_pika import FORM_INPUTS
from tests.providers.test_runway import INPUTS as RUNWAY_INPUTS
from tracker.domain.cost import Phase
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    Accepted,
    CancelAsked,
    Cancelled,
    Deferred,
    Observed,
    Refused,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.task import ArtifactState, Task, TaskState

RUNWAYS = ["runway", "runway at a gateway", "runway of the web"]
COGVIDEOS = ["cogvideox", "cogvideox at a gateway"]
PIKAS = ["pika at a gateway", "pika in comfy"]
POLLED = [*RUNWAYS, *COGVIDEOS, *PIKAS, "luma at a gateway", "domo"]
QUERY_LIES = (
    *("unknown_word", "resigned", "slow=2", "mute_query=2", "rate_limited_query=2"),
    *("html_query=2", "html_ok=2", "denied=2", "cut_query=2"),
)
LIES: Mapping[str, tuple[str, ...]] = {
    "runway": (
        *("throttled", "throttled,slow=2", "no_cost", "progress_text", "progress_resets"),
        *("cost_falls=1", "empty_output=2"),
    ),
    "runway at a gateway": ("throttled", "progress_text", "progress_resets", "empty_output=2"),
    "cogvideox": ("no_id", "empty_result=1", "empty_result=2", "result_object", "lower_case"),
    "cogvideox at a gateway": ("no_id", "empty_result=2", "result_object", "lower_case"),
    "domo": ("url_late=2", "null_created_at", "new_category", "no_callback", "final_only"),
    "luma at a gateway": (
        *("double_json", "array_answer", "completed_no_link=2", "failed_but_pending"),
        "double_json,array_answer,completed_no_link=1",
    ),
    "pika at a gateway": (
        *("empty_first=3", "two_videos", "finished_no_url=2", "progress_null"),
        "two_videos,empty_first=2,finished_no_url=1",
    ),
    "pika in comfy": ("finished_no_url=2", "progress_null"),
    "runway of the web": ("throttled", "progress_resets", "empty_output=2"),
}


async def _ended(caller: Caller, task: Task) -> Task:
    """Look until the task has ended, and a success has its result."""
    for _ in range(30):
        await caller.stage.advance(0.5)
        outcome = await caller.poll(task)
        if isinstance(outcome, Observed):
            task = caller.seen(task, outcome.observation, Source.POLL)
        is_doubtful = task.error is not None and task.error.doubtful
        is_over = task.state in (TaskState.FAILED, TaskState.CANCELLED) and not is_doubtful
        if is_over or (task.state is TaskState.SUCCEEDED and task.artifacts):
            break
    return task


@pytest.mark.parametrize("name", POLLED)
@pytest.mark.parametrize("lie", ["ok", *QUERY_LIES])
def test_a_lie_about_a_task_does_not_hide_its_result(name: str, lie: str) -> None:
    _check_done(name, lie)


@pytest.mark.parametrize(("name", "lie"), [(name, lie) for name in LIES for lie in LIES[name]])
def test_a_lie_of_its_own_does_not_hide_its_result(name: str, lie: str) -> None:
    _check_done(name, lie)


def _check_done(name: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(lie)
        done = await _ended(caller, await caller.made())
        assert done.state is TaskState.SUCCEEDED
        assert set(states_of(done)) == {ArtifactState.READY}
        assert stage.calls == [] or name == "domo"
        assert sum(stage.emulator.creations().values()) == 1

    play()


@pytest.mark.parametrize("name", POLLED)
@pytest.mark.parametrize("scenario", ["failed", "moderated"])
def test_a_failure_has_a_reason(name: str, scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        done = await _ended(caller, await caller.made())
        assert done.state is TaskState.FAILED
        assert done.error is not None
        assert done.error.message

    play()


@pytest.mark.parametrize("name", POLLED)
@pytest.mark.parametrize(
    ("scenario", "is_made"),
    [
        ("error_created", True),
        ("html_error_created", True),
        ("cut_after_accept", True),
        ("error_lost", False),
        ("html_error", False),
        ("unavailable", False),
    ],
)
def test_a_create_whose_answer_was_lost_stays_unknown(
    name: str, scenario: str, *, is_made: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert sum(stage.emulator.creations().values()) == is_made

    play()


@pytest.mark.parametrize(
    ("name", "scenario", "kind", "blames"),
    [
        *((name, "refused", Refused, False) for name in POLLED),
        *((name, "rate_limited", Deferred, False) for name in POLLED),
        ("runway", "no_credits", Refused, True),
        ("runway", "daily_cap", Deferred, False),
        ("cogvideox", "arrears", Refused, True),
        ("cogvideox", "quota", Deferred, False),
        ("domo", "banned", Refused, True),
        ("domo", "no_credits", Refused, True),
        ("luma at a gateway", "busy", Deferred, False),
    ],
)
def test_a_create_that_makes_nothing_says_whose_fault_it_is(
    name: str, scenario: str, kind: type, *, blames: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind
        assert stage.emulator.creations() == {}
        if isinstance(outcome, Refused):
            assert outcome.blames_account is blames

    play()


@pytest.mark.parametrize("name", POLLED)
def test_an_account_is_tried_by_one_harmless_query(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller, probes = Caller(stage, name), Caller(stage, name).provider.probes
        assert probes is not None
        good = caller.account
        given = {"base_url": good.base_url, "api_key": "wrong"} | dict(caller.tried.options)
        bad = caller.provider.account("default", good.options.model_validate(given))
        levels = []
        for account in (good, bad):
            call = probes.build_probe(account, now=caller.now)
            levels.append(probes.parse_probe(account, await caller.send(call)).level)
        assert levels == ["ok", "error"]
        assert stage.emulator.creations() == {}

    play()


@pytest.mark.parametrize("name", POLLED)
def test_a_query_that_is_too_frequent_slows_the_account_down(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("rate_limited_query=1")
        outcome = await caller.poll(await caller.made())
        assert isinstance(outcome, Unanswered)
        assert outcome.slow_down

    play()


@pytest.mark.parametrize("name", POLLED)
def test_a_task_that_the_upstream_forgot_is_absent(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("forgotten")
        assert isinstance(await caller.poll(await caller.made()), Absent)

    play()


@pytest.mark.parametrize("operation", RUNWAY_INPUTS)
def test_runway_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway")
        done = await _ended(caller, await caller.made(operation, input_=RUNWAY_INPUTS[operation]))
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
        done = await _ended(caller, task)
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
        assert (await _ended(caller, await caller.made())).state is TaskState.CANCELLED

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
        assert (await _ended(caller, task)).state is state

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
        assert list(stage.emulator.creations().values()) == [1]

    play()


@pytest.mark.parametrize("scenario", ["failed,fail_without_error", "failed,code_number"])
def test_cogvideox_failures_are_read_in_every_form(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "cogvideox")
        caller.play(scenario)
        done = await _ended(caller, await caller.made())
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
            task = await _ended(caller, task)
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
        parent = await _ended(caller, await caller.made())
        input_ = {"id": "ours", "user_prompt": "it purrs"}
        child = await caller.made("generations/extend", input_=input_, parent=parent)
        assert (await _ended(caller, child)).state is TaskState.SUCCEEDED

    play()


def test_pika_succeeds_with_the_videos_that_were_made() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "pika at a gateway")
        caller.play("videos_split")
        done = await _ended(caller, await caller.made())
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
        done = await _ended(caller, await caller.made(operation, input_=FORM_INPUTS[operation]))
        assert done.state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize("scenario", ["ok", "duplicated=2", "reordered", "null_created_at"])
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
        assert (await _ended(caller, told)).state is TaskState.SUCCEEDED

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
        assert sum(stage.emulator.creations().values()) == 1

    play()


@pytest.mark.parametrize("operation", DOMO_INPUTS)
def test_domo_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        done = await _ended(caller, await caller.made(operation, input_=DOMO_INPUTS[operation]))
        assert done.state is TaskState.SUCCEEDED

    play()


def test_domo_may_cancel_by_itself() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo")
        caller.play("canceled")
        assert (await _ended(caller, await caller.made())).state is TaskState.CANCELLED

    play()
