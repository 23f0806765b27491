"""Wan's adapter, held to what every adapter must do, to what was recorded, and to its emulator."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.provider_contract import (
    CallbackContract,
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absence, Absent, CancelAsked, Observed, TooLate
from tracker.domain.task import ArtifactState, TaskError, TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS
from tracker.providers.wan.adapter import LIVES, YOUNG

WAN = PROVIDERS["wan"]
VIDEO = "video-generation/video-synthesis"
PICTURE = "https://pictures.example/a.png"
WAN_INPUTS: Mapping[str, Mapping[str, Any]] = {
    VIDEO: {
        "model": "wan2.6-t2v",
        "input": {"prompt": "a cat", "negative_prompt": "a dog"},
        "parameters": {"size": "1280*720", "duration": 5, "shot_type": "multi", "seed": 7},
    },
    "image2video/video-synthesis": {
        "model": "wan2.2-kf2v-flash",
        "input": {"first_frame_url": PICTURE, "last_frame_url": PICTURE},
        "parameters": {"resolution": "720P"},
    },
    "text2image/image-synthesis": {
        "model": "wan2.5-t2i",
        "input": {"prompt": "a cat"},
        "parameters": {"n": 3},
    },
    "image2image/image-synthesis": {
        "model": "wan2.5-i2i",
        "input": {"prompt": "a hat", "images": [PICTURE]},
    },
    "image-generation/generation": {
        "model": "wan2.6-t2i",
        "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
        "parameters": {"size": "1280*1280", "n": 2},
    },
}
EVENT = b'{"type":"dashscope:System:AsyncTaskFinish","data":{}}'


class TestWan(
    SubmitContract,
    PollContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = WAN
    inputs = WAN_INPUTS


def with_input(**changes: Any) -> dict[str, Any]:
    return {"input": {"prompt": "a cat"} | changes}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": None}, "model"),
        ({"input": None}, "input"),
        (with_input(prompt="a" * 801), "input.prompt"),
        (with_input(prompt="a" * 20_001) | {"model": "wan3.0-video"}, "input.prompt"),
        (with_input(negative_prompt="a" * 501), "input.negative_prompt"),
        (with_input(reference_video_urls=[PICTURE] * 4), "input.reference_video_urls"),
        (with_input(media=[{"url": PICTURE}]), "input.media[0].type"),
        ({"parameters": {"size": "1280x720"}}, "parameters.size"),
        ({"parameters": {"seed": -1}}, "parameters.seed"),
        ({"parameters": {"seed": 2**31}}, "parameters.seed"),
        ({"parameters": {"n": 5}}, "parameters.n"),
        ({"parameters": {"shot_type": "long"}}, "parameters.shot_type"),
    ],
)
def test_a_field_that_dashscope_would_refuse_is_named(
    changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(WAN.submits, VIDEO, {**WAN_INPUTS[VIDEO], **changes}) == [field]


@pytest.mark.parametrize("model", ["wan3.0-video", "wan2.7-t2v", "happyhorse-1.1-t2v"])
def test_a_long_prompt_is_for_newer_models(model: str) -> None:
    """5,000 characters (docs.evolink.ai: wan2.7-text-to-video, read 2026-11-30), and more."""
    long = with_input(prompt="a" * 20_000) | {"model": model}
    assert WAN.submits.check(VIDEO, {**WAN_INPUTS[VIDEO], **long}).body


def headers_of(body: Mapping[str, Any], **options: Any) -> Mapping[str, str]:
    call = WAN.submits.build_submit(sent_to(an_account(WAN, **options), a_task(VIDEO), body))
    return call.headers


def test_a_create_says_that_it_is_asynchronous_and_what_it_names() -> None:
    plain = headers_of(WAN_INPUTS[VIDEO])
    assert plain["x-dashscope-async"] == "enable"
    assert not {"x-dashscope-workspace", "x-dashscope-ossresourceresolve"} & plain.keys()
    uploaded = {"model": "m", "input": {"media": [{"type": "image", "url": "oss://a/b"}]}}
    more = headers_of(uploaded, workspace="ws")
    assert more["x-dashscope-ossresourceresolve"] == "enable"
    assert more["x-dashscope-workspace"] == "ws"


def test_events_come_where_there_is_a_rule() -> None:
    account = an_account(WAN)
    assert WAN.submits.get_lookup_kind(account) is Finds.CANDIDATES
    assert WAN.calls_back is not None
    assert not WAN.calls_back.has_callbacks(account)
    assert WAN.calls_back.has_callbacks(an_account(WAN, events=True))


@pytest.mark.parametrize(
    ("age", "kind", "weak"),
    [
        (YOUNG - timedelta(seconds=1), Absence.NOT_YET, False),
        (YOUNG, Absence.DENIED, True),
        (LIVES - timedelta(seconds=1), Absence.DENIED, True),
        (LIVES, Absence.PURGED, False),
    ],
)
def test_unknown_is_no_state_but_an_absence(age: timedelta, kind: Absence, *, weak: bool) -> None:
    assert WAN.polls is not None
    task = a_task(VIDEO, provider_task_id="theirs", submitted_at=NOW)
    asking = replace(asked_of(an_account(WAN), task), now=NOW + age)
    answer = HttpResult(200, {}, b'{"output":{"task_id":"theirs","task_status":"UNKNOWN"}}')
    (outcome,) = WAN.polls.parse_poll(asking, answer)
    assert isinstance(outcome, Absent)
    assert (outcome.kind, outcome.weak) == (kind, weak)


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ([{"code": "DataInspectionFailed", "message": "unsafe"}], TaskState.FAILED),
        ([{"code": "DataInspectionFailed", "message": "unsafe"}] * 2, TaskState.FAILED),
        ([{"code": "X", "message": "m"}, {"url": "https://a.example/1.png"}], TaskState.SUCCEEDED),
        ([{"code": "X", "video_url": "https://a.example/1.mp4"}], TaskState.SUCCEEDED),
        ([{"code": "X", "message": "m"}, {}], TaskState.RUNNING),
        (["odd"], TaskState.RUNNING),
        ([], TaskState.RUNNING),
    ],
)
def test_a_success_of_which_every_piece_was_refused_is_a_doubtful_failure(
    results: Sequence[Any], state: TaskState
) -> None:
    assert WAN.polls is not None
    output = {"task_id": "theirs", "task_status": "SUCCEEDED", "results": results}
    task = a_task("text2image/image-synthesis", provider_task_id="theirs")
    answer = HttpResult(200, {}, json.dumps({"output": output}).encode())
    (outcome,) = WAN.polls.parse_poll(asked_of(an_account(WAN), task), answer)
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is state
    if state is TaskState.FAILED:
        error = TaskError("provider", "DataInspectionFailed", "unsafe", doubtful=True)
        assert outcome.observation.error == error


def test_events_of_other_kinds_tell_of_no_task() -> None:
    assert WAN.calls_back is not None
    assert WAN.calls_back.parse_callback(called_back(b'{"type":"dashscope:Other"}')) == ()
    with pytest.raises(CallbackRejected):
        WAN.calls_back.parse_callback(called_back(EVENT))


# Against the emulator.


@pytest.mark.parametrize("operation", WAN_INPUTS)
def test_wan_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "wan")
        done = await caller.polled_to_its_end(
            await caller.made(operation, input_=WAN_INPUTS[operation])
        )
        assert done.state is TaskState.SUCCEEDED
        is_video = operation.endswith("video-synthesis")
        assert len(done.artifacts) == (1 if is_video else len(done.artifacts))
        assert {one.kind for one in done.artifacts} == {"video" if is_video else "image"}
        unit = "video_seconds_720" if is_video else "images"
        assert [one.unit for one in done.costs] == [unit]

    play()


def test_a_success_may_have_failed_pieces() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "wan")
        caller.play("partial")
        operation = "text2image/image-synthesis"
        task = await caller.made(operation, input_=WAN_INPUTS[operation])
        done = await caller.polled_to_its_end(task)
        ready, failed = ArtifactState.READY, ArtifactState.FAILED
        assert (done.state, states_of(done)) == (TaskState.SUCCEEDED, [ready, ready, failed])
        assert done.message == "1 of 3 pieces failed"

    play()


def test_a_result_is_gone_after_a_day() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "wan")
        task = replace(await caller.made(), submitted_at=caller.now)
        done = await caller.polled_to_its_end(task)
        await stage.advance(LIVES.total_seconds())
        late = await caller.poll(done)
        assert isinstance(late, Absent)
        assert late.kind is Absence.PURGED

    play()


@pytest.mark.parametrize(
    ("waits_s", "answer", "state"),
    [(0, CancelAsked, TaskState.CANCELLED), (1, TooLate, TaskState.SUCCEEDED)],
)
def test_only_what_is_pending_is_cancelled(waits_s: int, answer: type, state: TaskState) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "wan")
        task = caller.asked_to_cancel(await caller.made())
        await stage.advance(waits_s)
        assert type(await caller.cancel(task)) is answer
        assert (await caller.polled_to_its_end(task)).state is state

    play()
