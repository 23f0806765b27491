"""Every deviation of a gateway can be played, in answers and in callbacks."""

from typing import Any

import pytest

from tracker.emulator.providers.kling.words import KLING_WORDS, KlingWord

from .support import MULTI_IMAGE, TEXT, Api, Sink

DEEP = {"nested": ("data", "data"), "deeper": ("data", "data", "data"), "bare": ()}


def asked(api: Api, task_id: str) -> Any:
    """The whole answer of a query."""
    answer = api.http.get(f"{TEXT}/{task_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(api: Api, scenario: str) -> Any:
    """A text2video task at its end, as a query answers."""
    answer = api.http.post(
        TEXT, json={"prompt": "a cat", "emulator_scenario": scenario, "external_task_id": "m"}
    )
    assert answer.status_code == 200, answer.text
    api.advance(2)
    return asked(api, "m")


@pytest.mark.parametrize(
    ("word", "code"), [("200", 200), ("1000", 1000), ("success", "success"), ("none", None)]
)
def test_a_success_has_another_code(api: Api, word: str, code: object) -> None:
    assert ended(api, f"code={word}").get("code") == code


@pytest.mark.parametrize("shape", ["bare", "nested", "deeper"])
def test_the_task_lies_at_another_depth(api: Api, shape: str) -> None:
    body = ended(api, f"shape={shape}")
    for name in DEEP[shape]:
        body = body[name]
    assert body["task_status"] == "succeed"
    assert body["task_result"]["videos"]


def test_the_relays_outer_record_has_words_of_its_own(api: Api) -> None:
    outer = ended(api, "shape=nested")["data"]
    assert (outer["status"], outer["progress"]) == ("SUCCESS", "100%")


def test_the_task_lies_in_a_list(api: Api) -> None:
    assert ended(api, "shape=listed")["data"][0]["task_status"] == "succeed"


def test_message_is_msg_and_the_request_id_is_missing(api: Api) -> None:
    assert set(ended(api, "msg,no_request_id")) == {"code", "msg", "data"}


@pytest.mark.parametrize("field", KLING_WORDS[KlingWord.ID_FIELD].choices)
def test_the_id_is_called_otherwise(api: Api, field: str) -> None:
    data = ended(api, f"id_field={field}")["data"]
    assert len(data[field]) == 18
    assert "task_id" not in data


@pytest.mark.parametrize(
    ("form", "start"), [("ulid", "task_"), ("uuid", ""), ("base64", ""), ("qvideo", "qvideo-")]
)
def test_the_id_has_another_form(api: Api, form: str, start: str) -> None:
    task_id = api.create(TEXT, f"id_form={form}")
    assert task_id.startswith(start)
    assert not task_id.isdigit()
    assert asked(api, task_id)["data"]["task_id"] == task_id


def test_the_id_is_a_number_beyond_every_float(api: Api) -> None:
    task_id = ended(api, "id_form=number")["data"]["task_id"]
    assert type(task_id) is int
    assert task_id > 2**53


@pytest.mark.parametrize("field", ["status", "state"])
def test_the_status_is_called_otherwise(api: Api, field: str) -> None:
    assert ended(api, f"status_field={field}")["data"][field] == "succeed"


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ("openai", ["queued", "in_progress", "completed"]),
        ("new_api", ["NOT_START", "IN_PROGRESS", "SUCCESS"]),
        ("piapi", ["pending", "processing", "completed"]),
        ("qiniu", ["initializing", "running", "complete"]),
        ("tencent", ["QUEUED", "RUNNING", "DONE"]),
        ("relay", ["staged", "processing", "success"]),
        ("cancelling", ["submitted", "processing", "succeeded"]),
    ],
)
def test_the_words_are_anothers(api: Api, whose: str, words: list[str]) -> None:
    task_id = api.create(TEXT, f"vocabulary={whose}")
    seen = [asked(api, task_id)["data"]["task_status"]]
    for _ in range(2):
        api.advance(1)
        seen.append(asked(api, task_id)["data"]["task_status"])
    assert seen == words


@pytest.mark.parametrize(("whose", "word"), [("new_api", "FAILURE"), ("cancelling", "cancelled")])
def test_the_words_for_failure_are_anothers(api: Api, whose: str, word: str) -> None:
    assert ended(api, f"failed,vocabulary={whose}")["data"]["task_status"] == word


@pytest.mark.parametrize(
    ("form", "example"),
    [("digits", "1"), ("rfc3339", "+00:00"), ("plain", " "), ("zero", "0001-01-01T00:00:00Z")],
)
def test_times_look_otherwise(api: Api, form: str, example: str) -> None:
    at = ended(api, f"times={form}")["data"]["updated_at"]
    assert isinstance(at, str)
    assert example in at


