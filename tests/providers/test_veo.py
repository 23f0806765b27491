"""Veo's adapter, held to what every adapter must do, to what was recorded, and to its lies."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

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
from tests.providers.support import CALLBACK_URL as OURS
from tests.providers.support import (
    SECRET,
    a_task,
    an_account,
    asked_of,
    sent_to,
)
from tracker.domain.errors import InvalidRequest, Misuse
from tracker.domain.exchange import HttpCall
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS
from tracker.providers.veo.upstreams import PATIENCE_S

VEO = PROVIDERS["veo"]
PREDICT, VERTEX, INTERACT = "predictLongRunning", "vertex/predictLongRunning", "interactions"
NAME = "models/veo-3.1-generate-preview/operations/abc123"
PLACE = "projects/cats/locations/us-central1/publishers/google/models/veo-3.1-generate-001"
VERTEX_OPTIONS: Mapping[str, Any] = {
    "profile": "vertex",
    "project": "cats",
    "location": "us-central1",
    "api_key": None,
}
INPUT: Mapping[str, Any] = {
    "model": "veo-3.1-generate-preview",
    "instances": [{"prompt": "a cat", "image": {"bytesBase64Encoded": "aaaa"}}],
    "parameters": {"sampleCount": 2, "durationSeconds": 8, "resolution": "720p", "seed": 7},
}
INTERACTION: Mapping[str, Any] = {
    "model": "gemini-omni-1.2-flash",
    "input": "a cat",
    "response_format": {"type": "video", "aspect_ratio": "16:9", "delivery": "inline"},
}


class TestVeo(
    SubmitContract,
    PollContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = VEO
    inputs: Mapping[str, Mapping[str, Any]] = {INTERACT: INTERACTION, PREDICT: INPUT}

    def test_nothing_is_proved_without_a_secret(self, account: Account) -> None:
        """Its callbacks are signed with published keys; see test_veo_callbacks."""
        scheme = self.calls_back.get_proof_scheme(account)
        assert scheme is not None
        assert scheme.key_source is not None
        assert self.calls_back.get_proof_scheme(an_account(VEO, callbacks=False)) is None


def body_of(call: HttpCall) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call.body or b"")
    return found


def built(
    operation: str, input_: Mapping[str, Any], url: str | None = OURS, **options: Any
) -> HttpCall:
    """Build the create of an input."""
    body = VEO.submits.check(operation, input_).body
    task = a_task(operation)
    return VEO.submits.build_submit(sent_to(an_account(VEO, **options), task, body, url))


def with_parameters(**changes: Any) -> dict[str, Any]:
    return {"parameters": {**INPUT["parameters"], **changes}}


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        (PREDICT, {"model": "veo/../3"}, "model"),
        (PREDICT, {"instances": []}, "instances"),
        (PREDICT, {"instances": [{}]}, "instances.0.prompt"),
        (PREDICT, with_parameters(sampleCount=5), "parameters.sampleCount"),
        (PREDICT, with_parameters(durationSeconds=5), "parameters.durationSeconds"),
        (PREDICT, with_parameters(durationSeconds="5"), "parameters.durationSeconds"),
        (PREDICT, with_parameters(durationSeconds="8s"), "parameters.durationSeconds"),
        (PREDICT, with_parameters(aspectRatio="1:1"), "parameters.aspectRatio"),
        (PREDICT, with_parameters(resolution="480p"), "parameters.resolution"),
        (PREDICT, with_parameters(seed=2**32), "parameters.seed"),
        (PREDICT, with_parameters(personGeneration="all"), "parameters.personGeneration"),
        (VERTEX, with_parameters(storageUri="s3://b"), "parameters.storageUri"),
        (VERTEX, {"labels": {"a": "B"}}, "labels.a"),
        (PREDICT, {"webhookConfig": {"uris": ["ftp://a"]}}, "webhookConfig.uris"),
        (INTERACT, {"input": ""}, "input"),
        (INTERACT, {"stream": True}, "stream"),
    ],
)
def test_field_that_google_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    base = INTERACTION if operation == INTERACT else INPUT
    with pytest.raises(InvalidRequest) as caught:
        VEO.submits.check(operation, {**base, **changes})
    assert [one.path.partition("[")[0] for one in caught.value.fields] == [field]


def test_a_length_that_is_written_as_a_text_is_sent_as_it_is() -> None:
    sent = body_of(built(PREDICT, {**INPUT, **with_parameters(durationSeconds="8")}))
    assert sent["parameters"]["durationSeconds"] == "8"


def test_older_models_make_videos_of_other_lengths() -> None:
    older = {"model": "veo-2.0-generate-001", **with_parameters(durationSeconds=5)}
    assert VEO.submits.check(PREDICT, {**INPUT, **older}).body


def test_callbacks_are_relied_on_for_interactions_alone() -> None:
    """No event tells of a failure of Veo's videos."""
    assert VEO.calls_back is not None
    relied = [
        VEO.calls_back.has_callbacks(an_account(VEO), one) for one in (None, PREDICT, INTERACT)
    ]
    assert relied == [False, False, True]
    assert not VEO.calls_back.has_callbacks(an_account(VEO, callbacks=False), INTERACT)


def test_nothing_finds_a_lost_create_and_a_silent_task_is_overdue_after_two_hours() -> None:
    assert VEO.looks is None
    assert VEO.submits.get_lookup_kind(an_account(VEO)) is Finds.NEVER
    assert VEO.submits.check(PREDICT, INPUT).patience_s == PATIENCE_S == 7200


