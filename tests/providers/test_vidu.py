"""Vidu's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    CancelContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    NOW,
    ODD_DATES,
    a_task,
    an_account,
    asked_of,
    refused_fields,
    sent_to,
)
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    Deferred,
    Follow,
    Observed,
    PollOutcome,
    Unanswered,
)
from tracker.domain.task import TaskState
from tracker.providers.kit.proofs import SignedRequestLine
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.registry import PROVIDERS
from tracker.providers.vidu.adapter import LIST_LAG, OFF_PEAK_S
from tracker.providers.vidu.marks import MOST_OF_CALLER

VIDU = PROVIDERS["vidu"]
URL = "https://pictures.example/a.png"
DATA = "data:image/png;base64,aGVsbG8="
VIDU_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "text2video": {"model": "viduq2-pro", "prompt": "rain", "duration": 8, "style": None},
    "img2video": {"model": "viduq3-pro", "images": [DATA], "duration": 16},
    "reference2video": {"model": "viduq2-pro-fast", "images": [URL, DATA], "duration": 10},
    "start-end2video": {"model": "viduq2-turbo", "images": [URL, URL], "resolution": "2K"},
    "extend": {"model": "viduq2-pro", "video_url": "https://videos.example/a.mp4"},
    "multiframe": {
        "model": "viduq2-pro",
        "start_image": URL,
        "image_settings": [{"key_image": URL}, {"key_image": URL, "prompt": "a cat"}],
    },
    "template": {"template": "hugging", "images": [URL], "off_peak": True},
    "lip-sync": {"video_url": URL, "text": "hello", "voice_id": "English_Aussie_Bloke"},
    "text2image": {"model": "viduq2", "prompt": "rain", "aspect_ratio": "16:9"},
    "reference2image": {"model": "viduq2", "prompt": "rain", "images": [URL]},
    "text2audio": {"model": "audio1.0", "prompt": "rain", "duration": 5},
    "timing2audio": {
        "model": "audio1.0",
        "timing_prompts": [{"from": 0.0, "to": 3.0, "prompt": "rain"}],
    },
    "upscale-new": {"video_url": URL, "video_creation_id": "c1", "upscale_resolution": "4K"},
    "digital-human": {"model": "viduq2-pro", "image": URL, "audio_url": URL, "text": "hello"},
    "audio-tts": {"text": "hello", "voice_setting_voice_id": "male-qn", "voice_setting_pitch": -12},
    "audio-clone": {"audio_url": URL, "voice_id": "vidu0001", "text": "hello"},
}


class TestVidu(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = VIDU
    inputs = VIDU_INPUTS

    def test_nothing_is_proved_without_a_secret(self, account: Account) -> None:
        """The key of the API is the secret: every account that can submit has one."""
        assert VIDU.calls_back is not None
        scheme = VIDU.calls_back.get_proof_scheme(account)
        assert scheme is not None
        assert scheme.covers is Covers.SENDER
        keyless = VIDU.make_account("default", VIDU.options())
        assert VIDU.calls_back.get_proof_scheme(keyless) is None


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("text2video", {"prompt": ""}, "prompt"),
        ("text2video", {"prompt": "a" * 5001}, "prompt"),
        ("text2video", {"duration": 11}, "duration"),
        ("text2video", {"model": "viduq2", "duration": 0}, "duration"),
        ("lip-sync", {"text": None}, "audio_url"),
        ("text2video", {"duration": 17, "model": "viduq3-pro"}, "duration"),
        ("text2video", {"resolution": "large"}, "resolution"),
        ("text2video", {"payload": "a" * (MOST_OF_CALLER + 1)}, "payload"),
        ("text2video", {"payload": {"a": 1}}, "payload"),
        ("img2video", {"images": [URL, URL]}, "images"),
        ("img2video", {"images": ["aGVsbG8="]}, "images[0]"),
        ("img2video", {"images": ["data:image/png;base64," + "a" * 21_000_000]}, "images"),
        ("reference2video", {"images": [URL] * 8}, "images"),
        ("reference2video", {"images": None}, "images"),
        ("reference2video", {"subjects": [{"id": "1", "images": [URL]}]}, "images"),
        ("reference2video", {"duration": 11}, "duration"),
        ("start-end2video", {"images": [URL]}, "images"),
        ("extend", {"video_url": None}, "video_url"),
        ("multiframe", {"image_settings": [{"key_image": URL}]}, "image_settings"),
        ("multiframe", {"image_settings": [{"key_image": URL}] * 10}, "image_settings"),
        ("template", {"template": None}, "template"),
        ("upscale-new", {"video_url": None, "video_creation_id": None}, "video_url"),
        ("audio-tts", {"text": "a" * 10_000}, "text"),
        ("audio-tts", {"voice_setting_speed": 2.5}, "voice_setting_speed"),
        ("audio-clone", {"voice_id": "vidu0001-"}, "voice_id"),
    ],
)
def test_a_field_that_vidu_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(VIDU.submits, operation, {**VIDU_INPUTS[operation], **changes}) == [field]


def test_videos_are_references_instead_of_pictures_or_besides() -> None:
    """https://platform.vidu.com/docs/reference-to-video, as a public copy has it on 2026-11-30."""
    film = {"model": "viduq2-pro", "prompt": "rain", "videos": ["https://v.example/a.mp4"]}
    for more in ({"duration": 0}, {"images": [URL]}, {"subjects": [{"id": "a", "images": [URL]}]}):
        given = {**film, **more}
        assert VIDU.submits.check("reference2video", given).body == given


