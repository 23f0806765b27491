"""Answers of Midjourney proxies, as the adapter reads them, and what it takes for doubtful."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.provider_contract import (
    check_call,
)
from tests.providers.support import (
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    sent_to,
)
from tests.providers.test_midjourney import MIDJOURNEY, PARENT
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Accepted, Observed, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.midjourney.task_object import read_task


def _accepted(operation: str, body: Mapping[str, Any], profile: str) -> Accepted:
    account = an_account(MIDJOURNEY, profile=profile)
    outcome = MIDJOURNEY.submits.parse_submit(
        sent_to(account, a_task(operation), parent=PARENT),
        HttpResult(200, {}, json.dumps(body).encode()),
    )
    assert isinstance(outcome, Accepted)
    return outcome


def test_a_bookmark_makes_no_task_and_is_done() -> None:
    outcome = _accepted("action", {"code": 1, "result": PARENT.provider_task_id}, "trueai")
    assert outcome.provider_task_id is None
    assert outcome.said is not None
    assert outcome.said.state is TaskState.SUCCEEDED
    assert [(one.kind, one.id) for one in outcome.said.artifacts] == [
        ("bookmark", PARENT.provider_task_id)
    ]


def test_a_modal_goes_on_under_the_id_of_its_parent() -> None:
    outcome = _accepted("modal", {"code": 1, "result": PARENT.provider_task_id}, "trueai")
    assert (outcome.provider_task_id, outcome.said) == (PARENT.provider_task_id, None)


def test_pic_reader_all_makes_four_tasks() -> None:
    outcome = _accepted("action", {"code": 1, "result": "11, 12,13,14,"}, "trueai")
    assert outcome.provider_task_id == "11"
    assert [(one.provider_task_id, one.mark) for one in outcome.parts] == [
        ("12", "2"),
        ("13", "3"),
        ("14", "4"),
    ]


@pytest.mark.parametrize(
    ("profile", "properties", "is_window"),
    [
        ("trueai", {"finalPrompt": "a cat", "remix": True}, True),
        ("new-api", {}, True),
        ("novicezk", {"status": "SUCCESS", "imageUrl": "https://cdn.example/1.png"}, False),
        ("plain", {"status": "SUCCESS", "imageUrl": "https://cdn.example/1.png"}, False),
        ("plain", {"finalPrompt": "a cat"}, True),
    ],
)
def test_code_21_means_a_window_or_a_task_that_exists(
    profile: str, properties: Mapping[str, Any], *, is_window: bool
) -> None:
    body = {"code": 21, "description": "x", "result": "11", "properties": properties}
    outcome = _accepted("action", body, profile)
    assert outcome.provider_task_id == "11"
    assert (outcome.said is not None) is is_window
    if outcome.said is not None:
        assert (outcome.said.state, outcome.said.word) == (TaskState.RUNNING, "MODAL")


def test_several_tasks_are_asked_for_by_a_list_and_told_apart() -> None:
    account, polls = an_account(MIDJOURNEY), MIDJOURNEY.polls
    assert polls is not None
    tasks = [a_task("imagine", key=n, provider_task_id=str(n)) for n in range(1, 4)]
    asking = asked_of(account, *tasks)
    call = check_call(account, polls.build_poll(asking))
    assert (call.method, call.url[-23:]) == ("POST", "/task/list-by-condition")
    assert json.loads(call.body or b"") == {"ids": ["1", "2", "3"]}
    entries = [
        {"id": 3, "status": "IN_PROGRESS", "progress": "10%"},
        {"id": "99", "status": "SUCCESS"},
        {"id": "1", "status": "SUCCESS", "imageUrl": "https://cdn.example/1.png"},
        None,
    ]
    answer = HttpResult(200, {}, json.dumps(entries).encode())
    first, second, third = polls.parse_poll(asking, answer)
    assert isinstance(first, Observed)
    assert first.observation.state is TaskState.SUCCEEDED
    assert isinstance(second, Absent)
    assert second.weak
    assert isinstance(third, Observed)
    assert third.observation.state is TaskState.RUNNING


@pytest.mark.parametrize(
    ("status", "body", "is_alone"),
    [
        (404, b"{}", True),
        (400, b"{}", True),
        (200, b"", False),
        (200, b"{}", True),
        (500, b"", False),
    ],
)
def test_a_proxy_without_the_list_is_asked_one_by_one(
    status: int, body: bytes, *, is_alone: bool
) -> None:
    asking = asked_of(an_account(MIDJOURNEY), PARENT, PARENT)
    assert MIDJOURNEY.polls is not None
    for outcome in MIDJOURNEY.polls.parse_poll(asking, HttpResult(status, {}, body)):
        assert isinstance(outcome, Unanswered)
        assert outcome.alone is is_alone


@pytest.mark.parametrize(
    ("reason", "is_doubtful"),
    [
        ("任务超时", True),
        ("上游任务超时（超过1小时）", True),
        ("执行超时 5 分钟", True),
        ("Banned prompt detected", False),
        ("获取渠道信息失败，请联系管理员，渠道ID：7", True),
    ],
)
def test_a_failure_by_time_alone_is_doubtful(reason: str, *, is_doubtful: bool) -> None:
    body = {"id": "1", "status": "FAILURE", "progress": "", "failReason": reason}
    assert MIDJOURNEY.calls_back is not None
    (said,) = MIDJOURNEY.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    assert isinstance(said, Observation)
    assert said.error is not None
    assert said.error.doubtful is is_doubtful


def test_a_result_keeps_its_buttons_and_never_our_callback_url() -> None:
    button = {"customId": "MJ::JOB::upsample::1::x", "label": "U1", "style": 2, "type": 2}
    body = {
        "id": "1",
        "status": "SUCCESS",
        "imageUrl": "https://cdn.example/1.png",
        "buttons": [button, "odd", {"customId": {"a": 1}}],
        "properties": {"finalPrompt": "a cat", "notifyHook": "https://us.example/callbacks/t0k3n"},
    }
    assert MIDJOURNEY.calls_back is not None
    (said,) = MIDJOURNEY.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    assert isinstance(said, Observation)
    assert said.detail is not None
    assert said.detail["finalPrompt"] == "a cat"
    assert [one["customId"] for one in said.detail["buttons"]] == [button["customId"], None]
    assert "t0k3n" not in json.dumps(said.detail)


@pytest.mark.parametrize(
    ("url", "expires"),
    [
        ("https://cdn.discordapp.com/a.png?ex=6741a000&hm=1", "2024-11-23T09:27:28+00:00"),
        ("https://cdn.discordapp.com/a.png", "2026-11-25T12:00:00+00:00"),
        ("https://cdn.discordapp.com/a.png?ex=zz", "2026-11-25T12:00:00+00:00"),
        ("https://gateway.example/mj/image/1?rand=7", None),
    ],
)
def test_a_link_of_discord_says_when_it_dies(url: str, expires: str | None) -> None:
    ended = int(NOW.timestamp() * 1000)
    body = {"id": "1", "status": "SUCCESS", "imageUrl": url, "finishTime": ended}
    assert MIDJOURNEY.calls_back is not None
    (said,) = MIDJOURNEY.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    assert isinstance(said, Observation)
    (piece,) = said.artifacts
    assert (None if piece.expires_at is None else piece.expires_at.isoformat()) == expires


def test_fields_that_a_gateway_keeps_as_text_are_read() -> None:
    said = read_task(
        {
            "id": "1",
            "status": "SUCCESS",
            "imageUrl": "https://cdn.example/a.webp",
            "buttons": '[{"customId": "x", "label": "U1"}]',
            "properties": '{"finalPrompt": "a cat --v 6"}',
        }
    )
    assert said is not None
    assert said.detail is not None
    assert [one["customId"] for one in said.detail["buttons"]] == ["x"]
    assert said.detail["finalPrompt"] == "a cat --v 6"


_DONE = {"id": "7", "status": "SUCCESS", "progress": "100%"}
URL = "https://cdn.example/a"


@pytest.mark.parametrize(
    ("body", "state", "links"),
    [
        (_DONE | {"image_url": URL}, TaskState.SUCCEEDED, [URL]),
        (_DONE | {"image_urls": [URL, f"{URL}2"]}, TaskState.SUCCEEDED, [URL, f"{URL}2"]),
        (_DONE | {"video_url": URL, "imageUrl": f"{URL}.png"}, TaskState.SUCCEEDED, [URL]),
        (_DONE | {"status": "COMPLETED", "imageUrl": URL}, TaskState.SUCCEEDED, [URL]),
        ({"task_id": "7", "status": "PENDING"}, TaskState.SUBMITTED, []),
        ({"id": 7, "status": "processing", "progress": 45}, TaskState.RUNNING, []),
        ({"id": "7", "status": "FAILED", "fail_reason": "bad"}, TaskState.FAILED, []),
        ({"id": "7", "status": "CONFIRM"}, None, []),
    ],
)
def test_other_spellings_of_relays_are_read(
    body: Mapping[str, Any], state: TaskState | None, links: list[str]
) -> None:
    said = read_task(body)
    assert said is not None
    assert (said.state, [one.url for one in said.artifacts]) == (state, links)
    assert said.provider_task_id == "7"
    assert state is not TaskState.FAILED or said.message == "bad"


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "success", "data": {"task_id": "7"}},
        {"code": 200, "description": "ok", "result": 7},
        {"code": 1, "taskId": "7"},
        {"code": "success", "data": "7"},
        {"success": True, "result": "7"},
    ],
)
def test_a_create_in_the_envelope_of_a_relay_is_accepted(body: Mapping[str, Any]) -> None:
    assert _accepted("imagine", body, "plain").provider_task_id == "7"
    for refused in ({**body, "code": 9}, {**body, "success": False, "code": None}):
        account = an_account(MIDJOURNEY, profile="plain")
        answer = HttpResult(200, {}, json.dumps(refused).encode())
        outcome = MIDJOURNEY.submits.parse_submit(sent_to(account, a_task("imagine")), answer)
        assert not isinstance(outcome, Accepted)
