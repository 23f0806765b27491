"""Runway's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.provider_contract import (
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.cost import Phase
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.outcome import Absent, Observed, Unanswered, Unknown
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

RUNWAY = PROVIDERS["runway"]
PICTURE = "https://pictures.example/a.png"
THING = {"type": "image", "uri": PICTURE}
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "image_to_video": {"model": "gen4_turbo", "promptImage": PICTURE, "ratio": "1280:720"},
    "text_to_video": {"model": "veo3.1", "promptText": "rain", "duration": 8},
    "video_to_video": {"model": "aleph2", "videoUri": "runway://upload/1"},
    "text_to_image": {"model": "gen4_image", "promptText": "rain", "ratio": "1920:1080"},
    "character_performance": {"model": "act_two", "character": THING, "reference": THING},
    "avatar_videos": {"model": "gwm1_avatars", "avatar": THING, "speech": THING},
    "video_upscale": {"model": "upscale_v1", "videoUri": PICTURE},
    "image_upscale": {"model": "magnific_precision_upscaler_v2", "imageUri": PICTURE},
    "video_to_hdr": {"model": "ruby", "videoUri": PICTURE},
    "text_to_speech": {"model": "eleven_v4", "promptText": "hello", "voice": THING},
    "sound_effect": {"model": "eleven_text_to_sound_v2", "promptText": "rain"},
    "speech_to_speech": {"model": "eleven_multilingual_sts_v2", "media": THING, "voice": THING},
    "voice_dubbing": {"model": "eleven_voice_dubbing", "audioUri": PICTURE, "targetLang": "de"},
    "voice_isolation": {"model": "eleven_voice_isolation", "audioUri": PICTURE},
    "video_to_audio": {"model": "mirelo_sfx_2_0", "videoUri": PICTURE, "duration": 5},
    "generate/video": {"configId": "c", "input": {"promptText": "rain"}},
    "recipes/product_ad": {"version": "2026-06", "productImages": [THING]},
    "recipes/ad_localization": {
        "version": "2026-06",
        "referenceImage": THING,
        "targetLanguage": "de",
    },
    "workflows": {"id": "6ab2"},
}


class TestRunway(SubmitContract, PollContract, CancelContract, ProbeContract, RecordedContract):
    provider = RUNWAY
    inputs = INPUTS


class TestRunwayGateway(SubmitContract, PollContract, ProbeContract):
    provider = RUNWAY
    inputs = {"image_to_video": INPUTS["image_to_video"]}  # noqa: RUF012 - read only
    options = {"profile": "runwayml"}  # noqa: RUF012 - read only


class TestRunwayWeb(SubmitContract, PollContract, ProbeContract):
    provider = RUNWAY
    inputs = {  # noqa: RUF012 - read only
        "tasks": {"taskType": "gen3a_turbo", "options": {"seconds": 5, "text_prompt": "rain"}}
    }
    options = {"profile": "runway"}  # noqa: RUF012 - read only


@pytest.mark.parametrize(
    ("input_", "field"),
    [
        ({"model": "gen4_turbo"}, "promptImage"),
        ({"model": "gen4_turbo", "promptImage": "a.png"}, "promptImage"),
        ({"model": "gen4_turbo", "promptImage": []}, "promptImage"),
        ({"model": "gen4_turbo", "promptImage": [{"position": "first"}]}, "promptImage"),
        ({"model": "gen4_turbo", "promptImage": [{"uri": PICTURE, "position": 1}]}, "promptImage"),
        ({"model": "gen4_turbo", "promptImage": PICTURE, "seed": 2**32}, "seed"),
    ],
)
def test_a_field_that_runway_would_refuse_is_named(input_: Mapping[str, Any], field: str) -> None:
    assert refused_fields(RUNWAY.submits, "image_to_video", input_) == [field]


@pytest.mark.parametrize(
    ("model", "field", "value", "at_gateways"),
    [
        ("gen4_turbo", "duration", 7, True),
        ("gen4.5", "duration", 11, True),
        ("veo3.1_fast", "duration", 5, True),
        ("gen4_turbo", "ratio", "16:9", False),
        ("gen3a_turbo", "ratio", "1280:720", False),
        ("gen4_turbo", "promptText", "a" * 1001, True),
        ("gen4_turbo", "promptText", "😀" * 501, True),
    ],
)
def test_limits_of_a_model_are_those_of_the_upstream(
    model: str, field: str, value: object, *, at_gateways: bool
) -> None:
    body = {"model": model, "promptImage": PICTURE, field: value}
    assert RUNWAY.submits.check("image_to_video", body).body == body
    assert RUNWAY.check_limits is not None
    for profile, is_refused in ((None, True), ("runwayml", at_gateways)):
        account = an_account(RUNWAY, profile=profile)
        flaws = RUNWAY.check_limits(account, "image_to_video", body)
        assert [one.path for one in flaws] == ([field] if is_refused else [])


def test_a_gateway_has_a_model_of_its_own_where_none_is_named() -> None:
    body = RUNWAY.submits.check("image_to_video", {"promptImage": PICTURE}).body
    assert RUNWAY.check_limits is not None
    for profile, fields in ((None, ["model"]), ("runwayml", [])):
        flaws = RUNWAY.check_limits(an_account(RUNWAY, profile=profile), "image_to_video", body)
        assert [one.path for one in flaws] == fields


def test_models_that_nobody_knows_pass_with_what_they_need() -> None:
    body = {"model": "gen9", "promptImage": [{"uri": PICTURE, "position": "last"}], "ratio": "1:1"}
    text = {"promptText": "😀" * 2000, "duration": 61, "newField": {"a": None}}
    assert RUNWAY.submits.check("image_to_video", body | text).body == body | text


@pytest.mark.parametrize("profile", [None, "runwayml", "runway"])
def test_a_lost_submit_is_never_found_and_never_denied(profile: str | None) -> None:
    account = an_account(RUNWAY, profile=profile)
    assert RUNWAY.looks is None
    assert RUNWAY.submits.get_lookup_kind(account) is Finds.NEVER
    sending = sent_to(account, a_task("image_to_video"))
    for answer in (
        HttpFailure(Certainty.UNKNOWN, "cut"),
        HttpResult(500, {}, b'{"error": "internal"}'),
        HttpResult(409, {}, b'{"error": "conflict"}'),
        HttpResult(408, {}, b'{"error": "timeout"}'),
    ):
        assert isinstance(RUNWAY.submits.parse_submit(sending, answer), Unknown)
    assert RUNWAY.polls is not None
    unnamed = a_task("image_to_video", provider_task_id=None)
    assert RUNWAY.polls.build_poll(asked_of(account, unnamed)) is None


def _seen(task: Task, body: Mapping[str, Any]) -> Task:
    assert RUNWAY.polls is not None
    said = {"id": "x", "status": "SUCCEEDED", **body}
    answer = HttpResult(200, {}, json.dumps(said).encode())
    (outcome,) = RUNWAY.polls.parse_poll(asked_of(an_account(RUNWAY), task), answer)
    assert isinstance(outcome, Observed)
    return replace(task, state=TaskState.SUCCEEDED, costs=outcome.observation.costs)


def test_credits_that_fall_after_the_end_are_a_refund() -> None:
    task = a_task("image_to_video", provider_task_id="x")
    for credits_, entries in (
        (25, [(Phase.SETTLE, "25")]),
        (25, [(Phase.SETTLE, "25")]),
        (10, [(Phase.SETTLE, "25"), (Phase.REFUND, "15")]),
        (0, [(Phase.SETTLE, "25"), (Phase.REFUND, "25")]),
    ):
        task = _seen(task, {"cost": {"credits": credits_}})
        assert [(one.phase, one.amount) for one in task.costs] == entries
        assert {one.unit for one in task.costs} == {"credits"}


def test_links_are_said_to_die_and_to_be_renewable() -> None:
    assert RUNWAY.polls is not None
    body = json.dumps({"id": "x", "status": "SUCCEEDED", "output": [PICTURE]}).encode()
    task = a_task("image_to_video", provider_task_id="x")
    (outcome,) = RUNWAY.polls.parse_poll(
        asked_of(an_account(RUNWAY), task), HttpResult(200, {}, body)
    )
    assert isinstance(outcome, Observed)
    (piece,) = outcome.observation.artifacts
    assert piece.refreshable
    assert piece.expires_at is not None
    assert 24 <= (piece.expires_at - NOW).total_seconds() / 3600 <= 48


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": "task_not_exist", "message": "x"}, Absent),
        (400, {"code": "invalid_request", "message": "task not exist"}, Absent),
        (404, {"error": "no such thing"}, Absent),
        (400, {"code": "invalid_request", "message": "the version is missing"}, Unanswered),
        (500, {"code": "task_not_exist", "message": "task not exist"}, Unanswered),
    ],
)
def test_a_gateway_denies_a_task_by_its_code_or_in_words(
    status: int, body: Mapping[str, Any], kind: type
) -> None:
    assert RUNWAY.polls is not None
    account = an_account(RUNWAY, profile="runwayml")
    asking = asked_of(account, a_task("image_to_video", provider_task_id="x"))
    answer = HttpResult(status, {}, json.dumps(body).encode())
    (outcome,) = RUNWAY.polls.parse_poll(asking, answer)
    assert isinstance(outcome, kind)


def test_a_failure_that_the_gateway_made_up_is_doubted() -> None:
    assert RUNWAY.polls is not None
    account = an_account(RUNWAY, profile="runwayml")
    for text, is_doubtful in (
        ("任务超时（60分钟）", True),
        ("Task timed out", True),
        ("the image was rejected", False),
    ):
        body = {"id": "x", "status": "FAILED", "failure": {"code": "c", "message": text}}
        (outcome,) = RUNWAY.polls.parse_poll(
            asked_of(account, a_task("image_to_video", provider_task_id="x")),
            HttpResult(200, {}, json.dumps(body).encode()),
        )
        assert isinstance(outcome, Observed)
        assert outcome.observation.error is not None
        assert outcome.observation.error.doubtful is is_doubtful


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.dev.runwayml.com", "https://api.dev.runwayml.com/v1/tasks/x"),
        ("https://g.example/runwayml", "https://g.example/runwayml/v1/tasks/x"),
        ("https://g.example/runway", "https://g.example/runway/tasks/x"),
    ],
)
def test_the_base_url_tells_the_profile(base_url: str, url: str) -> None:
    assert RUNWAY.polls is not None
    account = an_account(RUNWAY, base_url=base_url)
    task = a_task("image_to_video", provider_task_id="x")
    call = RUNWAY.polls.build_poll(asked_of(account, task))
    assert call is not None
    assert call.url == url
    assert ("x-runway-version" in call.headers) is ("dev.runwayml" in base_url)


def test_a_run_of_a_workflow_has_a_path_of_its_own_and_cannot_be_deleted() -> None:
    assert RUNWAY.polls is not None
    assert RUNWAY.cancels is not None
    account, task = an_account(RUNWAY), a_task("workflows", provider_task_id="a/b")
    call = RUNWAY.submits.build_submit(sent_to(account, task, {"id": "w/1", "nodeOutputs": {}}))
    assert call.url.endswith("/v1/workflows/w%2F1")
    assert json.loads(call.body or b"") == {"nodeOutputs": {}}
    poll = RUNWAY.polls.build_poll(asked_of(account, task))
    assert poll is not None
    assert poll.url.endswith("/v1/workflow_invocations/a%2Fb")
    assert RUNWAY.cancels.build_cancel(asked_of(account, task)) is None


def test_only_the_official_api_cancels_and_it_erases_what_has_ended() -> None:
    assert RUNWAY.cancels is not None
    assert RUNWAY.cancels.erases_ended
    task = a_task("image_to_video", provider_task_id="x")
    for profile, is_there in ((None, True), ("runwayml", False), ("runway", False)):
        asking = asked_of(an_account(RUNWAY, profile=profile), task)
        assert (RUNWAY.cancels.build_cancel(asking) is not None) is is_there


def test_a_task_is_looked_at_every_five_seconds_at_most_unless_an_operator_says_so() -> None:
    assert RUNWAY.polls is not None
    assert RUNWAY.polls.get_poll_spacing_s(an_account(RUNWAY)) == 5.0
    assert RUNWAY.polls.get_poll_spacing_s(an_account(RUNWAY, poll_spacing_s=0.5)) == 0.5


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"profile": "aleph"}, "profile"),
        ({"webhook_secrets": ["whsec_c2VjcmV0"]}, "webhook_secrets"),
        ({"profile": "runwayml", "base_url": None}, "base_url"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options: Mapping[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        an_account(RUNWAY, **options)


def test_an_operation_of_another_profile_is_not_served_by_the_account() -> None:
    serves = RUNWAY.submits.explain_unserved
    assert serves(an_account(RUNWAY), "tasks") == "the account's upstream has no such operation"
    assert serves(an_account(RUNWAY, profile="runwayml"), "text_to_image") is not None
    assert serves(an_account(RUNWAY, profile="runway"), "tasks") is None