def test_a_task_outside_the_peak_hours_may_take_two_days() -> None:
    check = VIDU.submits.check
    assert check("template", VIDU_INPUTS["template"]).patience_s == OFF_PEAK_S
    assert check("text2video", VIDU_INPUTS["text2video"]).patience_s is None


def test_speech_is_there_at_once_calls_nobody_back_and_is_never_made_again() -> None:
    """https://platform.vidu.com/docs/text-to-speech and voice-clone, read 2026-11-30."""
    task, account = a_task("audio-clone"), an_account(VIDU)
    sending = sent_to(account, task, VIDU_INPUTS["audio-clone"])
    call = VIDU.submits.build_submit(sending)
    assert b"callback_url" not in (call.body or b"")
    assert call.lasts_s >= 300
    body = {"task_id": "1", "state": "success", "voice_id": "vidu0001", "demo_audio": URL}
    outcome = VIDU.submits.parse_submit(sending, HttpResult(200, {}, as_json(body)))
    assert isinstance(outcome, Accepted)
    assert outcome.said
    (piece,) = outcome.said.artifacts
    assert (piece.kind, piece.url, piece.id) == ("audio", URL, "vidu0001")
    assert isinstance(listed([entry("1")], [], operation="audio-clone"), Unanswered)


def test_options_that_mean_nothing_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="profile"):
        an_account(VIDU, profile="gateway")


@pytest.mark.parametrize("own", ["", "their own: text", '{"a": 1}', "tracker:x:y"])
def test_our_id_stands_in_the_payload_before_the_callers_own(own: str) -> None:
    task = a_task("text2video", external_task_id="ours/1 2")
    body = VIDU.submits.check("text2video", {**VIDU_INPUTS["text2video"], "payload": own}).body
    call = VIDU.submits.build_submit(sent_to(an_account(VIDU), task, body))
    read = a_callback_of(call.body or b"")
    assert read.external_task_id == "ours/1 2"


def a_callback_of(body: bytes) -> Any:
    assert VIDU.calls_back is not None
    line = body.replace(b'"prompt"', b'"id": "8459", "state": "processing", "prompt"')
    (said,) = VIDU.calls_back.parse_callback(Inbound("POST", "/", "", {}, line))
    return said


# A lost create: the list tells that it is there, and that it is not.


def entry(id_: str, payload: str | None = "tracker:other:") -> dict[str, Any]:
    shown = {"id": id_, "state": "processing", "payload": payload}
    return {name: value for name, value in shown.items() if value is not None}


def listed(
    *pages: Sequence[Mapping[str, Any]], age: timedelta = LIST_LAG, operation: str = "text2video"
) -> PollOutcome:
    """Show a lost task's search these pages, one after another; the last outcome."""
    assert VIDU.submits.get_lookup_kind(an_account(VIDU)) is Finds.BY_ID
    task = a_task(operation, external_task_id="ours", state=TaskState.UNCERTAIN)
    asking = replace(asked_of(an_account(VIDU), task), now=NOW + age)
    assert VIDU.polls is not None
    call = VIDU.polls.build_poll(asking)
    outcome: PollOutcome = Unanswered("not asked")
    for number, page in enumerate(pages):
        assert call is not None
        query = parse_qs(urlsplit(call.url).query)
        assert query["pager.page"] == [str(number)]
        assert query["created_at.from"] == ["2026-11-24T11:50:00Z"]
        assert call.url.startswith("https://provider.example/base/ent/v2/tasks?")
        answer = HttpResult(200, {}, as_json({"tasks": page, "next_page_token": ""}))
        (outcome,) = VIDU.polls.parse_poll(asking, answer)
        if not isinstance(outcome, Follow):
            assert number == len(pages) - 1
            return outcome
        call, asking = outcome.call, replace(asking, page=outcome.page)
    return outcome


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_the_entry_with_our_id_is_the_task() -> None:
    found = listed([entry("1"), entry("2")], [entry("3"), entry("4", "tracker:ours:theirs")])
    assert isinstance(found, Observed)
    assert found.observation.provider_task_id == "4"


def test_only_a_list_that_was_read_to_an_empty_page_denies() -> None:
    assert isinstance(listed([entry("1")]), Follow)
    assert listed([entry("1")], []) == Absent("no task in the provider's list carries our id")
    assert isinstance(listed([]), Absent)


def test_a_list_that_is_asked_too_soon_denies_nothing() -> None:
    early = listed([entry("1")], [], age=LIST_LAG - timedelta(seconds=1))
    assert isinstance(early, Absent)
    assert early.kind is Absence.NOT_YET


