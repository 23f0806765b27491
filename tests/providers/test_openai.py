"""The adapter of gateways of videos, held to its contracts and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    NOW,
    SECRET,
    a_task,
    an_account,
    asked_of,
    refused_fields,
    sent_to,
)
from tracker.domain.cost import Cost, Phase
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed, Unknown
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front_call import FrontCall, WantsBody
from tracker.providers.registry import PROVIDERS

OPENAI = PROVIDERS["openai"]
PNG = "data:image/png;base64,aGVsbG8="
ROWS = "video/generations"
VIDEO_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "videos": {"model": "sora-2", "prompt": "a cat", "seconds": "4", "size": "1280x720"},
    ROWS: {"model": "kling-v2", "prompt": "a cat", "duration": 5, "images": ["https://a.example"]},
}


class TestOpenAI(SubmitContract, PollContract, ProbeContract, RecordedContract):
    provider = OPENAI
    inputs = VIDEO_INPUTS


class TestRowsOfGateways(SubmitContract, PollContract, ProbeContract):
    provider = OPENAI
    inputs = {ROWS: VIDEO_INPUTS[ROWS]}  # noqa: RUF012 - read only


class TestTasksPath(SubmitContract, PollContract, ProbeContract):
    provider = OPENAI
    inputs = VIDEO_INPUTS
    options = {"profile": "tasks"}  # noqa: RUF012 - read only


def _seen(task: Task, body: Mapping[str, Any]) -> Observation:
    assert OPENAI.polls is not None
    answer = HttpResult(200, {}, json.dumps(body).encode())
    (outcome,) = OPENAI.polls.parse_poll(asked_of(an_account(OPENAI), task), answer)
    assert isinstance(outcome, Observed)
    return outcome.observation


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        ("videos", {"prompt": "a cat"}, "model"),
        ("videos", {"model": "sora-2"}, "prompt"),
        ("videos", {"model": "sora-2", "prompt": ""}, "prompt"),
        ("videos", {"model": "sora-2", "prompt": "a cat", "size": 5}, "size"),
        (ROWS, {"model": "", "prompt": "a cat"}, "model"),
        (ROWS, {"model": "m", "prompt": "a cat", "images": "https://a.example"}, "images"),
        ("videos/remix", {"prompt": "a cat"}, "id"),
        ("videos/remix", {"id": "ours"}, "prompt"),
        ("videos/edits", {"prompt": "it rains"}, "video"),
        ("videos/extensions", {"video": {"id": "ours"}}, "prompt"),
    ],
)
def test_a_field_that_every_model_needs_is_named(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(OPENAI.submits, operation, input_) == [field]


def test_a_video_is_created_by_a_form_with_its_file() -> None:
    body = {
        **VIDEO_INPUTS["videos"],
        "input_reference": PNG,
        "watermark": False,
        "seed": 7,
        "metadata": {"mode": "pro"},
    }
    call = OPENAI.submits.build_submit(sent_to(an_account(OPENAI), a_task("videos"), body))
    assert call.url == "https://provider.example/base/videos"
    assert call.headers["content-type"].startswith("multipart/form-data; boundary=")
    sent = (call.body or b"").decode()
    assert 'name="seconds"\r\n\r\n4\r\n' in sent
    assert 'name="seed"\r\n\r\n7\r\n' in sent
    assert 'name="watermark"\r\n\r\nfalse\r\n' in sent
    assert 'name="metadata"\r\n\r\n{"mode": "pro"}\r\n' in sent
    assert (
        'name="input_reference"; filename="4.png"\r\ncontent-type: image/png\r\n\r\nhello' in sent
    )


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("videos", {"input_reference": {"image_url": "https://pictures.example/a.png"}}),
        ("videos", {"images": ["https://pictures.example/a.png"]}),
        ("videos/edits", {"video": {"url": "https://videos.example/a.mp4"}}),
        (ROWS, {}),
    ],
)
def test_what_no_form_holds_is_sent_as_json(operation: str, more: Mapping[str, Any]) -> None:
    body = {"model": "m", "prompt": "a cat", **more}
    call = OPENAI.submits.build_submit(sent_to(an_account(OPENAI), a_task(operation), body))
    assert call.headers["content-type"] == "application/json"
    assert json.loads(call.body or b"") == body


@pytest.mark.parametrize("profile", ["new-api", "official"])
@pytest.mark.parametrize(
    ("operation", "field", "path"),
    [
        ("videos/remix", "id", "videos/task%2F1/remix"),
        ("videos/edits", "video.id", "videos/edits"),
        ("videos/extensions", "video.id", "videos/extensions"),
    ],
)
def test_a_change_continues_a_task_of_ours_under_the_providers_id(
    operation: str, field: str, path: str, profile: str
) -> None:
    account = an_account(OPENAI, profile=profile)
    assert OPENAI.submits.explain_unserved(account, operation) is None
    is_in_path = field == "id"
    named = {"id": "ours"} if is_in_path else {"video": {"id": "ours"}}
    request = OPENAI.submits.check(operation, {**named, "prompt": "it rains"})
    assert (request.parent, request.parent_field) == ("ours", field)
    parent = a_task("videos", provider_task_id="task/1")
    call = OPENAI.submits.build_submit(
        sent_to(account, a_task(operation), request.body, parent=parent)
    )
    assert call.url.endswith(f"/{path}")
    theirs = {} if is_in_path else {"video": {"id": "task/1"}}
    assert json.loads(call.body or b"") == {"prompt": "it rains", **theirs}


def test_a_video_that_is_changed_may_be_a_file() -> None:
    body = {"prompt": "it rains", "video": "data:video/mp4;base64,aGVsbG8=", "seconds": "4"}
    assert OPENAI.submits.check("videos/extensions", body).parent is None
    task = a_task("videos/extensions")
    sent = OPENAI.submits.build_submit(sent_to(an_account(OPENAI), task, body)).body or b""
    assert b'name="video"; filename="1.mp4"\r\ncontent-type: video/mp4\r\n\r\nhello' in sent


@pytest.mark.parametrize(
    ("profile", "operation", "path"),
    [
        (None, "videos", "videos/a%2Fb"),
        (None, "videos/remix", "videos/a%2Fb"),
        (None, ROWS, "video/generations/a%2Fb"),
        (None, "video/create", "video/query?id=a%2Fb"),
        ("tasks", "videos", "tasks/a%2Fb"),
        ("tasks", ROWS, "tasks/a%2Fb"),
    ],
)
def test_each_format_is_asked_at_its_own_path(
    profile: str | None, operation: str, path: str
) -> None:
    assert OPENAI.polls is not None
    account = an_account(OPENAI, profile=profile)
    call = OPENAI.polls.build_poll(asked_of(account, a_task(operation, provider_task_id="a/b")))
    assert call is not None
    assert call.url == f"https://provider.example/base/{path}"


@pytest.mark.parametrize("operation", VIDEO_INPUTS)
def test_a_lost_create_is_never_found_and_never_denied(operation: str) -> None:
    account = an_account(OPENAI)
    assert OPENAI.looks is None
    assert OPENAI.cancels is not None
    asking = asked_of(account, a_task(operation, provider_task_id="theirs"))
    assert OPENAI.cancels.build_cancel(asking) is None
    assert OPENAI.submits.get_lookup_kind(account) is Finds.NEVER
    sending = sent_to(account, a_task(operation))
    for answer in (
        HttpFailure(Certainty.UNKNOWN, "cut"),
        HttpResult(500, {}, b'{"code": "insert_task_failed", "message": "", "data": null}'),
        HttpResult(524, {}, b"<html>a timeout occurred</html>"),
        HttpResult(200, {}, b'{"code": "fail_to_fetch_task", "data": {"task_id": "x"}}'),
    ):
        assert isinstance(OPENAI.submits.parse_submit(sending, answer), Unknown)
    assert OPENAI.polls is not None
    unnamed = a_task(operation, provider_task_id=None)
    assert OPENAI.polls.build_poll(asked_of(account, unnamed)) is None


@pytest.mark.parametrize(
    ("more", "is_doubtful"),
    [
        ({"fail_reason": "任务超时（60分钟）"}, True),
        ({"fail_reason": "上游任务超时（超过1小时）"}, True),
        ({"fail_reason": "获取渠道信息失败，请联系管理员"}, True),
        ({"fail_reason": "upstream returned error"}, True),
        ({"error": {"message": "upstream returned unrecognized message"}}, True),
        ({"error": "task timeout"}, True),
        ({}, True),
        ({"status": "expired", "error": "too old"}, True),
        ({"fail_reason": "the prompt was rejected"}, False),
        ({"error": {"code": "moderation_blocked", "message": "blocked"}}, False),
    ],
)
def test_a_verdict_of_the_gateways_own_is_doubted(
    more: Mapping[str, Any], *, is_doubtful: bool
) -> None:
    task = a_task("videos", provider_task_id="x")
    said = _seen(task, {"id": "x", "status": "failed", **more})
    assert said.state is TaskState.FAILED
    assert said.error is not None
    assert said.error.doubtful is is_doubtful


def test_only_the_gateways_own_content_needs_the_key() -> None:
    assert OPENAI.results.credentials is not None
    task = a_task("videos", provider_task_id="x")
    own = "https://provider.example/base/videos/x/content"
    for links, url, needs_auth in (
        ({}, own, True),
        ({"metadata": {"url": own}}, own, True),
        ({"url": "https://cdn.example/x/content"}, "https://cdn.example/x/content", False),
        ({"url": "https://provider.example/x.mp4"}, "https://provider.example/x.mp4", False),
    ):
        (piece,) = _seen(task, {"id": "x", "status": "completed", **links}).artifacts
        assert (piece.url, piece.needs_auth, piece.refreshable) == (url, needs_auth, True)
    headers = OPENAI.results.credentials(an_account(OPENAI))
    assert headers == {"provider.example": {"authorization": f"Bearer {SECRET}"}}


def test_a_video_lives_as_long_as_the_gateway_says() -> None:
    task = a_task("videos", provider_task_id="x")
    for given, ends in (
        (1777633300, datetime.fromtimestamp(1777633300, UTC)),
        (0, None),
        (None, None),
    ):
        body = {"id": "x", "status": "completed", "expires_at": given}
        assert _seen(task, body).artifacts[0].expires_at == ends


def _bill(task: Task, status: str, quota: Any) -> Task:
    body = {"task_id": "x", "status": status, "quota": quota, "url": "https://cdn.example/x.mp4"}
    return replace(task, costs=_seen(task, body).costs)


def _entries(task: Task) -> list[tuple[Phase, str]]:
    assert {one.unit for one in task.costs} <= {"quota"}
    return [(one.phase, one.amount) for one in task.costs]


def test_a_charge_is_reserved_then_settled() -> None:
    task = _bill(a_task(ROWS, provider_task_id="x"), "IN_PROGRESS", 100)
    assert _entries(task) == [(Phase.RESERVE, "100")]
    assert _entries(_bill(task, "SUCCESS", 80)) == [(Phase.SETTLE, "80")]
    assert _entries(_bill(task, "SUCCESS", None)) == []


def test_a_failure_is_given_back_at_once_later_twice_or_never() -> None:
    open_ = replace(
        a_task(ROWS, provider_task_id="x"),
        costs=(Cost("unit", "100", unit="quota", phase=Phase.RESERVE),),
    )
    charged = _bill(open_, "FAILURE", 100)
    assert _entries(charged) == [(Phase.SETTLE, "100")]
    back = [(Phase.SETTLE, "100"), (Phase.REFUND, "100")]
    assert _entries(_bill(charged, "FAILURE", 0)) == back
    assert _entries(_bill(open_, "FAILURE", 0)) == back
    twice = [(Phase.SETTLE, "100"), (Phase.REFUND, "200")]
    assert _entries(_bill(open_, "FAILURE", -100)) == twice
    unseen = a_task(ROWS, provider_task_id="x")
    assert _entries(_bill(unseen, "FAILURE", -100)) == [(Phase.REFUND, "100")]


def test_an_account_needs_the_address_of_a_gateway() -> None:
    options = OPENAI.options.model_validate({"api_key": SECRET})
    with pytest.raises(ValueError, match="base_url"):
        OPENAI.make_account("default", options)


def test_a_front_reads_the_brackets_of_a_form() -> None:
    assert OPENAI.front is not None
    call = FrontCall("POST", "v1/videos", NOW, "http://tracker.example/openai")
    assert OPENAI.front.read(call) == WantsBody(or_form=True)
    fields = {
        "prompt": "a cat",
        "metadata[mode]": "pro",
        "metadata[ratio]": "1:1",
        "images[]": ["a", "b"],
        "input_reference[image_url]": "https://pictures.example/a.png",
        "odd[": "x",
    }
    assert OPENAI.front.read(replace(call, body=fields)) == Create(
        "videos",
        {
            "prompt": "a cat",
            "metadata": {"mode": "pro", "ratio": "1:1"},
            "images": ["a", "b"],
            "input_reference": {"image_url": "https://pictures.example/a.png"},
            "odd[": "x",
        },
    )
