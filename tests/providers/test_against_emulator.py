"""Adapters against the emulated providers, in one process: each operation, each lie."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.kinds import CALLING, KINDS
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    CancelAsked,
    Cancelled,
    Gone,
    Observed,
    Refused,
    TooLate,
)
from tracker.domain.task import ArtifactState, Task, TaskState

PICTURE = {"type": "image", "url": "https://pictures.example/a.png"}
MEDIA = {"url": "https://videos.example/a.mp4"}
VIDEO = KINDS["luma"].input
IMAGE = {"model": "photon-1", "prompt": "a cat"}
INPUT = KINDS["replicate"].input["input"]
PREVIEW, READY = ArtifactState.PREVIEW, ArtifactState.READY


async def _check_made_and_done(caller: Caller, operation: str, **more: Any) -> Task:
    task = await caller.made(operation, **more)
    done = await caller.polled_to_its_end(task)
    assert done.state is TaskState.SUCCEEDED
    assert done.artifacts
    assert set(states_of(done)) == {READY}
    assert caller.told(task).state is TaskState.SUCCEEDED
    return done


@pytest.mark.parametrize(
    ("operation", "input_"),
    [
        ("generations/video", {**VIDEO, "keyframes": {"frame0": PICTURE}, "duration": "5s"}),
        ("generations", VIDEO),
        ("generations/image", IMAGE),
        ("generations/video/modify", {"model": "ray-2", "media": MEDIA, "mode": "flex_1"}),
        ("generations/video/reframe", {"model": "ray-2", "media": MEDIA, "aspect_ratio": "1:1"}),
        ("generations/image/reframe", {"model": "photon-1", "media": MEDIA, "aspect_ratio": "1:1"}),
    ],
)
def test_luma_makes_every_operation(operation: str, input_: Mapping[str, Any]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        done = await _check_made_and_done(Caller(stage, "luma"), operation, input_=input_)
        assert done.artifacts[0].kind == ("image" if "image" in operation else "video")

    play()


@pytest.mark.parametrize(
    ("operation", "input_"),
    [
        ("generations/upscale", {"id": "ours", "resolution": "1080p"}),
        ("generations/audio", {"id": "ours", "prompt": "purring"}),
        (
            "generations/video",
            {**VIDEO, "keyframes": {"frame0": {"type": "generation", "id": "ours"}}},
        ),
    ],
)
def test_luma_continues_a_task_of_ours(operation: str, input_: Mapping[str, Any]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "luma")
        parent = await caller.polled_to_its_end(await caller.made())
        await _check_made_and_done(caller, operation, input_=input_, parent=parent)
        _, outcome = await caller.submit(operation, input_, replace(parent, provider_task_id="no"))
        assert isinstance(outcome, Refused)
        assert not outcome.blames_account

    play()


@pytest.mark.parametrize(
    ("operation", "input_"),
    [
        ("predictions", {"version": "acme/pic", "input": INPUT}),
        ("models/acme/pic", {"input": INPUT}),
        ("deployments/acme/pic", {"input": INPUT}),
    ],
)
def test_replicate_makes_every_operation(operation: str, input_: Mapping[str, Any]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        done = await _check_made_and_done(Caller(stage, "replicate"), operation, input_=input_)
        assert [piece.kind for piece in done.artifacts] == ["image", "image"]
        assert "seconds" in [cost.unit for cost in done.costs]

    play()


@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        ("list", ["image", "image"]),
        ("url", ["image"]),
        ("video", ["video"]),
        ("object", ["image"]),
        ("text", ["text"]),
        ("tokens", ["text"]),
    ],
)
def test_replicates_output_may_have_any_form(form: str, kinds: Sequence[str]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "replicate")
        caller.play(f"output={form}")
        done = await caller.polled_to_its_end(await caller.made())
        assert [piece.kind for piece in done.artifacts] == kinds

    play()


LIES = {
    "luma": ("completed_no_assets=3", "echo_missing", "progress_video", "delete_404"),
    "replicate": ("webhook_hidden", "html_502_query", "large_webhook=2", "output=list"),
}
QUERY_LIES = (
    *("no_callback", "duplicated", "reordered", "unknown_word", "final_only", "resigned"),
    "callback_first",
    *("mute_query=2", "rate_limited_query=2", "html_query=2", "html_ok=2", "denied=2"),
)


@pytest.mark.parametrize(
    ("name", "lie"),
    [(name, lie) for name in CALLING for lie in (*QUERY_LIES, *LIES[name])],
)
def test_a_lie_about_a_task_does_not_hide_its_result(name: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(lie)
        task = await caller.made()
        done = await caller.polled_to_its_end(task)
        assert done.state is TaskState.SUCCEEDED
        assert set(states_of(done)) == {READY}
        told = caller.told(task)
        assert told.state in (TaskState.SUCCEEDED, TaskState.RUNNING, TaskState.SUBMITTED)
        assert caller.told(done).artifacts == done.artifacts

    play()


@pytest.mark.parametrize(
    ("name", "scenario", "state", "code"),
    [
        ("luma", "failed", TaskState.FAILED, None),
        ("luma", "moderated", TaskState.FAILED, None),
        ("replicate", "failed", TaskState.FAILED, None),
        ("replicate", "aborted=starting", TaskState.CANCELLED, None),
        ("replicate", "aborted=processing", TaskState.FAILED, "aborted"),
    ],
)
def test_an_end_without_a_result_has_a_reason(
    name: str, scenario: str, state: TaskState, code: str | None
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        task = await caller.made()
        for done in (await caller.polled_to_its_end(task), caller.told(task)):
            assert done.state is state
            assert done.message
            assert (done.error and done.error.code) == code

    play()


@pytest.mark.parametrize("name", CALLING)
def test_a_cancelled_task_ends_as_cancelled(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        task = replace(await caller.made(), cancel_asked_at=caller.now)
        assert isinstance(await caller.cancel(task), CancelAsked | Cancelled)
        assert (await caller.polled_to_its_end(task)).state is TaskState.CANCELLED

    play()


@pytest.mark.parametrize(
    ("name", "scenario", "answer", "state"),
    [
        ("luma", "delete_404=deleted", Gone, TaskState.CANCELLED),
        ("luma", "delete_404=kept", Gone, TaskState.SUCCEEDED),
        ("luma", "cancel_lost", CancelAsked, TaskState.SUCCEEDED),
        ("luma", "cancel_too_late", TooLate, TaskState.SUCCEEDED),
        ("replicate", "cancel_lost", CancelAsked, TaskState.SUCCEEDED),
        ("replicate", "cancel_slow", CancelAsked, TaskState.CANCELLED),
    ],
)
def test_a_lie_about_a_cancellation_does_not_hide_the_end(
    name: str, scenario: str, answer: type, state: TaskState
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        task = replace(await caller.made(), cancel_asked_at=caller.now)
        assert type(await caller.cancel(task)) is answer
        assert (await caller.polled_to_its_end(task)).state is state

    play()


def test_luma_may_answer_a_create_with_its_result() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "luma")
        caller.play("sync_image")
        _, outcome = await caller.submit("generations/image", {**IMAGE, "sync": True})
        assert isinstance(outcome, Accepted)
        assert outcome.said is not None
        assert outcome.said.state is TaskState.SUCCEEDED

    play()


def test_luma_shows_a_preview_while_it_is_dreaming() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "luma")
        caller.play("progress_video")
        task = await caller.made()
        await stage.advance(1)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        task = caller.seen(task, outcome.observation, Source.POLL)
        assert (task.state, states_of(task)) == (TaskState.RUNNING, [PREVIEW])
        assert states_of(await caller.polled_to_its_end(task)) == [READY]

    play()


def test_replicates_output_grows_while_it_is_processing() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "replicate")
        task, seen = await caller.made(), []
        for _ in range(8):
            await stage.advance(0.25)
            outcome = await caller.poll(task)
            assert isinstance(outcome, Observed)
            task = caller.seen(task, outcome.observation, Source.POLL)
            if states_of(task) not in seen:
                seen.append(states_of(task))
        assert seen == [[], [PREVIEW], [PREVIEW, PREVIEW], [READY, READY]]

    play()


def test_replicates_purge_is_no_change() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "replicate")
        task = await caller.made()
        done = await caller.polled_to_its_end(task)
        await stage.advance(2 * 3600)
        assert await caller.poll(done) == Absent(
            "the provider has deleted the result", Absence.PURGED
        )
        late = await caller.poll(task)
        assert isinstance(late, Observed)
        assert late.observation.state is TaskState.SUCCEEDED
        assert caller.seen(done, late.observation, Source.POLL) is done

    play()
