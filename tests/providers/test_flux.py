"""Flux's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.emulator_contract import looked_at
from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract, callback_of
from tests.providers.support import (
    CALLBACK_URL,
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.config import provider_settings
from tracker.domain.cost import Phase
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absence, Absent, Accepted, Observed
from tracker.domain.task import TaskState
from tracker.providers.kit.proofs import RequestSignature, request_secret
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds, Sending
from tracker.providers.registry import PROVIDERS

FLUX = PROVIDERS["flux"]
PICTURE = "https://pictures.example/a.png"
VIDEO = {"flux-3-video": {"mode": "t2v", "prompt": "rain", "duration": "auto", "resolution": "hd"}}
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "flux-pro-1.1": {"prompt": "rain", "width": 1024, "height": 768, "seed": None},
    "flux-2-max": {"prompt": "rain", "input_image": PICTURE, "input_image_9": PICTURE},
    "flux-2-pro": {"prompt": "rain", "width": 2048, "height": 256, "safety_tolerance": 5},
    "flux-2-flex": {"prompt": "rain", "steps": 20, "guidance": 4},
    "flux-2-klein-4b": {"prompt": "rain"},
    "flux-2-klein-9b": {"prompt": "rain", "output_format": "png"},
    "flux-pro-1.1-ultra": {"prompt": "rain", "aspect_ratio": "21:9", "raw": True},
    "flux-kontext-pro": {"prompt": "rain", "input_image": PICTURE, "safety_tolerance": 6},
    "flux-kontext-max": {"prompt": "rain", "aspect_ratio": "9:21"},
    "flux-pro-1.0-fill": {"image": "aGVsbG8=", "mask": "aGVsbG8=", "steps": 15},
    "flux-pro-1.0-expand": {"image": "aGVsbG8=", "top": 2048, "left": 0},
    "flux-pro-1.0-canny": {"prompt": "rain", "control_image": "aGVsbG8="},
    "flux-pro-1.0-depth": {"prompt": "rain", "preprocessed_image": "aGVsbG8="},
    "flux-tools/erase-v1": {"image": PICTURE, "mask": PICTURE, "dilate_pixels": 25},
    "flux-tools/vto-v1": {"prompt": "coat", "person": PICTURE, "garment": PICTURE},
    "flux-tools/video-upscale-v1": {"input_video": PICTURE, "upscale_factor": 1.5},
}


class TestFlux(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    ProbeContract,
    RecordedContract,
):
    provider = FLUX
    inputs = INPUTS
    url_field = "webhook_url"

    def test_nothing_is_proved_without_a_secret(self, account: Account) -> None:
        """Each create carries a secret: a callback that is not signed by it is only a hint."""
        scheme = self.calls_back.get_proof_scheme(account)
        assert scheme is not None
        assert not scheme.verify(called_back(b"{}"), now=NOW).covers_body


class TestFluxVideo(SubmitContract, PollContract):
    provider = FLUX
    inputs = VIDEO


class TestFluxGateway(SubmitContract, PollContract, ProbeContract):
    provider = FLUX
    inputs = INPUTS
    options = {"profile": "gateway"}  # noqa: RUF012 - read only


def test_every_endpoint_is_an_operation() -> None:
    assert set(FLUX.submits.operations) == {*INPUTS, *VIDEO}


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("flux-pro-1.1", {"prompt": None}, "prompt"),
        ("flux-pro-1.1", {"width": 1000}, "width"),
        ("flux-pro-1.1", {"height": 1472}, "height"),
        ("flux-pro-1.1", {"safety_tolerance": 7}, "safety_tolerance"),
        ("flux-pro-1.1", {"output_format": "gif"}, "output_format"),
        ("flux-pro-1.1", {"webhook_secret": 5}, "webhook_secret"),
        ("flux-pro-1.1", {"webhook_url": "https://a.example/" + "a" * 2083}, "webhook_url"),
        ("flux-2-pro", {"safety_tolerance": 6}, "safety_tolerance"),
        ("flux-2-pro", {"width": 2049}, "width"),
        ("flux-2-pro", {"prompt": ""}, "prompt"),
        ("flux-2-pro", {"input_image_9": 5}, "input_image_9"),
        ("flux-pro-1.1-ultra", {"aspect_ratio": "22:9"}, "aspect_ratio"),
        ("flux-pro-1.1-ultra", {"aspect_ratio": "wide"}, "aspect_ratio"),
        ("flux-pro-1.1-ultra", {"image_prompt_strength": 1.1}, "image_prompt_strength"),
        ("flux-pro-1.0-expand", {"bottom": 2049}, "bottom"),
        ("flux-pro-1.0-canny", {"control_image": None}, "control_image"),
        ("flux-tools/erase-v1", {"dilate_pixels": 26}, "dilate_pixels"),
        ("flux-tools/vto-v1", {"garment": None}, "garment"),
        ("flux-tools/video-upscale-v1", {"upscale_factor": 4}, "upscale_factor"),
        ("flux-3-video", {"duration": 4}, "duration"),
        ("flux-3-video", {"mode": "x2v"}, "mode"),
        ("flux-3-video", {"safety_tolerance": 5}, "safety_tolerance"),
    ],
)
def test_a_field_that_the_provider_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(
        FLUX.submits, operation, {**{**INPUTS, **VIDEO}[operation], **changes}
    ) == [field]


def _submitted(operation: str, url: str | None = CALLBACK_URL, **options: Any) -> dict[str, Any]:
    account, task = an_account(FLUX, **options), a_task(operation)
    given = {**{**INPUTS, **VIDEO}[operation], "webhook_secret": "the caller's"}
    body = FLUX.submits.check(operation, given).body
    call = FLUX.submits.build_submit(sent_to(account, task, body, url))
    assert call.url == f"{account.base_url}/{operation}"
    sent: dict[str, Any] = json.loads(call.body or b"")
    assert call.secrets == ((sent["webhook_secret"],) if "webhook_secret" in sent else ())
    return sent


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("flux-dev", True), ("flux-tools/vto-v2", True), ("flux-3-image", False)],
)
def test_models_that_are_not_named_are_passed_on(name: str, *, is_told: bool) -> None:
    """They are Flux's earlier ones and those to come; another name is none of its own."""
    account = an_account(FLUX)
    assert FLUX.submits.explain_unserved(account, name) is None
    assert FLUX.submits.explain_unserved(account, "flux-../credits")
    body = FLUX.submits.check(name, {"prompt": "rain", "steps": 28, "seed": None}).body
    task = a_task(name)
    call = FLUX.submits.build_submit(Sending(account, task, body, None, CALLBACK_URL, now=NOW))
    assert call.url == f"{account.base_url}/{name}"
    sent = json.loads(call.body or b"")
    assert (sent["steps"], "webhook_url" in sent, "seed" in sent) == (28, is_told, False)


