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
    SECRET,
    a_task,
    an_account,
    asked_of,
    sent_to,
)
from tracker.domain.errors import InvalidRequest, Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import NotSeen
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
    refused = {name for name in submits.operations if submits.explain_unserved(account, name)}
    assert refused >= missing
    assert not refused & {"imagine", "blend", "describe", "change", "simple-change"}


def test_only_open_proxies_show_a_list_that_holds_our_mark() -> None:
    looks = MIDJOURNEY.looks
    assert looks is not None
    found = {}
    for kind in KINDS:
        account = an_account(MIDJOURNEY, profile=kind)
        found[kind] = MIDJOURNEY.submits.get_lookup_kind(account)
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


@pytest.mark.parametrize("options", [{"profile": "goapi"}, {"webhook_secrets": ["whsec_c2VjcmV0"]}])
def test_options_that_mean_nothing_are_refused_by_name(options: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        an_account(MIDJOURNEY, **options)
