"""Pictures and responses of OpenAI's API: what is sent, and what each answer proves."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.support import a_task, an_account, asked_of, called_back, sent_to
from tracker.domain.errors import CallbackRejected, InvalidRequest, Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.inline_files import make_lost_name
from tracker.domain.outcome import (
    Accepted,
    Cancelled,
    Deferred,
    Observed,
    Refused,
    SubmitOutcome,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.openai.images import EDITED, GENERATED, VARIED
from tracker.providers.openai.official import ProjectEvents
from tracker.providers.openai.responses import RESPONSES
from tracker.providers.ports.callbacks import Hint
from tracker.providers.registry import PROVIDERS

OPENAI = PROVIDERS["openai"]
FILE = "data:image/png;base64,aGVsbG8="
NAME = "tracker-asset:0199a6a2?bytes=1&mark=00"
CAT = {"model": "gpt-image-2.5", "prompt": "a cat"}
TOOL = {"model": "gpt-6", "input": "a cat", "tools": [{"type": "image_generation"}]}
INPUTS: Mapping[str, Mapping[str, Any]] = {
    GENERATED: CAT,
    EDITED: {**CAT, "image": FILE},
    VARIED: {"image": FILE, "n": "2"},
    RESPONSES: TOOL,
}
EVENT = (
    b'{"id":"evt_1","object":"event","created_at":1777629600,'
    b'"type":"response.completed","data":{"id":"resp_1"}}'
)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OFFICIAL = {"profile": "official"}


class TestOpenAIItself(SubmitContract, PollContract, ProbeContract):
    provider = OPENAI
    options = OFFICIAL
    inputs = INPUTS


class TestPicturesOfGateways(SubmitContract):
    provider = OPENAI
    inputs = {name: INPUTS[name] for name in (GENERATED, EDITED, VARIED)}  # noqa: RUF012 - read only


def _call(operation: str, body: Mapping[str, Any]) -> Any:
    checked = OPENAI.submits.check(operation, body)
    sending = sent_to(an_account(OPENAI, **OFFICIAL), a_task(operation), checked.body)
    return OPENAI.submits.build_submit(sending)


def _read(
    body: bytes | Mapping[str, Any], *, broken: str | None = None, wanted: int = 1
) -> SubmitOutcome:
    """Read the answer to a create of pictures byte by byte."""
    assert OPENAI.streams is not None
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    account = an_account(OPENAI)
    sending = sent_to(account, a_task(GENERATED), CAT | {"n": wanted})
    reader = OPENAI.streams.make_reader(sending, {"x-request-id": "req_1"})
    told = "".join(reader.feed(text[at : at + 1]) for at in range(len(text))) + reader.read_rest()
    return reader.finish(told, broken)


def _said(outcome: SubmitOutcome) -> Any:
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    return outcome.said


def test_a_picture_is_created_as_json_and_may_take_ten_minutes() -> None:
    call = _call(GENERATED, {**CAT, "n": 2, "output_format": "svg", "new_field": [1]})
    assert call.lasts_s == 600
    assert json.loads(call.body)["new_field"] == [1]
    for wrong in (
        {"prompt": ""},
        {**CAT, "n": 11},
        {**CAT, "n": "0"},
        {**CAT, "prompt": "x" * 32_001},
        {**CAT, "output_compression": 101},
        {**CAT, "partial_images": "4"},
    ):
        with pytest.raises(InvalidRequest):
            OPENAI.submits.check(GENERATED, wrong)


def test_an_edit_of_files_is_a_form_and_one_of_addresses_is_json() -> None:
    form = _call(EDITED, {**CAT, "image": [FILE, FILE], "mask": FILE, "n": "2", "stream": "true"})
    assert form.headers["content-type"].startswith("multipart/form-data")
    assert form.body.count(b'name="image[]"; filename=') == 2
    assert b'name="mask"; filename=' in form.body
    assert b'name="stream"\r\n\r\ntrue' in form.body
    varied = _call(VARIED, INPUTS[VARIED])
    assert varied.body.count(b'name="image"; filename=') == 1
    assert b"prompt" not in varied.body
    url = "https://pictures.example/a.png"
    by_url = json.loads(_call(EDITED, {**CAT, "image": [url], "mask": url}).body)
    assert (by_url["images"], by_url["mask"]) == ([{"image_url": url}], {"image_url": url})
    assert json.loads(_call(EDITED, {**CAT, "images": [{"file_id": "f"}]}).body)["images"]


def test_an_answer_with_pictures_is_a_success_with_its_facts_and_tokens() -> None:
    usage = {"input_tokens": 13, "output_tokens": 4160}
    body = {"created": 1, "size": "auto", "data": [{"b64_json": NAME}, {"b64_json": "iVBO"}]}
    outcome = _read(body | {"usage": usage, "output_format": "webp"}, wanted=3)
    assert isinstance(outcome, Accepted)
    assert (outcome.provider_task_id, outcome.request_id) == (None, "req_1")
    said = _said(outcome)
    assert (said.state, said.message) == (TaskState.SUCCEEDED, "2 of 3 pictures")
    assert [one.url for one in said.artifacts] == [NAME, "data:image/webp;base64,iVBO"]
    assert said.artifacts[0].extra == {"size": "auto", "output_format": "webp"}
    assert [(one.unit, one.amount) for one in said.costs] == [
        ("input_tokens", "13"),
        ("output_tokens", "4160"),
    ]
    linked = _said(_read({"data": [{"url": "https://gateway.example/1.png"}]}))
    assert linked.artifacts[0].url == "https://gateway.example/1.png"


SMALL = "iVBORw0KGgo/+/8="


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"b64_json": f"data:image/png;base64,{SMALL}"}]},
        {"data": [{"b64_json": "iVBORw0KGgo_-_8"}]},
        {"data": [{"b64_json": "iVBORw0K\r\nGgo/+/8="}]},
        {"data": [{"url": f"data:image/png;base64,{SMALL}", "b64_json": None}]},
        {"data": [SMALL]},
        {"data": {"b64_json": SMALL}},
        {"images": [{"b64_json": SMALL}], "timings": {"inference": 0.1}, "seed": 42},
        {"data": [], "images": [SMALL]},
        {"code": 0, "data": {"created": 1, "data": [{"b64_json": SMALL}]}},
        {"data": {"data": {"images": [{"b64_json": SMALL}]}}},
        {"data": [{"b64_json": SMALL}], "error": None},
        json.dumps(json.dumps({"data": [{"b64_json": SMALL}]})).encode(),
        b"\xef\xbb\xbf" + json.dumps({"data": [{"b64_json": SMALL}]}).encode(),
        b'{"data": [{"b64_json": "%s"}], "usage": {"input_tokens": %s}}'
        % (SMALL.encode(), b"9" * 5000),
        b'{"data": [{"b64_json": "%s"}], "usage": {"input_tokens": -5}}' % SMALL.encode(),
        b'data: {"created": 1, "data": [{"b64_json": "%s"}]}\n\n' % SMALL.encode(),
    ],
)
def test_a_picture_is_found_however_a_gateway_writes_it(body: Any) -> None:
    said = _said(_read(body))
    assert (said.state, said.costs) == (TaskState.SUCCEEDED, ())
    assert [one.url for one in said.artifacts] == [f"data:image/png;base64,{SMALL}"]


def test_an_error_that_comes_with_http_200_is_told_and_one_of_the_server_proves_nothing() -> None:
    said = _said(_read({"error": {"code": "moderation_blocked", "message": "no"}}))
    assert (said.state, said.error.code) == (TaskState.FAILED, "moderation_blocked")
    assert isinstance(_read({"error": {"type": "server_error", "message": "no"}}), Unknown)
    assert isinstance(_read({"error": "timeout"}), Unknown)
    for text in ("sorry, no picture", "iVBOR", "PGh0bWw+bm88L2h0bWw+"):  # the last one is a page
        assert _said(_read({"data": [{"b64_json": text}]})).error.code == "empty_result"


LOST = make_lost_name("a file in the answer is no base64: Excess data")


def test_a_picture_that_cannot_be_read_is_told_beside_those_that_can() -> None:
    pictures = [{"b64_json": NAME}, {"b64_json": LOST}, {"b64_json": "no picture"}]
    done = b"".join(_event("image_generation.completed", **one) for one in pictures)
    preview = _event("image_generation.partial_image", b64_json=LOST, partial_image_index=0)
    for body in ({"data": pictures}, preview + done):
        said = _said(_read(body, wanted=3))
        assert (said.state, said.message) == (TaskState.SUCCEEDED, "1 of 3 pictures")
        assert [(one.key, one.url, one.state.value) for one in said.artifacts] == [
            ("image-0", NAME, "ready"),
            ("image-1", None, "failed"),
            ("image-2", None, "failed"),
        ]
        assert "Excess data" in said.artifacts[1].extra["error"]
    alone = _read({"data": pictures[1:]})
    assert isinstance(alone, Unknown)
    assert "Excess data" in alone.reason


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("COMPLETED", TaskState.SUCCEEDED),
        ("in-progress", TaskState.RUNNING),
        ("canceled", TaskState.CANCELLED),
    ],
)
def test_words_of_a_response_count_in_any_spelling(word: str, state: TaskState) -> None:
    assert OPENAI.polls is not None
    asking = asked_of(an_account(OPENAI, **OFFICIAL), a_task(RESPONSES, provider_task_id="r"))
    body = json.dumps({"id": "r", "status": word, "output": []}).encode()
    (outcome,) = OPENAI.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is state


def test_what_holds_no_picture_is_a_failure_or_proves_nothing() -> None:
    for data in ([], [{"revised_prompt": "no"}], [{"url": "ftp://a"}]):
        said = _said(_read({"data": data}))
        assert (said.state, said.error.code) == (TaskState.FAILED, "empty_result")
    for body in (b"", b"<html>", b'{"data": [{"b64', b"[1]", b'{"data": {}}'):
        assert isinstance(_read(body), Unknown), body
    assert isinstance(_read({"data": [{"b64_json": NAME}]}, broken="cut"), Unknown)


def _event(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


def test_a_stream_is_believed_by_its_ends_alone() -> None:
    preview = _event("image_generation.partial_image", b64_json=NAME, partial_image_index=0)
    done = _event("image_generation.completed", b64_json=NAME, usage={"output_tokens": 7})
    assert isinstance(_read(preview), Unknown)
    assert isinstance(_read(preview, broken="cut"), Unknown)
    whole = _said(_read(preview + done, broken="cut behind its end"))
    assert (whole.state, len(whole.artifacts)) == (TaskState.SUCCEEDED, 1)
    blocked = {"message": "no", "code": "moderation_blocked", "type": "image_generation_user_error"}
    failed = _said(_read(preview + _event("error", error=blocked)))
    assert (failed.state, failed.error.code) == (TaskState.FAILED, "moderation_blocked")
    broken = {"message": "oops", "code": "server_error", "type": "server_error"}
    assert isinstance(_read(_event("error", error=broken)), Unknown)


@pytest.mark.parametrize(
    ("status", "code", "outcome", "is_blamed"),
    [
        (400, "moderation_blocked", Refused, False),
        (401, "invalid_api_key", Refused, True),
        (403, "organization_not_verified", Refused, True),
        (404, "model_not_found", Refused, False),
        (413, "too_large", Refused, False),
        (429, "rate_limit_exceeded", Deferred, None),
        (429, "insufficient_quota", Refused, True),
        (429, "billing_hard_limit_reached", Refused, True),
        *[(status, "error", Unknown, None) for status in (408, 499, 500, 502, 503, 504, 520, 524)],
    ],
)
def test_each_refusal_proves_what_its_status_and_code_say(
    *, status: int, code: str, outcome: type, is_blamed: bool | None
) -> None:
    body = json.dumps({"error": {"message": "no", "type": "t", "param": None, "code": code}})
    answer = HttpResult(status, {"retry-after": "7"}, body.encode())
    for operation, input_ in INPUTS.items():
        sending = sent_to(an_account(OPENAI, **OFFICIAL), a_task(operation), input_)
        found = OPENAI.submits.parse_submit(sending, answer)
        assert type(found) is outcome
        assert is_blamed is None or found.blames_account is is_blamed  # type: ignore[union-attr]  # Refused


def _response(**fields: Any) -> HttpResult:
    body = {"id": "resp_1", "object": "response", "status": "queued", "output": []} | fields
    return HttpResult(200, {}, json.dumps(body).encode())


def _seen(**fields: Any) -> Any:
    assert OPENAI.polls is not None
    task = a_task(RESPONSES, provider_task_id="resp_1", context={"picture": True})
    asking = asked_of(an_account(OPENAI, **OFFICIAL), task)
    [outcome] = OPENAI.polls.parse_poll(asking, _response(**fields))
    assert isinstance(outcome, Observed)
    return outcome.observation


def test_a_response_is_made_in_the_background_whatever_is_asked_for() -> None:
    with pytest.raises(InvalidRequest):
        OPENAI.submits.check(RESPONSES, TOOL | {"metadata": {"task": "x" * 513}})
    call = _call(RESPONSES, TOOL | {"background": False, "stream": True, "store": False})
    sent = json.loads(call.body)
    assert (sent["background"], sent["store"], "stream" in sent) == (True, True, False)
    sending = sent_to(an_account(OPENAI, **OFFICIAL), a_task(RESPONSES), TOOL)
    made = OPENAI.submits.parse_submit(sending, _response())
    assert isinstance(made, Accepted)
    assert (made.provider_task_id, made.context) == ("resp_1", {"picture": True})
    at_once = OPENAI.submits.parse_submit(sending, _response(status="completed"))
    assert isinstance(at_once, Accepted)
    assert at_once.look_now


def test_a_response_ends_by_its_word_and_its_pictures() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "result": NAME, "output_format": "png"}
    words = {"type": "message", "content": [{"type": "output_text", "text": "here"}]}
    lost = _seen(status="completed", output=[item | {"result": LOST}]).artifacts
    assert [(one.url, one.state.value) for one in lost] == [(None, "failed")]
    done = _seen(status="completed", output=[item, words])
    assert [(one.kind, one.id) for one in done.artifacts] == [("image", "ig_1"), ("text", None)]
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "never"}]}
    empty = _seen(status="completed", output=[refused])
    assert (empty.state, empty.error.code, empty.message) == (
        TaskState.FAILED,
        "empty_result",
        "never",
    )
    cut = _seen(status="incomplete", incomplete_details={"reason": "content_filter"})
    assert (cut.state, cut.error.code) == (TaskState.FAILED, "content_filter")
    assert _seen(status="cancelled").state is TaskState.CANCELLED
    assert _seen(status="in_progress").state is TaskState.RUNNING
    assert _seen(status="marinating").state is None


def test_a_response_alone_is_cancelled() -> None:
    assert OPENAI.cancels is not None
    account = an_account(OPENAI, **OFFICIAL)
    asking = asked_of(account, a_task(RESPONSES, provider_task_id="resp/1"))
    call = OPENAI.cancels.build_cancel(asking)
    assert call is not None
    assert call.url.endswith("/responses/resp%2F1/cancel")
    outcome = OPENAI.cancels.parse_cancel(asking, _response(status="cancelled"))
    assert outcome == Cancelled("cancelled")
    video = asked_of(account, a_task("videos", provider_task_id="video_1"))
    assert OPENAI.cancels.build_cancel(video) is None


def test_an_event_of_the_project_is_a_hint() -> None:
    """The published example: it names the response and says nothing of it."""
    events = ProjectEvents()
    assert events.parse_callback(called_back(EVENT)) == (
        Hint("the event response.completed", "resp_1"),
    )
    assert events.parse_callback(called_back(b'{"type":"batch.completed","data":{"id":"b"}}')) == ()
    for wrong in (b"{", b"[]", b"{}"):
        with pytest.raises(CallbackRejected):
            events.parse_callback(called_back(wrong))


@pytest.mark.parametrize(("body", "fits"), [(EVENT, True), (EVENT + b" ", False)])
def test_an_event_is_proved_by_the_secret_of_its_endpoint(body: bytes, *, fits: bool) -> None:
    """The signature was worked out apart from this code, as standardwebhooks.com has it."""
    scheme = ProjectEvents().get_proof_scheme(
        an_account(OPENAI, **OFFICIAL, webhook_secrets=[SECRET])
    )
    assert scheme is not None
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1777629600",
        "webhook-signature": "v1,I0OJtKh1F2fARHkM481ukIq10ObWaE/WyHQerA0snpo=",
    }
    proof = scheme.verify(called_back(body, headers), now=datetime.fromtimestamp(1777629700, UTC))
    assert (proof.flaw is None) is fits


def test_events_come_to_an_account_of_openai_itself_that_has_their_secret() -> None:
    events = ProjectEvents()
    told = an_account(OPENAI, **OFFICIAL, webhook_secrets=[SECRET])
    assert [events.has_callbacks(told, one) for one in (RESPONSES, "videos", GENERATED)] == [
        True,
        True,
        False,
    ]
    assert events.get_proof_scheme(told) is not None
    assert not events.has_callbacks(an_account(OPENAI, **OFFICIAL), RESPONSES)
    for options in ({"webhook_secrets": [SECRET]}, OFFICIAL | {"webhook_secrets": ["short"]}):
        with pytest.raises(ValueError, match="webhook_secrets"):
            an_account(OPENAI, **options)


def test_a_response_continues_another_by_the_id_that_openai_gave() -> None:
    request = OPENAI.submits.check(RESPONSES, TOOL | {"previous_response_id": "resp_ours"})
    assert (request.parent, request.parent_field) == ("ours", "previous_response_id")
    account = an_account(OPENAI, **OFFICIAL)
    parent = a_task(RESPONSES, provider_task_id="resp_theirs")
    sending = sent_to(account, a_task(RESPONSES), request.body, parent=parent)
    body = json.loads(OPENAI.submits.build_submit(sending).body or b"")
    assert body["previous_response_id"] == "resp_theirs"
    with pytest.raises(Misuse):
        OPENAI.submits.build_submit(sent_to(account, a_task(RESPONSES), request.body))