def test_a_create_carries_a_secret_of_its_own_and_never_the_callers() -> None:
    sent = _submitted("flux-2-pro")
    assert sent["webhook_secret"] == request_secret(CALLBACK_URL)
    other = _submitted("flux-2-pro", f"{CALLBACK_URL}2")
    assert other["webhook_secret"] != sent["webhook_secret"]
    for quiet in (
        _submitted("flux-2-pro", None),
        _submitted("flux-3-video"),
        _submitted("flux-2-pro", profile="gateway"),
    ):
        assert not {"webhook_url", "webhook_secret"} & set(quiet)


def test_only_what_is_told_a_url_is_waited_for_by_callback() -> None:
    assert FLUX.calls_back is not None
    comes_from = FLUX.calls_back.has_callbacks
    assert comes_from(an_account(FLUX), "flux-2-pro")
    assert not comes_from(an_account(FLUX), "flux-3-video")
    assert not comes_from(an_account(FLUX, profile="gateway"), "flux-2-pro")


@pytest.mark.parametrize(
    ("base_url", "told", "is_asked"),
    [
        (None, "https://api.eu2.bfl.ai/v1/get_result?id=1", True),
        (None, "http://api.eu2.bfl.ai/v1/get_result?id=1", False),
        (None, "https://api.bfl.ai.evil.example/v1/get_result?id=1", False),
        (None, "https://evilbfl.ai/v1/get_result?id=1", False),
        (None, "https://user@api.eu.bfl.ai/v1/get_result?id=1", False),
        (None, "https://api.eu.bfl.ai:8443/v1/get_result?id=1", False),
        ("https://us.example/v1", "https://api.eu.bfl.ai/v1/get_result?id=1", False),
        ("https://us.example/v1", "https://us.example/eu/v1/get_result?id=1", True),
        ("https://us.example/v1", 5, False),
    ],
)
def test_the_key_goes_to_the_poll_url_of_the_create_on_hosts_of_the_provider_alone(
    base_url: str | None, told: Any, *, is_asked: bool
) -> None:
    assert FLUX.polls is not None
    account = an_account(FLUX, base_url=base_url)
    task = a_task("flux-2-pro", provider_task_id="1", context={"polling_url": told})
    call = FLUX.polls.build_poll(asked_of(account, task))
    assert call is not None
    assert call.url == (told if is_asked else f"{account.base_url}/get_result?id=1")
    assert call.headers["x-key"] == account.api_key


