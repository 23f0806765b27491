"""Pika's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absent, Accepted, Follow, Observed
from tracker.domain.task import ArtifactState, TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

PIKA = PROVIDERS["pika"]
FILE = "data:image/png;base64,aGVsbG8="
FORM_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "2.2/t2v": {"promptText": "a cät & more", "seed": 7, "duration": 5, "aspectRatio": 1.78},
    "2.2/i2v": {"image": FILE, "promptText": "rain", "resolution": "720p"},
    "2.2/pikaframes": {"keyFrames": [FILE, FILE], "promptText": "rain", "duration": "7"},
    "2.2/pikascenes": {"ingredientsMode": "precise", "images": [FILE, FILE, FILE]},
    "pikadditions": {"video": FILE, "image": FILE},
    "pikaswaps": {"video": FILE, "modifyRegionMask": FILE},
    "pikaffects": {"image": FILE, "pikaffect": "Cake-ify"},
    "turbo/t2v": {"promptText": "rain", "negativePrompt": "blurry", "seed": 245632},
    "turbo/i2v": {"image": FILE, "promptText": "rain"},
    "turbo/pikascenes": {"ingredientsMode": "precise", "images": [FILE]},
    "2.2/multiframe": {
        "keyFrames": [FILE] * 3,
        "transitionPrompts": ["rain", "snow"],
        "frameDurations": [5, 5],
        "loop": False,
    },
    "pikatwists": {"video": FILE, "promptText": "turns into bricks"},
}


class TestPika(SubmitContract, PollContract, ProbeContract, RecordedContract):
    provider = PIKA
    inputs = FORM_INPUTS


class TestPikaGateway(SubmitContract, PollContract, ProbeContract):
    provider = PIKA
    inputs = {  # noqa: RUF012 - read only
        "generate": {"promptText": "rain", "model": "2.0", "options": {"frameRate": 24}}
    }
    options = {"profile": "gateway"}  # noqa: RUF012 - read only


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        ("generate", {"options": {}}, "promptText"),
        ("generate", {"promptText": "x", "pikaffect": "Melt"}, "image"),
        ("generate", {"promptText": "x", "pikaffect": "Boil"}, "pikaffect"),
        ("2.2/t2v", {"promptText": "x", "seed": 2**32}, "seed"),
        ("2.2/t2v", {"promptText": "x", "duration": 4}, "duration"),
        ("2.2/t2v", {"promptText": "x", "aspectRatio": "wide"}, "aspectRatio"),
        ("2.2/t2v", {"promptText": "x", "resolution": "4k"}, "resolution"),
        ("2.2/i2v", {"image": "https://pictures.example/a.png"}, "image"),
        ("2.2/i2v", {"image": "data:image/png;base64,?"}, "image"),
        ("2.2/pikaframes", {"promptText": "x", "keyFrames": [FILE]}, "keyFrames"),
        ("2.2/pikascenes", {"ingredientsMode": "precise", "images": [FILE] * 6}, "images"),
        ("2.2/pikascenes", {"ingredientsMode": "wild", "images": [FILE]}, "ingredientsMode"),
        ("pikaffects", {"image": FILE, "pikaffect": "Boil"}, "pikaffect"),
    ],
)
def test_a_field_that_pika_would_refuse_is_named(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(PIKA.submits, operation, input_) == [field]


def test_texts_are_a_urlencoded_form_and_files_are_parts() -> None:
    account = an_account(PIKA)
    body = FORM_INPUTS["2.2/t2v"]
    call = PIKA.submits.build_submit(sent_to(account, a_task("2.2/t2v"), body))
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert b"promptText=a+c%C3%A4t+%26+more&seed=7&duration=5" in (call.body or b"")
    body = FORM_INPUTS["2.2/pikaframes"]
    call = PIKA.submits.build_submit(sent_to(account, a_task("2.2/pikaframes"), body))
    assert call.headers["content-type"].startswith("multipart/form-data; boundary=")
    sent = (call.body or b"").decode()
    assert sent.count('name="keyFrames"; filename=') == 2
    assert sent.count("hello") == 2


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"api_key": "comfyui-1"}, "x-api-key"),
        ({"base_url": None, "region": "pika"}, "x-api-key"),
        ({}, "authorization"),
    ],
)
def test_a_key_stands_where_it_is_looked_for(options: Mapping[str, Any], header: str) -> None:
    account = an_account(PIKA, **options)
    call = PIKA.submits.build_submit(sent_to(account, a_task("2.2/t2v"), {"promptText": "x"}))
    assert (account.api_key or "") in call.headers[header]


@pytest.mark.parametrize("profile", ["comfy", "gateway"])
def test_a_lost_submit_is_never_found(profile: str) -> None:
    assert PIKA.looks is None
    assert PIKA.cancels is None
    assert PIKA.submits.get_lookup_kind(an_account(PIKA, profile=profile)) is Finds.NEVER


def _video(status: str, **more: Any) -> dict[str, Any]:
    return {"id": status, "status": status, "progress": 42, "resultUrl": "", "error": ""} | more


DONE = _video("finished", resultUrl="https://media.example/v.mp4")
BROKEN = _video("error", error="no")


@pytest.mark.parametrize(
    ("videos", "state", "pieces"),
    [
        (None, TaskState.SUBMITTED, []),
        ([], TaskState.SUBMITTED, []),
        ([_video("queued")], TaskState.SUBMITTED, []),
        ([_video("pending")], TaskState.RUNNING, []),
        ([_video("finished")], TaskState.RUNNING, []),
        ([_video("queued"), DONE], TaskState.RUNNING, [ArtifactState.READY]),
        ([DONE], TaskState.SUCCEEDED, [ArtifactState.READY]),
        ([DONE, DONE], TaskState.SUCCEEDED, [ArtifactState.READY] * 2),
        ([BROKEN, DONE], TaskState.SUCCEEDED, [ArtifactState.FAILED, ArtifactState.READY]),
        ([BROKEN, BROKEN], TaskState.FAILED, []),
        ([_video("marinating")], None, []),
        ([_video("marinating"), _video("pending")], TaskState.RUNNING, []),
    ],
)
def test_a_container_stands_as_its_videos_do(
    videos: list[dict[str, Any]] | None, state: TaskState | None, pieces: list[ArtifactState]
) -> None:
    assert PIKA.polls is not None
    body = {"id": "t1"} | ({} if videos is None else {"videos": videos})
    task = a_task("generate", provider_task_id="t1")
    (outcome,) = PIKA.polls.parse_poll(
        asked_of(an_account(PIKA, profile="gateway"), task),
        HttpResult(200, {}, json.dumps(body).encode()),
    )
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is state
    assert [piece.state for piece in outcome.observation.artifacts] == pieces


@pytest.mark.parametrize(
    ("base_url", "operation"),
    [("https://g.example/pika", "generate"), ("https://api.comfy.org/proxy/pika", "2.2/t2v")],
)
def test_the_base_url_tells_the_profile(base_url: str, operation: str) -> None:
    assert PIKA.submits.explain_unserved(an_account(PIKA, base_url=base_url), operation) is None


def test_a_feed_is_asked_for_by_the_query_before_it_is_denied() -> None:
    assert PIKA.polls is not None
    account = an_account(PIKA, profile="gateway")
    asking = asked_of(account, a_task("generate", provider_task_id="t/1"))
    denial = HttpResult(404, {}, b'{"error": {"message": "Invalid URL"}}')
    (outcome,) = PIKA.polls.parse_poll(asking, denial)
    assert isinstance(outcome, Follow)
    assert outcome.call.url == f"{account.base_url}/feed/?id=t%2F1"
    (last,) = PIKA.polls.parse_poll(replace(asking, page=outcome.page), denial)
    assert isinstance(last, Absent)


def test_a_container_may_stand_in_an_envelope() -> None:
    assert PIKA.polls is not None
    body = {"code": 0, "msg": "ok", "data": {"id": "t1", "videos": [DONE]}}
    answer = HttpResult(200, {}, json.dumps(body).encode())
    account = an_account(PIKA, profile="gateway")
    task = a_task("generate", provider_task_id="t1")
    (outcome,) = PIKA.polls.parse_poll(asked_of(account, task), answer)
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is TaskState.SUCCEEDED
    assert isinstance(PIKA.submits.parse_submit(sent_to(account, task), answer), Accepted)


@pytest.mark.parametrize("model", [1.5, 2])
def test_a_version_may_be_written_as_a_number(model: object) -> None:
    body = {"promptText": "rain", "model": model}
    assert PIKA.submits.check("generate", body).body == body
