"""Gateways with protocols of their own: new-api, PiAPI, AceDataCloud."""

import threading
from typing import Any

import httpx
import pytest

from .support import Api, Sink

X_KEY = {"x-api-key": "emulator-key"}


def test_new_api_hides_the_upstream_id_and_wraps_its_answer(api: Api, sink: Sink) -> None:
    path = "/new-api/kling/v1/videos/text2video"
    body = {"model_name": "kling-v1-6", "prompt": "a cat", "callback_url": sink.url}
    made = api.http.post(path, json=body | {"external_task_id": "mine"}).json()
    assert (made["object"], made["status"], made["model"]) == ("video", "queued", "kling-v1-6")
    assert made["id"] == made["task_id"]
    assert made["id"].startswith("task_")
    assert 10**9 < made["created_at"] < 10**10
    api.advance(2)
    answer = api.http.get(f"{path}/{made['id']}").json()
    record = answer["data"]
    assert (answer["code"], record["status"], record["progress"]) == ("success", "SUCCESS", "100%")
    inner = record["data"]["data"]
    assert inner["task_status"] == "succeed"
    assert inner["task_result"]["videos"]
    assert inner["task_id"] != made["id"]
    # The upstream calls the caller back, under the id that the caller never saw.
    assert {call.body["task_id"] for call in sink.calls} == {inner["task_id"]}
    assert sink.words == ["processing", "succeed"]


def test_new_api_words_its_errors(api: Api) -> None:
    path = "/new-api/kling/v1/videos/text2video"
    answer = api.http.get(f"{path}/nobody")
    assert (answer.status_code, answer.json()["code"]) == (400, "task_not_exist")
    assert answer.json()["data"] is None
    assert api.http.post(path, json={}).json()["code"] == "fail_to_fetch_task"
    assert api.http.post("/new-api/kling/v1/videos/effects", json={}).status_code == 400
    assert (
        httpx.get(api.http.base_url.join(f"{path}/x"), trust_env=False, timeout=60).status_code
        == 401
    )


def piapi_body(**config: object) -> dict[str, Any]:
    """A create body of PiAPI."""
    return {
        "model": "kling",
        "task_type": "video_generation",
        "input": {"prompt": "a cat", "duration": 5},
        "config": {"webhook_config": config},
    }


def test_piapi_runs_a_task_and_proves_its_callback_by_the_secret(api: Api, sink: Sink) -> None:
    body = piapi_body(endpoint=sink.url, secret="told-in-clear")
    made = api.http.post("/piapi/api/v1/task", json=body, headers=X_KEY).json()
    assert (made["code"], made["data"]["status"]) == (200, "pending")
    task_id = made["data"]["task_id"]
    api.advance(2)
    task = api.http.get(f"/piapi/api/v1/task/{task_id}", headers=X_KEY).json()["data"]
    assert (task["status"], task["error"]["code"]) == ("completed", 0)
    assert task["output"]["video_url"].startswith("http://")
    assert task["meta"]["ended_at"] > task["meta"]["created_at"]
    (call,) = sink.calls
    assert call.headers["x-webhook-secret"] == "told-in-clear"
    assert "webhook-signature" not in call.headers
    assert (call.body["data"]["task_id"], set(call.body)) == (task_id, {"timestamp", "data"})


def test_piapi_says_why_and_what_is_not_there(api: Api) -> None:
    path = "/piapi/api/v1/task"
    body = piapi_body() | {"emulator_scenario": "moderated"}
    task_id = api.http.post(path, json=body, headers=X_KEY).json()["data"]["task_id"]
    pending = api.http.get(f"{path}/{task_id}", headers=X_KEY).json()["data"]
    assert pending["meta"]["ended_at"] == "0001-01-01T00:00:00Z"
    api.advance(2)
    failed = api.http.get(f"{path}/{task_id}", headers=X_KEY).json()["data"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", 10000)
    assert "risk control" in failed["error"]["message"]
    assert api.http.get(f"{path}/nobody", headers=X_KEY).status_code == 404
    assert api.http.post(path, json=body).status_code == 401
    assert api.http.post(path, json=body | {"model": "other"}, headers=X_KEY).status_code == 400


def test_acedata_answers_at_once_only_when_told_to(api: Api, sink: Sink) -> None:
    body = {"action": "text2video", "prompt": "a cat", "duration": 5}
    made = api.http.post("/acedata/kling/videos", json=body | {"callback_url": sink.url}).json()
    other = api.http.post("/acedata/kling/videos", json=body | {"async": True}).json()
    assert made["success"] is True
    api.advance(2)
    final = sink.calls[0].body
    assert (final["task_id"], final["state"]) == (made["task_id"], "succeed")
    assert final["duration"] == "5.041"
    one = {"id": other["task_id"], "action": "retrieve"}
    record = api.http.post("/acedata/kling/tasks", json=one).json()
    assert record["response"]["video_url"].startswith("http://")
    batch = {"ids": [made["task_id"], other["task_id"]], "action": "retrieve_batch"}
    assert api.http.post("/acedata/kling/tasks", json=batch).json()["count"] == 2
    answer = api.http.post("/acedata/kling/tasks", json=one | {"id": "nobody"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("scenario", "success"), [("ok", True), ("failed", False)])
def test_acedata_keeps_the_caller_waiting_otherwise(
    api: Api, scenario: str, *, success: bool
) -> None:
    body = {"action": "text2video", "prompt": "a cat", "emulator_scenario": scenario}
    answers: list[dict[str, Any]] = []

    def post() -> None:
        answers.append(api.http.post("/acedata/kling/videos", json=body).json())

    caller = threading.Thread(target=post)
    caller.start()
    while not api.control("tasks"):
        pass
    assert answers == []
    api.advance(2)
    caller.join(60)
    assert answers[0]["success"] is success