@pytest.mark.parametrize(("age_s", "kind"), [(59, Absence.NOT_YET), (60, Absence.DENIED)])
@pytest.mark.parametrize(
    ("status", "word"),
    [(200, "Task not found"), (404, "Task not found"), (200, "TASK_NOT_FOUND")],
)
def test_a_task_that_is_not_found_is_first_invisible_and_later_forgotten(
    age_s: int, kind: Absence, status: int, word: str
) -> None:
    assert FLUX.polls is not None
    task = a_task("flux-2-pro", provider_task_id="1", submitted_at=NOW - timedelta(seconds=age_s))
    body = json.dumps({"id": "1", "status": word, "result": None}).encode()
    (outcome,) = FLUX.polls.parse_poll(
        asked_of(an_account(FLUX), task), HttpResult(status, {}, body)
    )
    assert isinstance(outcome, Absent)
    assert (outcome.kind, outcome.weak) == (kind, True)


def test_a_lost_submit_is_never_found() -> None:
    assert FLUX.submits.get_lookup_kind(an_account(FLUX)) is Finds.NEVER
    assert FLUX.looks is None
    assert FLUX.cancels is None


def test_a_result_dies_ten_minutes_after_its_end() -> None:
    ended = {"start_time": 1777629600.1, "end_time": 1777629606.4}
    body = {"id": "1", "status": "Ready", "result": {"sample": PICTURE, **ended}}
    (piece,) = callback_of(FLUX, json.dumps(body).encode()).artifacts
    assert piece.expires_at == datetime(2026, 5, 1, 10, 10, 6, 400000, tzinfo=UTC)
    assert FLUX.results.lifetime == timedelta(minutes=10)


def test_a_signature_is_read_with_and_without_its_prefix() -> None:
    digest = "107454c019a1856eee0f84df80c2536ca440f7b4341fdd750a9aa24cf5157b44"
    inbound = called_back(b'{"id":"abc","status":"Ready"}')
    scheme = RequestSignature("x-bfl-signature", secret_of=lambda _path: "test-secret")
    for text, is_proof in (
        (f"sha256={digest}", True),
        (digest, True),
        (digest.upper(), True),
        (f"sha1={digest}", False),
        (digest[:-1], False),
        ("é", False),
        ("", False),
    ):
        signed = replace(inbound, headers={"x-bfl-signature": text})
        proof = scheme.verify(signed, now=NOW)
        assert (proof.flaw, proof.covers_body) == (None, is_proof)
    other = replace(inbound, body=b"{}", headers={"x-bfl-signature": digest})
    assert not scheme.verify(other, now=NOW).covers_body


def test_the_header_of_the_signature_may_be_another() -> None:
    assert FLUX.calls_back is not None
    scheme = FLUX.calls_back.get_proof_scheme(an_account(FLUX, signature_header="x-signature"))
    assert scheme is not None
    assert scheme.headers == {"x-signature"}
    with pytest.raises(ValueError, match="signature_header"):
        an_account(FLUX, signature_header="X Signature")


