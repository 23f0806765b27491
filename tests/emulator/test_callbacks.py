"""Callbacks: shape, order, retries, forgeries, signatures."""

import base64
import hashlib
import hmac
import time

from tracker.emulator import EmulatorConfig, EmulatorServer
from tracker.emulator.core.signing import build_signature_headers

from .conftest import WEBHOOK_SECRET
from .support import TEXT, Api, Call, Sink, refused


def is_signed(call: Call) -> bool:
    """Return true if the Standard Webhooks signature matches, recomputed here."""
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    stamp, message_id = call.headers["webhook-timestamp"], call.headers["webhook-id"]
    assert abs(time.time() - int(stamp)) < 300
    wanted = hmac.digest(key, f"{message_id}.{stamp}.".encode() + call.raw, hashlib.sha256)
    return call.headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"


def test_each_change_is_called_back_with_the_bare_task(api: Api, sink: Sink) -> None:
    task_id = api.create(external_task_id="mine", callback_url=sink.url)
    api.advance(5)
    assert sink.words == ["processing", "succeed"]
    last = sink.calls[-1]
    assert last.path == "/callbacks/token"
    assert last.headers["content-type"] == "application/json; charset=utf-8"
    assert last.body["task_id"] == task_id
    assert last.body["task_info"] == {"external_task_id": "mine"}
    assert set(last.body["task_result"]["videos"][0]) == {"id", "url", "duration"}
    assert last.body["final_unit_deduction"] == "2"
    assert "watermark_info" not in last.body
    assert all(is_signed(call) for call in sink.calls)


def test_published_test_vector_is_reproduced() -> None:
    """The vendor's example at klingai.com/document-api/api/get-started/callbacks, 2026-08."""
    headers = build_signature_headers(
        [WEBHOOK_SECRET],
        message_id="9876543210",
        timestamp=1781080794,
        body=b'{"id":"1234567890","status":"succeeded","message":"",'
        b'"create_time":1781080778802,"update_time":1781080794151}',
    )
    assert headers["webhook-signature"] == "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="


def test_refused_callback_is_tried_again_with_the_same_id(api: Api, sink: Sink) -> None:
    sink.answers += [503]
    api.create(callback_url=sink.url, scenario="stuck")
    api.advance(1)
    assert api.control("callbacks")[0]["answer"] == 503
    api.advance(1)
    first, second = sink.calls
    assert first.raw == second.raw
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    record = api.control("callbacks")[0]
    assert (record["tries"], record["answer"], record["url"]) == (2, 200, sink.url)


def test_callback_is_given_up_after_three_tries(api: Api, sink: Sink) -> None:
    sink.answers += [500] * 9
    api.create(callback_url=sink.url, scenario="stuck")
    api.advance(1000)
    assert len(sink.calls) == 3


def test_unreachable_receiver_is_logged_and_stops_nothing(api: Api) -> None:
    task_id = api.create(callback_url="http://127.0.0.1:1/")
    api.advance(20)
    assert api.query(task_id)["task_status"] == "succeed"
    record = api.control("callbacks")[0]
    assert (record["tries"], record["answer"]) == (3, None)
    assert record["error"].startswith("could not connect")


def test_silent_task_is_never_called_back(api: Api, sink: Sink) -> None:
    for word in ("no_callback", "silent"):
        api.create(callback_url=sink.url, scenario=word)
    api.advance(5)
    assert sink.calls == []
    assert api.control("callbacks") == []


def test_duplicated_callbacks_have_same_bytes_and_id(api: Api, sink: Sink) -> None:
    api.create(callback_url=sink.url, scenario="duplicated=5")
    api.advance(5)
    assert sink.words == ["processing"] * 5 + ["succeed"] * 5
    assert len({call.raw for call in sink.calls}) == 2
    assert len({call.headers["webhook-id"] for call in sink.calls}) == 2


def test_reordered_verdict_comes_before_processing(api: Api, sink: Sink) -> None:
    api.create(callback_url=sink.url, scenario="reordered")
    api.advance(1)
    assert sink.calls == []
    api.advance(1)
    assert sink.words == ["succeed", "processing"]
    verdict, late = sink.calls
    assert late.body["updated_at"] < verdict.body["updated_at"]


