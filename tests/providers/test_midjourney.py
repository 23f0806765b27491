"""The adapter of Midjourney proxies, held to every adapter's duties and to what was recorded."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
    check_call,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    NOW,
    SECRET,
    a_task,
    an_account,
    asked_of,
    called_back,
    sent_to,
)
from tracker.domain.errors import InvalidRequest, Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Accepted, NotSeen, Observed, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.midjourney.task_object import read_task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

MIDJOURNEY = PROVIDERS["midjourney"]
PICTURE = "data:image/png;base64,iVBORw0KGgo="
KINDS = ("novicezk", "trueai", "new-api", "plain")
PARENT = a_task("imagine", provider_task_id="1712345678901123")


class TestMidjourney(
    SubmitContract, PollContract, CallbackContract, CancelContract, ProbeContract, RecordedContract
):
    provider = MIDJOURNEY
    url_field = "notifyHook"
    inputs = {  # noqa: RUF012 - read only
        "imagine": {"prompt": "a cat", "base64Array": [PICTURE], "botType": "NIJI_JOURNEY"},
        "blend": {"base64Array": [PICTURE, PICTURE], "dimensions": "SQUARE"},
        "describe": {"base64": PICTURE},
        "shorten": {"prompt": "a long cat"},
        "edit": {"prompt": "a hat", "image": PICTURE},
        "edits": {"prompt": "a hat", "image": PICTURE, "maskBase64": PICTURE},
        "retexture": {"prompt": "fur", "image": PICTURE},
        "show": {"jobId": "3fa85f64"},
        "video": {"prompt": "it walks", "image": PICTURE, "motion": "low", "batchSize": 2},
        "insight-face/swap": {"sourceBase64": PICTURE, "targetBase64": PICTURE},
    }

    @pytest.fixture
    def account(self) -> Account:
        return an_account(MIDJOURNEY, profile="trueai")


def _sent(operation: str, input_: Mapping[str, Any], **options: Any) -> tuple[str, Any]:
    """Return path and body of a create."""
    account = an_account(MIDJOURNEY, base_url="https://proxy.example/mj", **options)
    request = MIDJOURNEY.submits.check(operation, input_)
    parent = PARENT if request.parent else None
    task = a_task(operation, external_task_id="order-42")
    call = MIDJOURNEY.submits.build_submit(sent_to(account, task, request.body, parent=parent))
    return call.url.removeprefix("https://proxy.example"), json.loads(call.body or b"")


@pytest.mark.parametrize(
    ("operation", "input_"),
    [
        ("change", {"taskId": "ours", "action": "UPSCALE", "index": 2}),
        ("change", {"taskId": "ours", "action": "REROLL"}),
        ("action", {"taskId": "ours", "customId": "MJ::JOB::upsample::1::abc"}),
        ("modal", {"taskId": "ours", "prompt": "a hat", "maskBase64": PICTURE}),
        ("video", {"taskId": "ours", "action": "extend", "index": 0}),
        ("simple-change", {"content": "ours u2"}),
    ],
)
def test_a_follow_up_names_a_task_of_ours_and_sends_their_id(
    operation: str, input_: Mapping[str, Any]
) -> None:
    request = MIDJOURNEY.submits.check(operation, input_)
    assert request.parent == "ours"
    assert request.parent_field == ("content" if operation == "simple-change" else "taskId")
    path, body = _sent(operation, input_)
    assert path == f"/mj/submit/{operation}"
    if operation == "simple-change":
        assert body["content"] == "1712345678901123 U2"
    else:
        assert body["taskId"] == "1712345678901123"
    with pytest.raises(Misuse):
        MIDJOURNEY.submits.build_submit(
            sent_to(an_account(MIDJOURNEY), a_task(operation), request.body)
        )


def test_a_parent_may_be_named_by_a_number() -> None:
    number = 1712345678901123
    request = MIDJOURNEY.submits.check("action", {"taskId": number, "customId": "x"})
    assert request.parent == "1712345678901123"


def test_our_mark_travels_as_state_and_the_callers_stays_here() -> None:
    request = MIDJOURNEY.submits.check("imagine", {"prompt": "a cat", "state": "mine"})
    assert request.body["state"] == "mine"
    assert _sent("imagine", {"prompt": "a cat", "state": "mine"})[1]["state"] == "order-42"


@pytest.mark.parametrize(
    ("profile", "base", "mode", "path"),
    [
        ("new-api", "https://gw.example/mj", "FAST", "/mj-fast/mj/submit/imagine"),
        ("trueai", "https://gw.example/mj", "turbo", "/mj-turbo/mj/submit/imagine"),
        ("plain", "https://gw.example/mj-fast/mj", "Relax", "/mj-relax/mj/submit/imagine"),
        ("plain", "https://gw.example/mj-fast/mj", None, "/mj-fast/mj/submit/imagine"),
        ("novicezk", "https://gw.example/mj", "fast", "/mj/submit/imagine"),
        ("plain", "https://gw.example/path", "fast", "/path/submit/imagine"),
    ],
)
def test_a_mode_is_a_path_where_the_proxy_has_such(
    profile: str, base: str, mode: str | None, path: str
) -> None:
    account = an_account(MIDJOURNEY, base_url=base, profile=profile)
    given = {"prompt": "a cat"} | ({} if mode is None else {"mode": mode})
    body = MIDJOURNEY.submits.check("imagine", given).body
    call = MIDJOURNEY.submits.build_submit(sent_to(account, a_task("imagine"), body))
    assert call.url == f"https://gw.example{path}"
    assert b"mode" not in (call.body or b"")


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        ({"profile": "novicezk"}, "mj-api-secret", SECRET),
        ({"profile": "trueai"}, "mj-api-secret", SECRET),
        ({"profile": "trueai", "key_in": "authorization"}, "authorization", SECRET),
        ({"profile": "new-api"}, "authorization", f"Bearer {SECRET}"),
        ({}, "mj-api-secret", SECRET),
        ({"key_in": "bearer"}, "authorization", f"Bearer {SECRET}"),
    ],
)
def test_the_key_goes_into_one_field_alone(
    options: Mapping[str, str], header: str, value: str
) -> None:
    call = MIDJOURNEY.submits.build_submit(
        sent_to(an_account(MIDJOURNEY, **options), a_task("imagine"), {"prompt": "x"})
    )
    fields = {n: v for n, v in call.headers.items() if n in ("mj-api-secret", "authorization")}
    assert fields == {header: value}


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        ("imagine", {"prompt": ""}, "prompt"),
        ("imagine", {"prompt": 7}, "prompt"),
        ("imagine", {"prompt": "x", "state": "x" * 2001}, "state"),
        ("imagine", {"prompt": "x", "mode": "slow"}, "mode"),
        ("blend", {"base64Array": [PICTURE]}, "base64Array"),
        ("blend", {"base64Array": [PICTURE] * 6}, "base64Array"),
        ("blend", {"base64Array": [PICTURE] * 2, "dimensions": "WIDE"}, "dimensions"),
        ("describe", {}, "base64"),
        ("change", {"taskId": "a", "action": "ZOOM"}, "action"),
        ("change", {"taskId": "a", "action": "UPSCALE"}, "index"),
        ("change", {"taskId": "a", "action": "UPSCALE", "index": 5}, "index"),
        ("simple-change", {"content": "a Z9"}, "content"),
        ("action", {"taskId": "a"}, "customId"),
        ("modal", {"prompt": "x"}, "taskId"),
        ("edits", {"prompt": "x"}, "image"),
        ("video", {"image": PICTURE}, "prompt"),
        ("video", {"action": "extend", "taskId": "a"}, "index"),
        ("video", {"prompt": "x", "batchSize": 3}, "batchSize"),
        ("insight-face/swap", {"sourceBase64": PICTURE}, "targetBase64"),
    ],
)
def test_what_a_proxy_would_refuse_is_refused_by_its_field(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        MIDJOURNEY.submits.check(operation, input_)
    assert field in [one.path for one in caught.value.fields]


@pytest.mark.parametrize(
    ("profile", "missing"),
    [
        ("novicezk", {"action", "modal", "shorten", "edits", "video", "insight-face/swap"}),
        ("new-api", {"edit", "retexture", "show"}),
        ("trueai", set()),
        ("plain", set()),
    ],
)
def test_each_kind_of_proxy_serves_its_operations(profile: str, missing: set[str]) -> None:
    submits, account = MIDJOURNEY.submits, an_account(MIDJOURNEY, profile=profile)
    refused = {name for name in submits.operations if submits.serves(account, name)}
    assert refused >= missing
    assert not refused & {"imagine", "blend", "describe", "change", "simple-change"}


def test_only_open_proxies_show_a_list_that_holds_our_mark() -> None:
    looks = MIDJOURNEY.looks
    assert looks is not None
    found = {}
    for kind in KINDS:
        account = an_account(MIDJOURNEY, profile=kind)
        found[kind] = MIDJOURNEY.submits.finds(account)
        asking = asked_of(account, a_task("imagine"))
        if found[kind] is Finds.BY_SCAN:
            call = check_call(account, looks.build_lookup(asking))
            assert call.url.endswith("/task/list")
        else:
            assert looks.build_lookup(asking) is None
    assert found == {
        "novicezk": Finds.BY_SCAN,
        "trueai": Finds.BY_SCAN,
        "new-api": Finds.NEVER,
        "plain": Finds.NEVER,
    }


def test_silence_of_a_list_is_never_a_denial() -> None:
    asking = asked_of(an_account(MIDJOURNEY, profile="trueai"), a_task("imagine"))
    assert MIDJOURNEY.looks is not None
    for body in (b"[]", b"[null, 7, {}]", b'[{"id": "1", "status": "SUCCESS", "state": "x"}]'):
        outcome = MIDJOURNEY.looks.parse_lookup(asking, HttpResult(200, {}, body))
        assert isinstance(outcome, NotSeen)


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


@pytest.mark.parametrize("options", [{"profile": "goapi"}, {"webhook_secrets": ["whsec_c2VjcmV0"]}])
def test_options_that_mean_nothing_are_refused_by_name(options: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        an_account(MIDJOURNEY, **options)


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
