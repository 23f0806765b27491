"""Suno at sunoapi.org and kie.ai: codes, records, callbacks and their signature."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.suno_answers import (
    READY_SONG,
    SONG,
    STREAM_SONG,
    SUNO,
    a_record,
    account_of,
    polled,
)
from tests.providers.support import NOW, a_task, an_account, asked_of, called_back, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Accepted, Observed, Refused, Unanswered
from tracker.domain.task import ArtifactState, TaskState
from tracker.providers.ports.callbacks import Hint


@pytest.mark.parametrize(
    ("profile", "code", "kind", "blames"),
    [
        ("sunoapi", 429, "Refused", True),
        ("kie", 429, "Deferred", False),
        ("kie", 402, "Refused", True),
        ("sunoapi", 402, "Unknown", False),
        ("sunoapi", 430, "Deferred", False),
        ("sunoapi", 405, "Deferred", False),
        ("sunoapi", 455, "Deferred", False),
        ("kie", 455, "Deferred", False),
        ("sunoapi", 401, "Refused", True),
        ("sunoapi", 413, "Refused", False),
        ("kie", 409, "Refused", False),
        ("kie", 451, "Refused", False),
        ("kie", 500, "Unknown", False),
        ("kie", 999, "Unknown", False),
    ],
)
def test_one_number_means_the_opposite_at_the_two_hosts(
    profile: str, code: int, kind: str, *, blames: bool
) -> None:
    for status in (200, code if 400 <= code < 500 else 200):
        answer = HttpResult(status, {}, json.dumps({"code": code, "msg": "no"}).encode())
        sending = sent_to(account_of(profile), a_task("generate"))
        outcome = SUNO.submits.parse_submit(sending, answer)
        assert type(outcome).__name__ == kind
        if isinstance(outcome, Refused):
            assert outcome.blames_account is blames
            assert SUNO.submits.is_account_fault(outcome.code, None) is blames


@pytest.mark.parametrize(
    ("record", "state", "states"),
    [
        (a_record("PENDING", None), "submitted", []),
        (a_record("TEXT_SUCCESS", [{"id": "a1", "prompt": "la"}]), "running", ["text ready"]),
        (
            a_record("FIRST_SUCCESS", [READY_SONG, STREAM_SONG]),
            "running",
            ["audio ready", "audio preview"],
        ),
        (a_record("SUCCESS", [READY_SONG]), "succeeded", ["audio ready"]),
        (a_record("CALLBACK_EXCEPTION", [READY_SONG]), "succeeded", ["audio ready"]),
        (a_record("CALLBACK_EXCEPTION", None), "running", []),
        (a_record("SENSITIVE_WORD_ERROR", None, errorMessage="no"), "failed", []),
        (a_record("GENERATE_AUDIO_FAILED", None), "failed", []),
        (a_record("CREATE_TASK_FAILED", None), "failed", []),
    ],
)
def test_records_of_songs(record: Mapping[str, Any], state: str, states: list[str]) -> None:
    said = polled("sunoapi", "generate", record).observation
    assert said.state is TaskState(state)
    assert [f"{piece.kind} {piece.state.value}" for piece in said.artifacts] == states


@pytest.mark.parametrize(
    ("operation", "data", "state", "kinds"),
    [
        (
            "wav/generate",
            {"successFlag": "SUCCESS", "response": {"audioWavUrl": "https://a.example/1.wav"}},
            "succeeded",
            ["audio"],
        ),
        ("mp4/generate", {"successFlag": "PENDING", "response": None}, "submitted", []),
        (
            "mp4/generate",
            {"successFlag": 1, "response": {"videoUrl": "https://a.example/1.mp4"}},
            "succeeded",
            ["video"],
        ),
        ("wav/generate", {"successFlag": "GENERATE_WAV_FAILED", "errorCode": 500}, "failed", []),
        ("suno/cover/generate", {"successFlag": 2, "errorMessage": "no"}, "failed", []),
        (
            "suno/cover/generate",
            {"successFlag": 1, "response": {"images": ["https://a.example/1.png"]}},
            "succeeded",
            ["image"],
        ),
        (
            "lyrics",
            {"status": "SUCCESS", "response": {"data": [{"text": "la", "title": "t"}]}},
            "succeeded",
            ["text"],
        ),
    ],
)
def test_records_of_other_kinds(
    operation: str, data: Mapping[str, Any], state: str, kinds: list[str]
) -> None:
    body = {"code": 200, "msg": "success", "data": {"taskId": "t1", **data}}
    said = polled("kie", operation, body).observation
    assert said.state is TaskState(state)
    assert [piece.kind for piece in said.artifacts] == kinds


@pytest.mark.parametrize("word", ["PARTLY_FAILED", "GENERATE_FAILED", "RETRY_AFTER_FAILED"])
def test_a_word_that_no_page_lists_tells_of_no_end_although_it_ends_in_failed(word: str) -> None:
    for operation, body in (
        ("generate", a_record(word, None, errorMessage="no")),
        ("wav/generate", {"code": 200, "data": {"taskId": "t1", "successFlag": word}}),
    ):
        said = polled("sunoapi", operation, body).observation
        assert (said.state, said.word, said.error) == (None, word, None)


def test_a_record_that_nobody_knows_is_weakly_absent() -> None:
    for body in ({"code": 404, "msg": "x", "data": None}, {"code": 200, "data": None}):
        outcome = polled("sunoapi", "generate", body)
        assert isinstance(outcome, Absent)
        assert outcome.weak
    assert isinstance(polled("sunoapi", "generate", {"code": 500, "msg": "x"}), Unanswered)


def test_a_call_that_makes_no_task_is_answered_with_its_result() -> None:
    body = json.dumps({"code": 200, "data": {"personaId": "p1", "name": "x"}}).encode()
    sending = sent_to(account_of("sunoapi"), a_task("generate/generate-persona"))
    outcome = SUNO.submits.parse_submit(sending, HttpResult(200, {}, body))
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert outcome.said.state is TaskState.SUCCEEDED
    assert outcome.said.detail == {"data": {"personaId": "p1", "name": "x"}}


@pytest.mark.parametrize(
    "url", ["https://example.com/callback", "https://proxy.kie.ai/mcp-callback", "playground"]
)
def test_nobody_is_called_at_an_address_that_stands_for_nobody(url: str) -> None:
    assert SUNO.submits.check("generate", {**SONG, "callBackUrl": url}).callback_url is None


def test_a_signature_of_id_and_time_proves_the_sender_alone() -> None:
    assert SUNO.calls_back is not None
    account = an_account(SUNO, profile="kie", webhook_secrets=["a-key"])
    scheme = SUNO.calls_back.get_proof_scheme(account)
    assert scheme is not None
    stamp = str(int(NOW.timestamp()))
    headers = {
        "x-webhook-timestamp": stamp,
        "x-webhook-signature": "XSP3txpfV9YGxiFh/zss62UAXXx9NshAXcRP4eHk15k=",
    }
    body = json.dumps({"code": 200, "data": {"task_id": "t1", "callbackType": "complete"}}).encode()
    proof = scheme.verify(called_back(body, headers), now=NOW)
    assert (proof.flaw, proof.covers_body) == (None, False)
    other = body.replace(b"complete", b"error")
    assert scheme.verify(called_back(other, headers), now=NOW).flaw is None
    foreign = body.replace(b"t1", b"t2")
    assert scheme.verify(called_back(foreign, headers), now=NOW).flaw == "no signature fits"
    assert scheme.verify(called_back(body), now=NOW).flaw
    late = NOW.replace(hour=NOW.hour + 1)
    assert scheme.verify(called_back(body, headers), now=late).flaw


def test_only_kie_signs() -> None:
    with pytest.raises(ValueError, match="webhook_secrets"):
        an_account(SUNO, profile="sunoapi", webhook_secrets=["a-key"])
    with pytest.raises(ValueError, match="profile"):
        an_account(SUNO, profile="other")


def test_a_notify_hook_is_a_hint() -> None:
    assert SUNO.calls_back is not None
    body = b'{"id": "task_1", "status": "complete", "output": {"audio_url": "https://a.example"}}'
    (hint,) = SUNO.calls_back.parse_callback(called_back(body))
    assert isinstance(hint, Hint)
    assert hint.provider_task_id == "task_1"


def test_a_stage_brings_what_its_record_brings() -> None:
    assert SUNO.calls_back is not None
    song = {
        "id": "a1",
        "audio_url": "https://a.example/1.mp3",
        "source_audio_url": "https://s.example",
    }
    body = {"code": 200, "data": {"callbackType": "first", "task_id": "t1", "data": [song]}}
    (said,) = SUNO.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    record = polled("sunoapi", "generate", a_record("FIRST_SUCCESS", [READY_SONG])).observation
    assert isinstance(said, Observation)
    assert (said.state, said.stage) == (record.state, record.stage) == (TaskState.RUNNING, "first")
    assert [piece.key for piece in said.artifacts] == [piece.key for piece in record.artifacts]
    assert said.artifacts[0].state is ArtifactState.READY


@pytest.mark.parametrize(("at", "is_believed"), [(None, False), ("https://relay.example", True)])
@pytest.mark.parametrize("profile", ["sunoapi", "kie"])
def test_a_record_of_another_task_says_nothing_of_this_one(
    profile: str, at: str | None, *, is_believed: bool
) -> None:
    """A relay may give ids of its own, and show those of the host behind it."""
    region = profile if at is None else None
    account = an_account(SUNO, profile=profile, base_url=at, region=region)
    asked = asked_of(account, a_task("generate", provider_task_id="t2"))
    record = HttpResult(200, {}, json.dumps(a_record("SUCCESS", [READY_SONG])).encode())
    assert SUNO.polls is not None
    (outcome,) = SUNO.polls.parse_poll(asked, record)
    assert isinstance(outcome, Observed) is is_believed


def test_a_callback_of_the_end_that_names_nothing_is_a_hint() -> None:
    body = {"code": 200, "msg": "x", "data": {"callbackType": "complete", "task_id": "t1"}}
    assert SUNO.calls_back is not None
    (hint,) = SUNO.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    assert isinstance(hint, Hint)
    assert hint.provider_task_id == "t1"
