"""Providers that only polls tell of, against their emulators: each operation, each lie."""

from collections.abc import Mapping

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    Deferred,
    Observed,
    Refused,
    Unanswered,
    Unknown,
)
from tracker.domain.task import ArtifactState, Task, TaskState

RUNWAYS = ["runway", "runway at a gateway", "runway of the web"]
COGVIDEOS = ["cogvideox", "cogvideox at a gateway"]
PIKAS = ["pika at a gateway", "pika in comfy"]
VIDEOS = ["openai videos", "openai rows", "openai tasks"]
POLLED = [*RUNWAYS, *COGVIDEOS, *PIKAS, *VIDEOS, "luma at a gateway", "domo"]
QUERY_LIES = (
    *("unknown_word", "resigned", "slow=2", "mute_query=2", "rate_limited_query=2"),
    *("html_query=2", "html_ok=2", "denied=2", "cut_query=2"),
)
VIDEO_LIES = (
    *("empty_status", "unknown_status", "empty_status,slow=2", "sweep_timeout"),
    *("channel_removed", "no_reason", "false_failure", "stuck_progress", "two_upstreams"),
    *("string_numbers", "foreign_words", "content_redirect", "unknown_404"),
)
LIES: Mapping[str, tuple[str, ...]] = {
    "openai videos": (*VIDEO_LIES, "wrapped", "done_without_url=9", "multipart_only"),
    "openai rows": (*VIDEO_LIES, "done_without_url=2", "url_in_fail_reason"),
    "openai tasks": (*VIDEO_LIES, "wrapped", "done_without_url=2"),
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


async def looked_at(caller: Caller, task: Task) -> Task:
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
        done = await looked_at(caller, await caller.made())
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
        done = await looked_at(caller, await caller.made())
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
        *((name, "saturated", Deferred, False) for name in VIDEOS),
        *((name, "no_channel", Deferred, False) for name in VIDEOS),
        *((name, "no_quota=403", Refused, True) for name in VIDEOS),
        *((name, "no_quota=429", Refused, True) for name in VIDEOS),
        *((name, "not_implemented", Refused, False) for name in VIDEOS),
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