def test_times_are_absent_or_called_otherwise(api: Api) -> None:
    assert "updated_at" not in ended(api, "times=absent")["data"]


@pytest.mark.parametrize("names", [("create_time", "update_time"), ("submit_time", "finish_time")])
def test_times_are_called_otherwise(api: Api, names: tuple[str, str]) -> None:
    data = ended(api, f"time_fields={names[0]}")["data"]
    assert data[names[0]] < data[names[1]]


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("url", ["url"]),
        ("video_url", ["video_url"]),
        ("output", ["output", "video"]),
        ("list", ["result", 0]),
        ("result_url", ["result_url"]),
        ("metadata", ["metadata", "url"]),
        ("ResultVideoUrl", ["ResultVideoUrl"]),
        ("outputs", ["outputs", 0, "url"]),
        ("images", ["task_result", "images", 0, "url"]),
    ],
)
def test_the_result_lies_elsewhere(api: Api, place: str, path: list[Any]) -> None:
    found = ended(api, f"result={place}")["data"]
    assert ("task_result" in found) == (place == "images")
    for step in path:
        found = found[step]
    assert found.startswith("http://")


@pytest.mark.parametrize(("kind", "value"), [("int", 5), ("float", 5.041)])
def test_durations_are_numbers(api: Api, kind: str, value: float) -> None:
    assert ended(api, f"duration={kind}")["data"]["task_result"]["videos"][0]["duration"] == value


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("message", ["message"]),
        ("fail_reason", ["fail_reason"]),
        ("error_message", ["error", "message"]),
        ("error", ["error"]),
        ("error_info", ["error_info"]),
        ("ErrorMessage", ["ErrorMessage"]),
    ],
)
def test_the_reason_lies_elsewhere(api: Api, place: str, path: list[str]) -> None:
    found = ended(api, f"moderated,reason={place}")["data"]
    assert "task_status_msg" not in found
    for step in path:
        found = found[step]
    assert found == "Failure to pass the risk control system"


def test_progress_is_told(api: Api) -> None:
    assert ended(api, "progress=percent")["data"]["progress"] == "100%"
    assert api.http.post("/emulator/reset").status_code == 200
    assert ended(api, "progress=number")["data"]["progress"] == 100


def test_task_info_and_the_external_id_vary(api: Api) -> None:
    assert ended(api, "info=null")["data"]["task_info"] is None
    api.http.post("/emulator/reset")
    assert "task_info" not in ended(api, "info=missing")["data"]
    api.http.post("/emulator/reset")
    assert ended(api, "external=external_id,info=empty")["data"]["external_id"] == "m"


def test_errors_have_words_for_codes(api: Api) -> None:
    api.http.put("/emulator/scenario", json={"scenario": "word_errors"})
    answer = api.http.get(f"{TEXT}/nobody")
    assert answer.status_code == 400
    assert answer.json()["code"] == "task_not_exist"
    assert answer.json()["data"] is None
    assert api.http.post(TEXT, json={}).json()["code"] == "fail_to_fetch_task"


@pytest.mark.parametrize(("word", "status"), [("html_query", 404), ("html_ok", 200)])
def test_queries_are_answered_by_a_page_for_a_while(api: Api, word: str, status: int) -> None:
    task_id = api.create(TEXT, f"{word}=1")
    answer = api.http.get(f"{TEXT}/{task_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    assert asked(api, task_id)["data"]["task_id"] == task_id


def test_the_callback_url_is_read_from_another_field_only(api: Api, sink: Sink) -> None:
    api.create(MULTI_IMAGE, "callback_field=callBackUrl", callback_url=sink.url)
    api.advance(5)
    assert sink.calls == []
    api.create(MULTI_IMAGE, "callback_field=callBackUrl", callBackUrl=sink.url)
    api.advance(5)
    assert sink.words == ["processing", "succeed"]


def test_callbacks_are_as_odd_as_answers(api: Api, sink: Sink) -> None:
    odd = "id_field=taskId,status_field=state,vocabulary=openai,time_fields=create_time,result=url"
    made = api.post(
        TEXT, emulator_scenario=f"{odd},enveloped,shape=nested", callback_url=sink.url
    ).json()["data"]["data"]
    assert made["state"] == "queued"
    api.advance(2)
    body = sink.calls[-1].body["data"]["data"]
    assert (body["taskId"], body["state"]) == (made["taskId"], "completed")
    assert body["url"].startswith("http://")
    assert body["update_time"]
