"""CogVideoX's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.access import Scope
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted, Observed
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.commands import Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

COGVIDEO = PROVIDERS["cogvideox"]
PICTURE = "https://pictures.example/a.png"
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "videos/generations": {
        "model": "cogvideox-3",
        "prompt": "rain",
        "size": "1920x1080",
        "duration": 5,
        "fps": 30,
        "style": None,
    },
    "async/images/generations": {"model": "glm-image", "prompt": "rain"},
    "images/generations": {"model": "cogview-4", "prompt": "rain"},
}


class TestCogVideo(SubmitContract, PollContract, ProbeContract, RecordedContract):
    provider = COGVIDEO
    inputs = INPUTS


class TestCogVideoGateway(SubmitContract, PollContract, ProbeContract):
    provider = COGVIDEO
    inputs = INPUTS
    options = {"profile": "gateway"}  # noqa: RUF012 - read only


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"model": None}, ["model"]),
        ({"prompt": None}, ["prompt"]),
        ({"prompt": "a" * 513}, ["prompt"]),
        ({"duration": 7}, ["duration"]),
        ({"fps": 24}, ["fps"]),
        ({"quality": "best"}, ["quality"]),
        ({"with_audio": "yes"}, ["with_audio"]),
        ({"image_url": [PICTURE, 5]}, ["image_url"]),
        ({"request_id": "short"}, ["request_id"]),
        ({"request_id": "a" * 65}, ["request_id"]),
        ({"request_id": 5}, ["request_id"]),
        ({"user_id": "me"}, ["user_id"]),
        ({"duration": 7, "fps": 24}, ["duration", "fps"]),
    ],
)
def test_a_field_that_the_provider_would_refuse_is_named(
    changes: Mapping[str, Any], fields: list[str]
) -> None:
    wrong = {**INPUTS["videos/generations"], **changes}
    assert refused_fields(COGVIDEO.submits, "videos/generations", wrong) == fields


@pytest.mark.parametrize(
    "input_",
    [
        {"model": "cogvideox-3", "image_url": PICTURE},
        {"model": "cogvideox-3", "image_url": [PICTURE, "iVBORw0KGgo="]},
        {"model": "cogvideox-3", "image_url": {"url": PICTURE}},
        {"model": "viduq1-text", "prompt": "a" * 1500, "duration": 4, "style": "anime"},
    ],
)
def test_pictures_and_models_of_others_pass(input_: Mapping[str, Any]) -> None:
    assert COGVIDEO.submits.check("videos/generations", input_).body == input_


@pytest.mark.parametrize(
    ("name", "is_sent"), [("order-42", True), ("a", False), ("a" * 65, False), ("a" * 64, True)]
)
def test_our_name_is_the_request_id_where_it_can_be_one(name: str, *, is_sent: bool) -> None:
    task = a_task("videos/generations", external_task_id=name)
    body = COGVIDEO.submits.check(task.operation, INPUTS[task.operation]).body
    call = COGVIDEO.submits.build_submit(sent_to(an_account(COGVIDEO), task, body))
    sent = json.loads(call.body or b"")["request_id"]
    assert sent == (name if is_sent else str(task.id))


def test_a_lost_submit_is_known_to_exist_at_most() -> None:
    assert COGVIDEO.submits.get_lookup_kind(an_account(COGVIDEO)) is Finds.EXISTENCE
    assert COGVIDEO.submits.get_lookup_kind(an_account(COGVIDEO, profile="gateway")) is Finds.NEVER
    assert COGVIDEO.looks is None
    assert COGVIDEO.polls is not None
    unnamed = a_task("videos/generations", provider_task_id=None)
    assert COGVIDEO.polls.build_poll(asked_of(an_account(COGVIDEO), unnamed)) is None


def test_pictures_at_once_are_the_result_of_the_create() -> None:
    body = {"created": 1, "data": [{"url": PICTURE}]}
    sending = sent_to(an_account(COGVIDEO), a_task("images/generations"))
    assert COGVIDEO.submits.build_submit(sending).lasts_s == 300.0
    outcome = COGVIDEO.submits.parse_submit(sending, HttpResult(200, {}, json.dumps(body).encode()))
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert outcome.said.state is TaskState.SUCCEEDED
    assert [piece.url for piece in outcome.said.artifacts] == [PICTURE]


def test_an_empty_success_is_doubted() -> None:
    assert COGVIDEO.polls is not None
    task = a_task("videos/generations", stage="SUCCESS without a result", provider_task_id="1")
    body = json.dumps({"task_status": "SUCCESS"}).encode()
    (outcome,) = COGVIDEO.polls.parse_poll(
        asked_of(an_account(COGVIDEO), task), HttpResult(200, {}, body)
    )
    assert isinstance(outcome, Observed)
    assert outcome.observation.error is not None
    assert outcome.observation.error.doubtful


def test_a_front_shows_several_tasks_of_one_call() -> None:
    front, tasks = COGVIDEO.front, [a_task("videos/generations"), a_task("videos/generations")]
    assert front is not None
    for known in (tasks, tasks[:1], []):
        ids = [str(one.id) for one in known] or ["no-such"]
        call = FrontCall("POST", "v4/async-results", NOW, body={"ids": ids})
        command = front.read(call)
        assert isinstance(command, Get)
        assert (command.names, command.must_exist, front.get_scope(call)) == (
            ids,
            False,
            Scope.TASKS_READ,
        )
        told = front.show(call, command, Shown(known), "1").body
        shown = [told] if isinstance(told, dict) else told
        assert [one["id"] for one in shown] == [str(one.id) for one in known]
        assert isinstance(told, dict) is (len(known) == 1)
    for wrong in ([], ["a", None], ["a"] * 201):
        with pytest.raises(InvalidRequest):
            front.read(FrontCall("POST", "v4/async-results", NOW, body={"ids": wrong}))


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"base_url": None}, "https://open.bigmodel.cn/api/paas/v4/async-result/1"),
        ({"base_url": None, "region": "zai"}, "https://api.z.ai/api/paas/v4/async-result/1"),
    ],
)
def test_the_region_is_the_host(options: Mapping[str, Any], url: str) -> None:
    assert COGVIDEO.polls is not None
    task = a_task("videos/generations", provider_task_id="1")
    call = COGVIDEO.polls.build_poll(asked_of(an_account(COGVIDEO, **options), task))
    assert call is not None
    assert call.url == url
