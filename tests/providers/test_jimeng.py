"""Jimeng's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.emulator_contract import looked_at
from tests.providers.kinds import KINDS
from tests.providers.provider_contract import (
    PollContract,
    ProbeContract,
    SubmitContract,
    check_call,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import (
    Absence,
    Absent,
    CancelAsked,
    Observed,
    Refused,
)
from tracker.domain.task import TaskState
from tracker.providers.kit.volc_signature import VolcKey
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

JIMENG = PROVIDERS["jimeng"]
PICTURE = "https://pictures.example/a.png"
PAIR = {"access_key": "emulator-key", "secret_key": "emulator-secret"}
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "jimeng_t2i_v40": {"prompt": "rain", "image_urls": [PICTURE] * 10, "scale": 0.5, "seed": -1},
    "jimeng_t2i_v31": {"prompt": "rain", "width": 1024, "height": 768},
    "jimeng_t2i_v30": {"prompt": "rain", "force_single": True},
    "jimeng_i2i_v30": {"prompt": "rain", "image_urls": [PICTURE], "size": None},
    "jimeng_ti2v_v30_pro": {"prompt": "rain", "frames": 241, "aspect_ratio": "21:9"},
    "jimeng_t2v_v30": {"prompt": "rain", "frames": 121},
    "jimeng_t2v_v30_1080p": {"prompt": "rain"},
    "jimeng_i2v_first_v30": {"prompt": "rain", "image_urls": [PICTURE]},
    "jimeng_i2v_first_v30_1080": {"binary_data_base64": ["aGVsbG8="]},
    "jimeng_i2v_first_tail_v30": {"image_urls": [PICTURE, PICTURE]},
    "jimeng_i2v_first_tail_v30_1080": {"image_urls": [PICTURE, PICTURE]},
    "jimeng_i2v_recamera_v30": {"image_urls": [PICTURE], "template_id": "crane_push"},
    "jimeng_dream_actor_m1_gen_video_cv": {"image_url": PICTURE, "video_url": PICTURE},
}


def body_of(call: HttpCall | None) -> dict[str, Any]:
    assert call is not None
    body: dict[str, Any] = json.loads(call.body or b"")
    return body


class TestJimeng(SubmitContract, PollContract, ProbeContract, RecordedContract):
    """At a relay, whose Bearer the contracts look for. All calls are POSTs."""

    provider = JIMENG
    inputs = INPUTS

    def test_a_poll_asks_by_their_id(self, account: Account) -> None:
        call = check_call(account, self.polls.build_poll(asked_of(account, self.known_task())))
        assert (call.method, call.url.partition("?")[2]) == (
            "POST",
            "Action=CVSync2AsyncGetResult&Version=2022-08-31",
        )
        wanted = {"req_key": self.operation(), "task_id": "theirs/1"}
        assert body_of(call) == {**wanted, "req_json": '{"return_url":true}'}

    def test_a_probe_changes_nothing(self, account: Account) -> None:
        call = check_call(account, self.probes.build_probe(account, now=NOW))
        assert "Action=CVSync2AsyncGetResult&" in call.url
        assert body_of(call)["task_id"] == "0"


def test_a_create_is_signed_as_the_official_sdk_signs_it() -> None:
    """The vector was made with PyPI volcengine 1.0.229 (auth/SignerV4.py)."""
    pair = {"access_key": "AKLTexample", "secret_key": "c2VjcmV0"}
    account = an_account(JIMENG, base_url=None, api_key=None, **pair)
    task = a_task("jimeng_t2i_v40")
    body = JIMENG.submits.check(task.operation, {"prompt": "a cat"}).body
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    call = JIMENG.submits.build_submit(replace(sent_to(account, task, body), now=at))
    assert call.url == (
        "https://visual.volcengineapi.com/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31"
    )
    assert call.body == b'{"req_key": "jimeng_t2i_v40", "prompt": "a cat"}'
    assert call.headers["x-content-sha256"] == (
        "ef2b386d56d12b7a07b09984107a80db51b80aef0fc93ecc39797501751e16b3"
    )
    assert call.headers["authorization"] == (
        "HMAC-SHA256 Credential=AKLTexample/20260501/cn-north-1/cv/request, "
        "SignedHeaders=content-type;host;x-content-sha256;x-date, "
        "Signature=fac61da9fc276852e1fe4ffdf3d074adfce3b5bf0764865f87a69021cddf5784"
    )


def test_a_lent_pair_signs_its_token_too() -> None:
    key = VolcKey("AK", "SK", "cn-north-1", "cv", "lent")
    headers = key.build_headers("POST", "https://visual.volcengineapi.com/?Action=X", b"{}", NOW)
    assert headers["x-security-token"] == "lent"
    assert "x-content-sha256;x-date;x-security-token," in headers["authorization"]


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("jimeng_t2i_v40", {"prompt": None}, "prompt"),
        ("jimeng_t2i_v40", {"prompt": "a" * 801}, "prompt"),
        ("jimeng_t2i_v40", {"image_urls": [PICTURE] * 11}, "image_urls"),
        ("jimeng_t2i_v40", {"scale": 1.1}, "scale"),
        ("jimeng_t2i_v40", {"seed": -2}, "seed"),
        ("jimeng_t2i_v40", {"req_key": "jimeng_t2i_v30"}, "req_key"),
        ("jimeng_ti2v_v30_pro", {"frames": 120}, "frames"),
        ("jimeng_ti2v_v30_pro", {"aspect_ratio": "2:1"}, "aspect_ratio"),
        ("jimeng_ti2v_v30_pro", {"image_urls": [PICTURE] * 2}, "image_urls"),
        ("jimeng_i2v_first_v30", {"image_urls": None}, "image_urls"),
        ("jimeng_i2v_first_tail_v30", {"image_urls": [PICTURE]}, "image_urls"),
        ("jimeng_i2v_recamera_v30", {"template_id": None}, "template_id"),
        ("jimeng_dream_actor_m1_gen_video_cv", {"req_key": "other"}, "req_key"),
    ],
)
def test_a_field_that_the_provider_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(JIMENG.submits, operation, {**INPUTS[operation], **changes}) == [field]


@pytest.mark.parametrize(
    "name",
    [
        *("jimeng_t2v_v99", "realman_avatar_create_role", "jimeng_high_aes_general_v21_L"),
        *("high_aes_general_v20_L", "pippit_iv2v_v20_cvtob"),
    ],
)
def test_models_that_are_not_known_yet_are_passed_on(name: str) -> None:
    assert JIMENG.submits.explain_unserved(an_account(JIMENG), name) is None
    assert JIMENG.submits.check(name, {"anything": 1}).body == {"anything": 1}
    for wrong in ("", "other_t2i", "jimeng", "jimeng_a/b"):
        assert JIMENG.submits.explain_unserved(an_account(JIMENG), wrong)


@pytest.mark.parametrize(("age_s", "kind"), [(59, Absence.NOT_YET), (60, Absence.DENIED)])
def test_a_task_that_is_not_found_is_first_invisible_and_later_forgotten(
    age_s: int, kind: Absence
) -> None:
    assert JIMENG.polls is not None
    made_at = NOW - timedelta(seconds=age_s)
    task = a_task("jimeng_t2i_v40", provider_task_id="1", submitted_at=made_at)
    body = json.dumps({"code": 10000, "data": {"status": "not_found"}}).encode()
    (outcome,) = JIMENG.polls.parse_poll(
        asked_of(an_account(JIMENG), task), HttpResult(200, {}, body)
    )
    assert isinstance(outcome, Absent)
    assert (outcome.kind, outcome.weak) == (kind, True)


def test_results_say_when_they_die() -> None:
    assert JIMENG.polls is not None
    task = a_task("jimeng_t2i_v40", provider_task_id="1")
    data = {"status": "done", "image_urls": [PICTURE], "video_url": PICTURE}
    (outcome,) = JIMENG.polls.parse_poll(
        asked_of(an_account(JIMENG), task),
        HttpResult(200, {}, json.dumps({"code": 10000, "data": data}).encode()),
    )
    assert isinstance(outcome, Observed)
    lives = [one.expires_at - NOW for one in outcome.observation.artifacts if one.expires_at]
    assert lives == [timedelta(hours=24), timedelta(hours=1)]


def test_a_large_picture_is_lost_where_nothing_is_kept() -> None:
    assert JIMENG.polls is not None
    data = {"status": "done", "binary_data_base64": ["A" * 99_999]}
    answer = HttpResult(200, {}, json.dumps({"code": 10000, "data": data}).encode())
    account, task = an_account(JIMENG), a_task("jimeng_t2i_v40", provider_task_id="1")
    (found,) = JIMENG.polls.parse_poll(asked_of(account, task), answer)
    assert isinstance(found, Observed)
    [piece] = found.observation.artifacts
    assert (found.observation.state, piece.state, piece.url) == ("succeeded", "failed", None)


def test_a_lost_submit_is_never_found() -> None:
    assert JIMENG.submits.get_lookup_kind(an_account(JIMENG)) is Finds.NEVER
    assert (JIMENG.looks, JIMENG.calls_back) == (None, None)


def _signing(stage: Scene, **options: Any) -> Caller:
    """Return a caller whose account signs."""
    kind = replace(KINDS["jimeng at a relay"], options={**PAIR, **options})
    return Caller(stage, kind)


@pytest.mark.parametrize("operation", INPUTS)
def test_jimeng_makes_every_operation_with_a_signature(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = _signing(stage)
        task = await caller.made(operation, input_=INPUTS[operation])
        done = await looked_at(caller, task)
        assert done.state is TaskState.SUCCEEDED
        kind = "image" if "2i_" in operation else "video"
        assert [piece.kind for piece in done.artifacts] == [kind]

    play()


@pytest.mark.parametrize("options", [{"secret_key": "wrong"}, {"sign_service": "imagination"}])
def test_a_wrong_signature_puts_the_account_to_rest(options: dict[str, Any]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = _signing(stage, **options)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.blames_account) == ("SignatureDoesNotMatch", True)
        probes = JIMENG.probes
        assert probes is not None
        call = probes.build_probe(caller.account, now=caller.now)
        told = probes.parse_probe(caller.account, await caller.send(call))
        assert told.level == "error"

    play()


@pytest.mark.parametrize(
    ("scenario", "code"),
    [("moderated", "50411"), ("output_moderated", "50511"), ("done_with_code", "50411")],
)
def test_the_outer_code_is_the_verdict(scenario: str, code: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = _signing(stage)
        caller.play(scenario)
        done = await looked_at(caller, await caller.made())
        assert done.state is TaskState.FAILED
        assert done.error is not None
        assert (done.error.code, done.artifacts) == (code, ())

    play()


def test_a_task_is_not_found_under_another_models_name() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = _signing(stage)
        task = await caller.made()
        other = replace(task, operation="jimeng_t2i_v30")
        assert isinstance(await caller.poll(other), Absent)
        assert isinstance(await caller.poll(task), Observed)

    play()


@pytest.mark.parametrize(
    ("scenario", "state"), [("hold", TaskState.CANCELLED), ("cancel_lost", TaskState.SUCCEEDED)]
)
def test_only_a_poll_tells_whether_a_cancel_took_effect(scenario: str, state: TaskState) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = _signing(stage)
        caller.play(scenario)
        task = caller.asked_to_cancel(await caller.made())
        assert isinstance(await caller.cancel(task), CancelAsked)
        assert (await looked_at(caller, task)).state is state

    play()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"profile": "x"}, "profile"),
        ({"webhook_secrets": ["whsec_c2VjcmV0"]}, "webhook_secrets"),
        ({"access_key": "AK"}, "secret_key"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options: Mapping[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        an_account(JIMENG, **options)
