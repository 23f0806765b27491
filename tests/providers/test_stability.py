"""Stability's adapter, held to what every adapter must do, to its samples, and to its emulator."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import FILE_NAME, Caller
from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import Absence, Absent, Accepted, Unknown
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

STABILITY = PROVIDERS["stability"]
CORE, CREATIVE = "stable-image/generate/core", "stable-image/upscale/creative"
PICTURE_DATA = "data:image/png;base64,aGVsbG8="
AUDIO = "data:audio/mpeg;base64,SUQz"
PICTURE = {"image": PICTURE_DATA}
PROMPTED = {**PICTURE, "prompt": "a cat"}
EDIT, CONTROL, SOUND = "stable-image/edit/", "stable-image/control/", "audio/stable-audio-2/"
INPUTS: Mapping[str, Mapping[str, Any]] = {
    CORE: {"prompt": "a cat", "seed": 7, "aspect_ratio": "1:1", "style_preset": None},
    "stable-image/generate/ultra": {**PROMPTED, "strength": "0.5"},
    "stable-image/generate/sd3": {"prompt": "a cat", "model": "sd3.5-large", "cfg_scale": 4.5},
    f"{EDIT}erase": {**PICTURE, "mask": PICTURE_DATA, "grow_mask": 5},
    f"{EDIT}inpaint": PROMPTED,
    f"{EDIT}outpaint": {**PICTURE, "left": 100},
    f"{EDIT}search-and-replace": {**PROMPTED, "search_prompt": "a dog"},
    f"{EDIT}search-and-recolor": {**PROMPTED, "select_prompt": "a dog"},
    f"{EDIT}remove-background": PICTURE,
    f"{EDIT}replace-background-and-relight": {"subject_image": PICTURE_DATA},
    "stable-image/upscale/fast": PICTURE,
    "stable-image/upscale/conservative": PROMPTED,
    CREATIVE: {**PROMPTED, "creativity": 0.3},
    f"{CONTROL}sketch": {**PROMPTED, "control_strength": 0.7},
    f"{CONTROL}structure": PROMPTED,
    f"{CONTROL}style": PROMPTED,
    f"{CONTROL}style-transfer": {"init_image": PICTURE_DATA, "style_image": PICTURE_DATA},
    "3d/stable-fast-3d": PICTURE,
    "3d/stable-point-aware-3d": PICTURE,
    f"{SOUND}text-to-audio": {"prompt": "rain", "duration": 30},
    f"{SOUND}audio-to-audio": {"prompt": "rain", "audio": AUDIO},
    f"{SOUND}inpaint": {"prompt": "rain", "audio": AUDIO},
    "image-to-video": {**PICTURE, "motion_bucket_id": 127},
}
WITH_IDS = {CREATIVE, f"{EDIT}replace-background-and-relight", "image-to-video"}


class TestStability(SubmitContract, PollContract, ProbeContract, RecordedContract):
    provider = STABILITY
    inputs = INPUTS

    def test_every_operation_is_tried(self) -> None:
        assert set(INPUTS) == set(STABILITY.submits.operations)


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        (CORE, {"prompt": ""}, "prompt"),
        (CORE, {"prompt": "a" * 10_001}, "prompt"),
        (CORE, {"seed": 4_294_967_295}, "seed"),
        (CORE, {"seed": "many"}, "seed"),
        (CORE, {"image": "https://pictures.example/a.png"}, "image"),
        (CORE, {"extra": {"a": 1}}, "extra"),
        (CREATIVE, {"image": "data:image/png;base64,"}, "image"),
        (CREATIVE, {"image": "data:image/png;base64," + "A" * 14_000_000}, "image"),
        (CREATIVE, {"creativity": 0.6}, "creativity"),
        (f"{SOUND}text-to-audio", {"duration": 191}, "duration"),
        ("image-to-video", {"image": None}, "image"),
    ],
)
def test_a_field_that_stability_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(STABILITY.submits, operation, {**INPUTS[operation], **changes}) == [field]


def test_an_empty_file_that_makes_a_form_of_texts_is_left_out() -> None:
    given = {"prompt": "a cat", "none": "data:application/octet-stream;base64,", "seed": ""}
    assert STABILITY.submits.check(CORE, given).body == {"prompt": "a cat"}


def _call(operation: str) -> HttpCall:
    body = STABILITY.submits.check(operation, INPUTS[operation]).body
    return STABILITY.submits.build_submit(sent_to(an_account(STABILITY), a_task(operation), body))


@pytest.mark.parametrize("operation", INPUTS)
def test_every_create_is_a_form_and_waits_as_long_as_its_answer_takes(operation: str) -> None:
    call = _call(operation)
    assert call.headers["content-type"].startswith("multipart/form-data; boundary=")
    has_id = operation in WITH_IDS
    assert (call.headers["accept"] == "application/json") is has_id
    assert call.lasts_s == (0 if has_id else 600)
    asks = STABILITY.results.answers_with_files
    assert asks is not None
    assert asks(operation)
    assert STABILITY.submits.get_lookup_kind(an_account(STABILITY)) is Finds.NEVER


def test_files_are_sent_as_files_and_numbers_as_texts() -> None:
    body = (_call(CREATIVE).body or b"").decode()
    assert 'name="image"; filename="0.png"\r\ncontent-type: image/png\r\n\r\nhello' in body
    assert 'name="creativity"\r\n\r\n0.3\r\n' in body


@pytest.mark.parametrize(
    ("age", "kind", "weak"),
    [
        (timedelta(seconds=59), Absence.NOT_YET, False),
        (timedelta(minutes=1), Absence.DENIED, True),
        (timedelta(hours=24), Absence.PURGED, False),
    ],
)
def test_a_404_means_another_thing_at_each_age(
    age: timedelta, kind: Absence, *, weak: bool
) -> None:
    assert STABILITY.polls is not None
    asking = asked_of(an_account(STABILITY), a_task(CREATIVE, provider_task_id="a"))
    body = b'{"id": "e", "name": "not_found", "errors": ["no"]}'
    answer = HttpResult(404, {}, body)
    (found,) = STABILITY.polls.parse_poll(replace(asking, now=NOW + age), answer)
    assert isinstance(found, Absent)
    assert (found.kind, found.weak) == (kind, weak)


@pytest.mark.parametrize("operation", sorted(set(INPUTS) - WITH_IDS))
def test_the_answer_of_a_create_is_the_result(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "stability at once")
        _, outcome = await caller.submit(operation, INPUTS[operation])
        assert isinstance(outcome, Accepted)
        assert outcome.said is not None
        assert outcome.said.state is TaskState.SUCCEEDED
        [piece] = outcome.said.artifacts
        kind = {"3d": "model", "audio": "audio"}.get(operation.partition("/")[0], "image")
        assert (piece.kind, piece.url) == (kind, FILE_NAME)

    play()


@pytest.mark.parametrize("operation", sorted(WITH_IDS))
def test_a_result_is_asked_for_until_it_is_there(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "stability")
        task = await caller.made(operation, input_=INPUTS[operation])
        done = await caller.polled_to_its_end(task)
        [piece] = done.artifacts
        assert piece.url == FILE_NAME
        assert piece.kind == ("video" if operation == "image-to-video" else "image")

    play()


@pytest.mark.parametrize(
    ("name", "scenario", "code"),
    [
        ("stability at once", "content_filtered", "CONTENT_FILTERED"),
        ("stability at once", "finish_error", "ERROR"),
        ("stability", "content_filtered,blocking", "CONTENT_FILTERED"),
        ("stability", "content_filtered", "CONTENT_FILTERED"),
        ("stability", "moderated", "content_moderation"),
    ],
)
def test_a_success_that_is_none_is_a_failure(name: str, scenario: str, code: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        task, outcome = await caller.submit()
        assert isinstance(outcome, Accepted)
        if outcome.said is not None:
            said = outcome.said
            assert (said.state, said.error and said.error.code) == (TaskState.FAILED, code)
            return
        done = await caller.polled_to_its_end(task)
        assert (done.state, done.error and done.error.code) == (TaskState.FAILED, code)

    play()


@pytest.mark.parametrize("scenario", ["gateway_timeout", "error_created", "cut_after_accept"])
@pytest.mark.parametrize("name", ["stability", "stability at once"])
def test_a_create_without_an_answer_may_have_been_made(name: str, scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert sum(stage.emulator.count_creations().values()) == 1

    play()