@pytest.mark.parametrize(
    ("scenario", "is_proof"),
    [("ok", True), ("bare_signature", True), ("bad_signature", False), ("unsigned", False)],
)
def test_a_callback_is_proved_by_the_secret_of_its_create(scenario: str, *, is_proof: bool) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "flux")
        caller.play(scenario)
        task = await caller.made()
        await stage.advance(2)
        (request,) = stage.calls
        assert FLUX.calls_back is not None
        scheme = FLUX.calls_back.get_proof_scheme(caller.account)
        assert scheme is not None
        arrived = called_back(request.content, dict(request.headers))
        inbound = replace(arrived, path=request.url.path)
        assert scheme.verify(inbound, now=NOW).covers_body is is_proof
        elsewhere = replace(inbound, path=f"{inbound.path}2")
        assert not scheme.verify(elsewhere, now=NOW).covers_body
        assert caller.told(task).state is TaskState.SUCCEEDED

    play()


def test_a_task_of_another_region_is_asked_for_there() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "flux")
        task = await caller.made(url=None)
        assert isinstance(await caller.poll(replace(task, context=None)), Absent)
        done = await looked_at(caller, task)
        assert done.state is TaskState.SUCCEEDED
        assert [(one.phase, one.amount) for one in done.costs] == [(Phase.SETTLE, "4.0")]

    play()


def test_a_success_that_tells_no_cost_costs_what_its_create_said() -> None:
    assert FLUX.polls is not None
    account = an_account(FLUX)
    made = {"id": "1", "polling_url": "https://api.eu.bfl.ai/v1/get_result?id=1", "cost": 4.0}
    outcome = FLUX.submits.parse_submit(
        sent_to(account, a_task("flux-2-pro")), HttpResult(200, {}, json.dumps(made).encode())
    )
    assert isinstance(outcome, Accepted)
    assert [(one.phase, one.amount) for one in outcome.costs] == [(Phase.RESERVE, "4.0")]
    task = a_task("flux-2-pro", provider_task_id="1", costs=outcome.costs)
    for word, phases in (("Ready", [Phase.SETTLE]), ("Content Moderated", [])):
        body = {"id": "1", "status": word, "result": {"sample": PICTURE}, "cost": None}
        (polled,) = FLUX.polls.parse_poll(
            asked_of(account, task), HttpResult(200, {}, json.dumps(body).encode())
        )
        assert isinstance(polled, Observed)
        assert [one.phase for one in polled.observation.costs] == phases


@pytest.mark.parametrize("scenario", ["request_moderated", "content_moderated"])
def test_moderation_ends_a_task_at_once_and_by_callback(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "flux")
        caller.play(scenario)
        task = await caller.made()
        ended = [await looked_at(caller, task), caller.told(task)]
        for one in ended:
            assert one.state is TaskState.FAILED
            assert one.error is not None
            assert one.error.code == scenario.replace("_", " ").title()

    play()


@pytest.mark.parametrize("operation", [*INPUTS, *VIDEO])
def test_flux_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "flux")
        task = await caller.made(operation, input_={**INPUTS, **VIDEO}[operation])
        done = await looked_at(caller, task)
        assert done.state is TaskState.SUCCEEDED
        kind = "video" if "video" in operation else "image"
        assert [piece.kind for piece in done.artifacts] == [kind]

    play()


def test_a_page_of_the_edge_proves_nothing_about_a_create() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "flux")
        caller.play("origin_down")
        _, outcome = await caller.submit()
        assert type(outcome).__name__ == "Unknown"

    play()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"profile": "comfy"}, "profile"),
        ({"webhook_secrets": ["whsec_c2VjcmV0"]}, "webhook_secrets"),
        ({"profile": "gateway", "base_url": None}, "base_url"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options: Mapping[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        an_account(FLUX, **options)


@pytest.mark.parametrize(("word", "is_own"), [("", True), ("own", True), ("provider", False)])
def test_links_of_ours_are_shown_unless_an_operator_says_otherwise(
    word: str, *, is_own: bool
) -> None:
    """The AI SDK sends its key along to whatever host a result is on."""
    found = provider_settings.read({"TRACKER_FLUX_ASSET_URLS": word}, PROVIDERS)
    assert found.problems == []
    assert ("flux" in found.own_asset_urls) is is_own
    assert "kling" not in found.own_asset_urls
