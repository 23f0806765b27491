"""Ends and lost answers of Veo's tasks, as the emulator lies about them, and its events."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import CALLBACK_URL, Caller
from tests.providers.support import (
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
)
from tests.providers.test_veo import INPUT, INTERACT, INTERACTION, PREDICT, VEO
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted, CancelAsked, Cancelled, Observed, Unanswered, Unknown
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS
from tracker.providers.veo.reading import build_video_piece


@pytest.mark.parametrize("count", [1, 2, 4])
def test_some_filtered_videos_are_a_success_and_all_are_a_failure(count: int) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "veo")
        input_ = {**INPUT, "parameters": {"sampleCount": count}}
        for word in ("partly_filtered", "filtered"):
            caller.play(word)
            done = await caller.polled_to_its_end(await caller.made(PREDICT, input_=input_))
            is_partly = word == "partly_filtered" and count > 1
            assert done.state is (TaskState.SUCCEEDED if is_partly else TaskState.FAILED)
            assert len(done.artifacts) == (count // 2 if is_partly else 0)
            assert "filtered" in (done.message or "")
            assert done.error is None or done.error.code == "rai_media_filtered"

    play()


@pytest.mark.parametrize(
    ("word", "code"),
    [("nothing", "empty_result"), ("no_uri", "empty_result"), ("failed", "INTERNAL")],
)
def test_end_without_a_video_is_a_failure(word: str, code: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "veo")
        caller.play(word)
        done = await caller.polled_to_its_end(await caller.made())
        assert done.state is TaskState.FAILED
        assert done.error is not None
        assert done.error.code == code

    play()


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("incomplete", TaskState.FAILED),
        ("over_budget", TaskState.FAILED),
        ("action_needed", TaskState.RUNNING),
    ],
)
def test_interaction_that_stops_is_no_success(word: str, state: TaskState) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "interactions")
        caller.play(word)
        done = await caller.polled_to_its_end(await caller.made())
        assert done.state is state

    play()


@pytest.mark.parametrize("scenario", ["ok", "cancel_slow", "cancel_lost"])
def test_interaction_is_cancelled(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "interactions")
        caller.play(f"hold,{scenario}" if scenario != "cancel_slow" else "slow=3,cancel_slow")
        outcome = await caller.cancel(await caller.made())
        assert isinstance(outcome, Cancelled if scenario == "ok" else CancelAsked)

    play()


def test_interaction_goes_on_from_one_before() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "interactions")
        first = await caller.made()
        more = {**INTERACTION, "previous_interaction_id": str(first.id)}
        await caller.made(INTERACT, input_=more, parent=first)
        sent = [task.request for _, task in stage.emulator.list_tasks()]
        assert isinstance(sent[-1], dict)
        assert sent[-1]["previous_interaction_id"] == first.provider_task_id

    play()


@pytest.mark.parametrize("name", ["veo", "interactions"])
@pytest.mark.parametrize("scenario", ["error_created", "cut_after_accept", "html_error_created"])
def test_create_whose_answer_was_lost_may_have_been_made(name: str, scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        task, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert VEO.polls is not None
        assert VEO.polls.build_poll(caller.asking(task)) is None

    play()


def test_event_names_the_task_and_no_verdict() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "veo")
        task = await caller.made()
        await stage.advance(3)
        [body] = stage.bodies
        assert body["type"] == "video.generated"
        assert body["data"]["user_metadata"] == {"task": str(task.id)}
        assert VEO.calls_back is not None
        inbound = called_back(json.dumps(body).encode())
        [hint] = VEO.calls_back.parse_callback(inbound)
        assert hint.provider_task_id == task.provider_task_id
        assert str(stage.calls[0].url) == CALLBACK_URL
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)

    play()


def test_events_of_batches_tell_of_no_task() -> None:
    assert VEO.calls_back is not None
    assert VEO.calls_back.parse_callback(called_back(b'{"type":"batch.failed"}')) == ()


@pytest.mark.parametrize(
    ("name", "operation", "known", "answer"),
    [
        ("veo", PREDICT, "models/veo-3/operations/a", {"name": "models/veo-3/operations/b"}),
        ("veo", INTERACT, "v1_a", {"id": "v1_b", "status": "completed"}),
        ("vidu", "text2video", "8459", {"id": "8460", "state": "success"}),
    ],
)
def test_an_answer_about_another_task_tells_nothing(
    name: str, operation: str, known: str, answer: dict[str, Any]
) -> None:
    provider = PROVIDERS[name]
    assert provider.polls is not None
    task = a_task(operation, provider_task_id=known)
    asking = asked_of(an_account(provider, base_url=None), task)
    body = json.dumps(answer | {"done": True}).encode()
    (outcome,) = provider.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert outcome == Unanswered("the answer is about another task")


def test_create_at_its_quota_waits_as_long_as_google_says() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "veo")
        caller.play("quota=1")
        task, outcome = await caller.submit()
        assert getattr(outcome, "retry_after_s", None) == 1.0
        _, outcome = await caller.submit(again=replace(task, submitted_at=NOW))
        assert isinstance(outcome, Accepted)

    play()


@pytest.mark.parametrize("field", ["gcsUri", "uri"])
def test_white_space_around_a_name_in_a_bucket_is_none_of_it(field: str) -> None:
    made = build_video_piece({field: " gs://bucket/o 1.mp4\n"}, "0", "https://storage.example")
    assert made is not None
    assert made.url == "https://storage.example/bucket/o%201.mp4"
    assert made.extra == {"gcsUri": "gs://bucket/o 1.mp4"}