def test_delayed_callbacks_lag_behind_the_task(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url, scenario="delayed=60")
    api.advance(10)
    assert api.query(task_id)["task_status"] == "succeed"
    assert sink.calls == []
    api.advance(60)
    assert sink.words == ["processing", "succeed"]


def test_forged_callbacks_lie_about_address_and_task(api: Api, sink: Sink) -> None:
    victim = api.create(external_task_id="victim", scenario="hold")
    task_id = api.create(callback_url=sink.url, external_task_id="mine", scenario="forged")
    api.advance(5)
    guessed, swapped, *true = sink.calls
    assert guessed.path != "/callbacks/token"
    assert guessed.path.startswith("/callbacks/")
    assert guessed.body["task_id"] == task_id
    assert swapped.path == "/callbacks/token"
    assert swapped.body["task_id"] == victim
    assert swapped.body["task_info"] == {"external_task_id": "victim"}
    for forged in (guessed, swapped):
        assert forged.body["task_result"]["videos"][0]["url"].startswith("https://evil.example/")
        assert "webhook-signature" not in forged.headers
    assert [call.body["task_status"] for call in true] == ["processing", "succeed"]
    kinds = [record["kind"] for record in api.control("callbacks")]
    assert kinds == ["forged", "forged", "genuine", "genuine"]


def test_badly_signed_callbacks_do_not_verify(api: Api, sink: Sink) -> None:
    api.create(callback_url=sink.url, scenario="bad_signature")
    api.advance(5)
    assert [is_signed(call) for call in sink.calls] == [False, False]


def test_callbacks_can_beat_the_create_answer(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url, scenario="callback_first")
    assert sink.words == ["processing", "succeed"]
    assert sink.calls[0].body["task_id"] == task_id
    api.create(callback_url=sink.url, scenario="callback_first=processing,failed")
    assert sink.words[2:] == ["processing"]
    api.advance(5)
    assert sink.words[2:] == ["processing", "failed"]


def test_unknown_word_is_called_back_and_shown_before_processing(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url, scenario="unknown_word")
    api.advance(0.5)
    assert api.query(task_id)["task_status"] == "marinating"
    api.advance(5)
    assert sink.words == ["marinating", "processing", "succeed"]


def test_vocabulary_and_units_can_change(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url, scenario="upper_case,seconds")
    api.advance(5)
    assert sink.words == ["PROCESSING", "SUCCEED"]
    assert sink.calls[0].body["created_at"] < 10**11
    assert api.query(task_id)["task_status"] == "SUCCEED"


def test_callback_can_come_in_an_envelope_with_a_word_as_code(api: Api, sink: Sink) -> None:
    answer = api.post(callback_url=sink.url, prompt="a [scenario:enveloped,code_string] cat")
    assert answer.json()["code"] == "success"
    api.advance(5)
    body = sink.calls[-1].body
    assert (body["code"], body["data"]["task_status"]) == ("success", "succeed")


def test_callback_can_name_another_id_than_the_create_answer(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url, external_task_id="x", scenario="other_id")
    api.advance(5)
    assert sink.calls[0].body["task_id"] == sink.calls[1].body["task_id"] != task_id
    assert sink.calls[1].body["task_info"] == {"external_task_id": "x"}
    refused(api.http.get(f"{TEXT}/{sink.calls[0].body['task_id']}"), 400, 1201)


def test_thin_callback_leaves_out_what_the_page_does_not_list(api: Api, sink: Sink) -> None:
    path = "/v1/audio/video-to-audio"
    fields = {"video_url": "https://example.com/a.mp4", "callback_url": sink.url}
    task_id = api.create(path, "thin_callback", **fields)
    api.advance(5)
    assert set(sink.calls[-1].body["task_result"]) == {"videos"}
    assert set(api.query(task_id, path)["task_result"]) == {"videos", "audios"}


def test_first_status_is_called_back_only_when_configured(sink: Sink) -> None:
    config = EmulatorConfig(manual_clock=True, callback_on_submitted=True)
    with EmulatorServer(config) as server:
        api = Api(server.url)
        api.create(callback_url=sink.url)
        api.advance(5)
        api.close()
    assert sink.words == ["submitted", "processing", "succeed"]
    assert "webhook-signature" not in sink.calls[0].headers