@pytest.mark.parametrize("spelling", ["webhookConfig", "webhook_config"])
def test_create_carries_our_url_and_name_beside_what_its_caller_wants_back(spelling: str) -> None:
    theirs = {"uris": ["https://caller.example/hook"], "user_metadata": {"order": 5}}
    request = VEO.submits.check(PREDICT, {**INPUT, spelling: theirs})
    assert request.callback_url == "https://caller.example/hook"
    call = built(PREDICT, {**INPUT, spelling: theirs})
    assert urlsplit(call.url).path == ("/base/models/veo-3.1-generate-preview:predictLongRunning")
    sent = body_of(call)
    assert sent["webhookConfig"]["uris"] == [OURS]
    assert sent["webhookConfig"]["user_metadata"].keys() == {"order", "task"}
    assert "model" not in sent
    assert "webhookConfig" not in body_of(built(PREDICT, INPUT, url=None))
    assert "webhookConfig" not in body_of(built(PREDICT, INPUT, callbacks=False))


def test_vertex_is_called_below_its_project_and_labelled() -> None:
    call = built(VERTEX, {**INPUT, "labels": {"team": "film"}}, **VERTEX_OPTIONS)
    path = "/base/projects/cats/locations/us-central1/publishers/google/models/"
    assert urlsplit(call.url).path == f"{path}veo-3.1-generate-preview:predictLongRunning"
    assert body_of(call)["labels"].keys() == {"team", "tracker"}
    assert "authorization" not in call.headers


def test_interaction_runs_in_the_background_and_gives_its_video_by_url() -> None:
    sent = body_of(built(INTERACT, INTERACTION))
    assert sent["background"] is True
    assert sent["response_format"]["delivery"] == "uri"
    assert set(sent["labels"]) == {"tracker"}
    bare = {"model": "m", "input": "a cat"}
    assert body_of(built(INTERACT, bare))["response_format"] == {"type": "video", "delivery": "uri"}


def test_interaction_continues_another_by_googles_id() -> None:
    request = VEO.submits.check(INTERACT, {**INTERACTION, "previous_interaction_id": "ours"})
    assert (request.parent, request.parent_field) == ("ours", "previous_interaction_id")
    account, task = an_account(VEO), a_task(INTERACT)
    parent = a_task(INTERACT, provider_task_id="v1_theirs")
    call = VEO.submits.build_submit(sent_to(account, task, request.body, OURS, parent))
    assert body_of(call)["previous_interaction_id"] == "v1_theirs"
    with pytest.raises(Misuse):
        VEO.submits.build_submit(sent_to(account, task, request.body))


@pytest.mark.parametrize(
    ("operation", "name", "options", "path"),
    [
        (PREDICT, NAME, {}, f"/{NAME}"),
        (PREDICT, "models/../../x/operations/a", {}, None),
        (PREDICT, f"{PLACE}/operations/abc", {}, None),
        (VERTEX, f"{PLACE}/operations/abc", VERTEX_OPTIONS, f"/{PLACE}:fetchPredictOperation"),
        (VERTEX, NAME, VERTEX_OPTIONS, None),
        (INTERACT, "v1_a/b", {}, "/interactions/v1_a%2Fb"),
    ],
)
def test_slashes_of_a_name_stay_and_lead_nowhere_else(
    operation: str, name: str, options: Mapping[str, Any], path: str | None
) -> None:
    assert VEO.polls is not None
    account = an_account(VEO, **options)
    call = VEO.polls.build_poll(asked_of(account, a_task(operation, provider_task_id=name)))
    assert (call and call.url.removeprefix(account.base_url)) == path
    if call is not None and operation == VERTEX:
        assert (call.method, body_of(call)) == ("POST", {"operationName": name})


def test_only_interactions_are_cancelled() -> None:
    assert VEO.cancels is not None
    account = an_account(VEO)
    videos = asked_of(account, a_task(PREDICT, provider_task_id=NAME))
    assert VEO.cancels.build_cancel(videos) is None
    named = asked_of(account, a_task(INTERACT, provider_task_id="v1_a"))
    assert check_call(account, VEO.cancels.build_cancel(named)).url.endswith("/v1_a/cancel")


def test_key_goes_to_the_host_of_the_api_and_the_token_to_the_buckets_alone() -> None:
    hosting = VEO.results
    assert hosting.credentials is not None
    assert hosting.token_hosts is not None
    by_key = an_account(VEO)
    assert hosting.credentials(by_key) == {"provider.example": {"x-goog-api-key": SECRET}}
    by_token = an_account(VEO, **VERTEX_OPTIONS)
    assert hosting.credentials(by_token) == {}
    assert list(hosting.token_hosts(by_token)) == ["storage.googleapis.com"]


@pytest.mark.parametrize(
    ("options", "flaw"),
    [
        ({"profile": "vertex"}, "service_account: is needed"),
        ({"webhook_secrets": ["whsec_!"]}, "webhook_secrets"),
        ({"profile": "relay"}, "profile: no such profile"),
    ],
)
def test_account_that_cannot_work_is_refused_by_name(options: Mapping[str, Any], flaw: str) -> None:
    with pytest.raises(ValueError, match=flaw):
        an_account(VEO, **options)
