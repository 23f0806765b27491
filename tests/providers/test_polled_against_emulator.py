"""Providers that only polls tell of, against their emulators: each operation, each lie."""

from collections.abc import Mapping

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.kinds import POLLED, TOLD
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    Observed,
)
from tracker.domain.task import ArtifactState, Task, TaskState

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
    "runway at kie": ("empty_output=2", "expire_flag", "no_callback"),
    "aleph at kie": ("empty_output=2", "no_callback"),
    "runway with numbers": ("empty_output=2",),
    "luma agents": ("no_output=3",),
    "runway at a gateway": ("throttled", "progress_text", "progress_resets", "empty_output=2"),
    "cogvideox": ("no_id", "empty_result=1", "empty_result=2", "result_object", "lower_case"),
    "cogvideox at a gateway": ("no_id", "empty_result=2", "result_object", "lower_case"),
    "domo": ("url_late=2", "null_created_at", "new_category", "no_callback", "final_only"),
    "ark": (
        *("no_content=2", "error_null", "duration_float", "no_id", "gateway_words"),
        *("late_running", "queued_long=3", "seed_hidden", "no_callback"),
    ),
    "fal": (
        *("result_early=2", "result_broken=2", "gateway_id", "origin_down=2", "nsfw"),
        *("foreign_addresses", "no_callback", "final_only", "large_result=1"),
    ),
    "hailuo": ("file_id_number", "no_file_id=2", "file_refused=2", "callback_early", "no_callback"),
    "wan": ("unknown_first=1", "no_url=2", "suspended", "lower_case"),
    "veo": ("nothing=1", "no_callback", "keys_rotated"),
    "interactions": ("nothing=1", "no_callback"),
    "stability": ("large=1",),
    "vidu": ("empty_creations=2", "code_in_success", "late_processing", "no_callback"),
    "flux": ("state_field", "no_sample=2", "null_cost", "poll_url_too", "bare_signature"),
    "jimeng at a relay": ("no_files=1", "no_files=2", "number_id", "internal_query=2"),
    "flux at a gateway": ("state_field", "no_sample=2", "null_cost"),
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
        assert stage.calls == [] or name in TOLD
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
def test_a_task_that_stands_still_is_never_ended_by_us(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("stuck")
        task = await caller.made()
        for _ in range(3):
            await stage.advance(24 * 3600)
            outcome = await caller.poll(task)
            assert isinstance(outcome, Observed)
            task = caller.seen(task, outcome.observation, Source.POLL)
        assert task.state in (TaskState.SUBMITTED, TaskState.RUNNING)

    play()


@pytest.mark.parametrize("name", POLLED)
def test_a_task_that_the_upstream_forgot_is_absent(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("forgotten")
        assert isinstance(await caller.poll(await caller.made()), Absent)

    play()
