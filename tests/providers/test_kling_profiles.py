"""Calls of Kling's two dialects and of each kind of gateway: addresses, headers, bodies."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.support import NOW, a_task, asked_of, called_back, sent_to
from tests.support.requests import EXAMPLE
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import Observed, Unanswered
from tracker.domain.task import Task, TaskState
from tracker.emulator.core.signing import build_signature_headers
from tracker.providers.kling import profiles
from tracker.providers.kling.adapter import KlingAdapter
from tracker.providers.kling.options import KlingOptions
from tracker.providers.ports.account import Account
from tracker.services.reconcile.grouping import group_tasks

KLING = KlingAdapter()
URL = "https://tracker.example/callbacks/kling/1/t"


def _account(name: str, base_url: str, **options: Any) -> Account:
    given = {"api_key": "k"} | options
    made = KlingOptions.model_validate({k: v for k, v in given.items() if v is not None})
    return Account(name, base_url, made)


def _with(account: Account, **options: Any) -> Account:
    given = {name: getattr(account.options, name) for name in account.options.model_fields_set}
    return _account(account.name, account.base_url, **(given | options))


OFFICIAL = _account("main", "https://api-singapore.klingai.com")
PAIR = _with(OFFICIAL, api_key=None, access_key="ak", secret_key="sk")
GATEWAY = _account("gw", "https://gw.example/kling")
T2V = "videos/text2video"
STANDARD = "text-to-video/kling-3.0"


def _sent(account: Account, task: Task, body: dict[str, Any], url: str | None = URL) -> Any:
    call = KLING.build_submit(sent_to(account, task, body, url))
    return call, json.loads(call.body or b"")


def _poll(account: Account, task: Task) -> HttpCall:
    call = KLING.build_poll(asked_of(account, task))
    assert call is not None
    return call


@pytest.mark.parametrize(
    ("base_url", "profile"),
    [
        ("https://api-singapore.klingai.com", "official"),
        ("https://api-beijing.klingai.com", "official"),
        ("https://api.klingai.com", "official"),
        ("https://klingai.com.evil.example", "gateway"),
        ("http://127.0.0.1:9", "gateway"),
    ],
)
def test_a_profile_that_nobody_chose_is_told_by_the_host(base_url: str, profile: str) -> None:
    assert profiles.find_profile_name(replace(OFFICIAL, base_url=base_url)) == profile


def test_the_new_standard_has_its_url_and_our_id_under_options() -> None:
    task = a_task(STANDARD)
    body = dict(
        KLING.check(
            STANDARD, {"prompt": "rain", "options": {"watermark_info": {"enabled": False}}}
        ).body
    )
    call, sent = _sent(OFFICIAL, task, body)
    assert call.url == f"{OFFICIAL.base_url}/text-to-video/kling-3.0"
    assert sent == {
        "prompt": "rain",
        "options": {
            "watermark_info": {"enabled": False},
            "callback_url": URL,
            "external_task_id": task.external_task_id,
        },
    }
    assert "callback_url" not in _sent(OFFICIAL, task, body, None)[1]["options"]
    assert _poll(OFFICIAL, replace(task, provider_task_id="9")).url == (
        f"{OFFICIAL.base_url}/tasks?task_ids=9"
    )
    named = replace(task, external_task_id="a,b c")
    assert _poll(OFFICIAL, named).url == f"{OFFICIAL.base_url}/tasks?external_task_ids=a%2Cb%20c"


def test_solutions_are_asked_for_on_their_own_path() -> None:
    task = a_task("solutions/drama-subtitle", provider_task_id="9")
    assert _poll(OFFICIAL, task).url == f"{OFFICIAL.base_url}/solutions?task_ids=9"


def test_what_the_new_standard_would_ignore_is_told() -> None:
    wrong = {"prompt": "rain", "callback_url": URL, "external_task_id": "mine"}
    with pytest.raises(InvalidRequest) as caught:
        KLING.check(STANDARD, wrong)
    assert [field.path for field in caught.value.fields] == ["callback_url", "external_task_id"]
    assert "under options" in caught.value.fields[0].reason


def test_the_new_standards_wishes_are_read_and_taken_out_of_the_body() -> None:
    options = {"callback_url": URL, "external_task_id": "mine", "x": 1}
    request = KLING.check(STANDARD, {"prompt": "rain", "options": options})
    assert (request.callback_url, request.external_task_id) == (URL, "mine")
    assert request.body["options"] == {"x": 1}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({}, "prompt"),
        ({"prompt": "rain", "settings": {"duration": "5"}}, "settings.duration"),
        ({"prompt": "rain", "settings": {"resolution": "2k"}}, "settings.resolution"),
        ({"prompt": "rain", "options": [1]}, "options"),
        ({"prompt": "rain", "options": {"callback_url": "x"}}, "options.callback_url"),
        ({"contents": [{"type": "prompt"}]}, "contents"),
        ({"contents": [{"text": "rain"}]}, "contents[0].type"),
    ],
)
def test_a_wrong_field_of_the_new_standard_is_named(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        KLING.check(STANDARD, wrong)
    assert caught.value.fields[0].path == path


@pytest.mark.parametrize(
    ("account", "operation", "told"),
    [
        (OFFICIAL, STANDARD, None),
        (OFFICIAL, T2V, None),
        (PAIR, T2V, None),
        (PAIR, STANDARD, "the new standard takes an API key"),
        (_with(OFFICIAL, dialect="legacy"), STANDARD, "speaks the legacy dialect only"),
        (_with(OFFICIAL, dialect="standard"), T2V, "speaks the standard dialect only"),
        (OFFICIAL, "unknown", "no such operation"),
        (OFFICIAL, "text-to-video/../x", "no such operation"),
        (OFFICIAL, "tasks/x", "no such operation"),
        (_with(GATEWAY, profile="new-api"), T2V, None),
        (_with(GATEWAY, profile="new-api"), "images/generations", "new-api serves"),
        (_with(GATEWAY, profile="piapi"), "videos/effects", None),
        (_with(GATEWAY, profile="piapi"), "videos/multi-image2video", "no task type"),
        (_with(GATEWAY, profile="acedata"), "videos/motion-control", None),
        (_with(GATEWAY, profile="acedata"), STANDARD, "AceDataCloud serves"),
    ],
)
def test_what_an_account_cannot_do_is_told_before_anything_is_sent(
    account: Account, operation: str, told: str | None
) -> None:
    refusal = KLING.explain_unserved(account, operation)
    assert refusal is None if told is None else told in (refusal or "")


def test_on_the_official_host_one_list_serves_both_dialects() -> None:
    wanted = [
        a_task(T2V, key=1, provider_task_id="1"),
        a_task(STANDARD, key=2, provider_task_id="2"),
        a_task(STANDARD, key=3),
        a_task("solutions/x", key=4, provider_task_id="4"),
        # Whether it exists at all is asked on its own path.
        a_task(T2V, key=5, state=TaskState.UNCERTAIN),
        *(a_task(T2V, key=n, provider_task_id=str(n)) for n in range(6, 27)),
    ]
    groups = group_tasks(KLING, OFFICIAL, wanted)
    assert [len(group) for group in groups] == [20, 3, 1, 1, 1]
    call = KLING.build_poll(asked_of(OFFICIAL, *groups[1]))
    assert call is not None
    assert call.url == f"{OFFICIAL.base_url}/tasks?task_ids=24,25,26"
    assert groups[-1][0].key == 5
    assert _poll(OFFICIAL, groups[-1][0]).url.startswith(f"{OFFICIAL.base_url}/v1/videos/")


@pytest.mark.parametrize(
    "account",
    [PAIR, GATEWAY, replace(OFFICIAL, base_url="https://api.klingai.com")],
    ids=["key pair", "gateway", "old host"],
)
def test_elsewhere_legacy_tasks_are_asked_for_one_by_one(account: Account) -> None:
    wanted = [a_task(T2V, key=n, provider_task_id=str(n)) for n in range(3)]
    assert [len(group) for group in group_tasks(KLING, account, wanted)] == [1, 1, 1]


def test_of_a_task_that_the_list_does_not_hold_nothing_is_concluded() -> None:
    wanted = [
        a_task(T2V, provider_task_id="1"),
        a_task(T2V, provider_task_id="2"),
        a_task(STANDARD, external_task_id="mine", provider_task_id=None),
    ]
    told = [
        {"id": "1", "status": "succeeded", "outputs": []},
        {"id": "9", "status": "processing", "external_id": "mine"},
        "nonsense",
        {"id": "77", "status": "failed"},
    ]
    answer = HttpResult(200, {}, json.dumps({"code": 0, "data": told}).encode())
    first, second, third = KLING.parse_poll(asked_of(OFFICIAL, *wanted), answer)
    assert isinstance(first, Observed)
    assert first.observation.state is TaskState.SUCCEEDED
    assert isinstance(second, Unanswered)
    assert second.alone
    assert isinstance(third, Observed)
    assert third.observation.state is TaskState.RUNNING


@pytest.mark.parametrize(("status", "alone"), [(404, 2), (401, 2), (429, 0), (502, 0)])
def test_a_list_that_is_not_served_leads_to_asking_one_by_one(status: int, alone: int) -> None:
    asking = asked_of(OFFICIAL, a_task(T2V), a_task(T2V))
    outcomes = KLING.parse_poll(asking, HttpResult(status, {}, b"<html>"))
    assert sum(isinstance(one, Unanswered) and one.alone for one in outcomes) == alone


def test_new_api_is_never_asked_by_an_id_that_it_does_not_know() -> None:
    account = _with(GATEWAY, profile="new-api")
    assert KLING.build_poll(asked_of(account, a_task(T2V))) is None
    assert _poll(account, a_task(T2V, provider_task_id="task_1")).url == (
        "https://gw.example/kling/v1/videos/text2video/task_1"
    )


@pytest.mark.parametrize("operation", [T2V, STANDARD])
@pytest.mark.parametrize("account", [GATEWAY, OFFICIAL])
def test_who_does_not_find_our_ids_is_not_asked_by_them(account: Account, operation: str) -> None:
    """It would deny a task that it has, and we would send it again."""
    uncertain = a_task(operation, state=TaskState.UNCERTAIN, provider_task_id=None)
    assert KLING.build_poll(asked_of(account, uncertain)) is not None
    forgetful = _with(account, finds_external_ids=False)
    assert KLING.build_poll(asked_of(forgetful, uncertain)) is None
    assert KLING.get_poll_group(forgetful, uncertain) is None  # not together with others
    known = replace(uncertain, provider_task_id="881")
    assert "881" in _poll(forgetful, known).url


def test_piapi_has_its_own_path_key_header_names_and_secret() -> None:
    account = _account("pi", "https://api.piapi.ai", profile="piapi", webhook_secrets=("s", "old"))
    body = {"model_name": "kling-v2-5-turbo", "prompt": "rain", "image": "https://x/1.png"}
    call, sent = _sent(account, a_task("videos/image2video"), body | {"duration": "5"})
    assert call.url == "https://api.piapi.ai/api/v1/task"
    assert call.headers["x-api-key"] == "k"
    assert "authorization" not in call.headers
    assert sent == {
        "model": "kling",
        "task_type": "video_generation",
        "input": {
            "version": "2.5-turbo",
            "prompt": "rain",
            "image_url": "https://x/1.png",
            "duration": 5,
        },
        "config": {"webhook_config": {"endpoint": URL, "secret": "s"}},
    }
    assert KLING.build_poll(asked_of(account, a_task(T2V))) is None
    assert _poll(account, a_task(T2V, provider_task_id="a/b")).url.endswith("/api/v1/task/a%2Fb")
    for given, flaw in [("s", None), ("old", None), ("x", "does not fit"), ("", "not signed")]:
        scheme = KLING.get_proof_scheme(account)
        assert scheme is not None
        proof = scheme.verify(called_back(b"{}", {"x-webhook-secret": given}), now=NOW)
        assert proof.flaw is None if flaw is None else flaw in (proof.flaw or "")


def test_acedata_is_told_not_to_block_and_is_asked_by_post() -> None:
    account = _account("ace", "https://api.acedata.cloud", profile="acedata")
    body = {"model_name": "kling-v1-6", "prompt": "rain", "image": "https://x/1.png"}
    call, sent = _sent(account, a_task("videos/image2video"), body | {"duration": "10"})
    assert call.url == "https://api.acedata.cloud/kling/videos"
    assert sent == {
        "model": "kling-v1-6",
        "prompt": "rain",
        "start_image_url": "https://x/1.png",
        "duration": 10,
        "action": "image2video",
        "async": True,
        "callback_url": URL,
    }
    asked = _poll(account, a_task(T2V, provider_task_id="u"))
    assert (asked.method, asked.url) == ("POST", "https://api.acedata.cloud/kling/tasks")
    assert json.loads(asked.body or b"") == {"action": "retrieve", "id": "u"}
    assert KLING.build_poll(asked_of(account, a_task(T2V))) is None


def test_callbacks_are_proved_by_signature_on_kling_and_its_likes() -> None:
    secret = "whsec_c2VjcmV0IHRleHQ="
    account = _with(OFFICIAL, webhook_secrets=(secret,))
    stamp = int(NOW.timestamp())
    headers = build_signature_headers([secret], message_id="m", timestamp=stamp, body=b"{}")
    scheme = KLING.get_proof_scheme(account)
    assert scheme is not None
    proof = scheme.verify(called_back(b"{}", headers), now=NOW)
    assert (proof.flaw, proof.message_id) == (None, "m")
    assert KLING.get_proof_scheme(OFFICIAL) is None


def test_the_contracts_own_example_goes_out_as_it_came() -> None:
    operation = "videos/multi-image2video"
    task = a_task(operation)
    call, sent = _sent(GATEWAY, task, dict(KLING.check(operation, EXAMPLE).body))
    assert call.url == "https://gw.example/kling/v1/videos/multi-image2video"
    assert sent | EXAMPLE == sent
    assert sent["external_task_id"] == task.external_task_id