@pytest.mark.parametrize("payload", [None, ""])
def test_a_list_that_does_not_repeat_payloads_denies_nothing(payload: str | None) -> None:
    assert isinstance(listed([entry("1", payload)], []), Unanswered)
    assert isinstance(listed([entry("1", payload)], [entry("2")], []), Unanswered)


def test_an_entry_of_ours_that_cannot_be_read_denies_nothing() -> None:
    assert isinstance(listed([{"id": "1", "payload": "tracker:ours:"}]), Unanswered)


# The signature over the request line.

PUBLIC = SignedRequestLine(("my-secret-key",), access_key="user-key")
KEY = SignedRequestLine(("older", "vda_test_key"), access_key="vidu")
SIGNED = {
    "x-hmac-algorithm": "hmac-sha256",
    "x-hmac-access-key": "vidu",
    "x-hmac-signed-headers": "x-request-nonce",
    "x-request-nonce": "7f3c9a",
    "date": "Fri, 01 May 2026 10:00:00 GMT",
}
AT = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
IN_PATH = "SL0ulCUvLLgRQN3goTENWMHFrXRv4fYJTpj1GcetPCA="
IN_QUERY = "SkXH6Gt6YEyuVb53HWS8HT+YqXnKm7GE8jaZF0mxegA="


@pytest.mark.parametrize("query", ["age=36&name=james", "name=james&age=36"])
def test_the_public_example_of_the_scheme_fits(query: str) -> None:
    """https://apisix.apache.org/docs/apisix/2.15/plugins/hmac-auth/, read 2026-11-28."""
    headers = {
        "x-hmac-algorithm": "hmac-sha256",
        "x-hmac-access-key": "user-key",
        "x-hmac-signed-headers": "User-Agent;x-custom-a",
        "x-hmac-signature": "8XV1GB7Tq23OJcoz6wjqTs4ZLxr9DiLoY4PxzScWGYg=",
        "user-agent": "curl/7.29.0",
        "x-custom-a": "test",
        "date": "Tue, 19 Jan 2021 11:33:20 GMT",
    }
    inbound = Inbound("GET", "/index.html", query, headers, b"anything")
    assert PUBLIC.verify(inbound, now=datetime(2021, 1, 19, 11, 33, tzinfo=UTC)).flaw is None


def called(**changes: str) -> Inbound:
    headers = {**SIGNED, "x-hmac-signature": IN_PATH, **changes}
    return Inbound("POST", "/hooks/vidu/tok_5Qm", "", headers, b"{}")


def test_the_body_is_not_covered_and_the_request_line_is() -> None:
    proof = KEY.verify(called(), now=AT)
    assert (proof.flaw, proof.covers_body) == (None, False)
    assert KEY.verify(replace(called(), body=b"forged"), now=AT).flaw is None
    query = replace(called(**{"x-hmac-signature": IN_QUERY}), path="/hooks/vidu", query="t=tok_5Qm")
    assert KEY.verify(query, now=AT).flaw is None
    for other in (
        replace(called(), path="/vidu/tok_5Qm"),
        replace(called(), query="a=b"),
        replace(called(), method="PUT"),
    ):
        assert KEY.verify(other, now=AT).flaw == "no signature fits"


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"x-hmac-signature": ""}, "not signed: no x-hmac-signature header"),
        ({"date": ""}, "not signed: no date header"),
        ({"date": "yesterday"}, "date is no time within five minutes of now"),
        ({"date": ODD_DATES[1]}, "date is no time within five minutes of now"),
        ({"date": ODD_DATES[2]}, "date is no time within five minutes of now"),
        ({"date": "Fri, 01 May 2026 09:54:59 GMT"}, "date is no time within five minutes of now"),
        ({"date": "Fri, 01 May 2026 10:01:00 GMT"}, "no signature fits"),
        ({"x-hmac-algorithm": "hmac-sha1"}, "x-hmac-algorithm is not hmac-sha256"),
        ({"x-hmac-access-key": "other"}, "x-hmac-access-key names another key"),
        ({"x-request-nonce": "7f3c9b"}, "no signature fits"),
        ({"x-hmac-signed-headers": ""}, "no signature fits"),
        ({"x-hmac-signature": "ü"}, "no signature fits"),
    ],
)
def test_what_was_changed_or_left_out_proves_nothing(changes: dict[str, str], flaw: str) -> None:
    assert KEY.verify(called(**changes), now=AT).flaw == flaw


@pytest.mark.parametrize("status", [400, 429])
def test_a_full_queue_is_waited_for_whatever_its_status(status: int) -> None:
    body = b'{"code": 400, "reason": "OperationInProcess", "message": "busy"}'
    sending = sent_to(an_account(VIDU), a_task("text2video"), {"model": "m", "prompt": "a"})
    outcome = VIDU.submits.parse_submit(sending, HttpResult(status, {}, body))
    assert isinstance(outcome, Deferred)
    assert not outcome.spends_attempt
