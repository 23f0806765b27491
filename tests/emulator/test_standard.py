"""The new standard: its creates, batched and paged queries, callbacks, and where it is strict."""

from typing import Any

import httpx
import pytest

from .support import MULTI_IMAGE, TEXT, Api, Sink, refused
from .test_auth import a_jwt

NEW_TEXT = "/text-to-video/kling-3.0"
CONTENTS = [{"type": "prompt", "text": "a cat"}, {"type": "first_frame", "url": "https://e.com/a"}]


def make(api: Api, *, scenario: str = "ok", **options: object) -> str:
    """Make a task of the new standard; its id."""
    body = {"prompt": "a cat", "options": options, "emulator_scenario": scenario}
    answer = api.http.post(NEW_TEXT, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["id"])


def look(api: Api, **params: str) -> list[dict[str, Any]]:
    """`data` of `GET /tasks`."""
    answer = api.http.get("/tasks", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@pytest.mark.parametrize("prefix", ["", "/kling", "/proxy/kling"])
def test_a_task_runs_from_create_to_outputs_and_billing(api: Api, prefix: str) -> None:
    body = {
        "prompt": "a cat",
        "settings": {"duration": 10, "resolution": "1080p", "aspect_ratio": "16:9"},
        "options": {"external_task_id": "mine"},
    }
    made = api.http.post(prefix + NEW_TEXT, json=body).json()
    assert (made["code"], set(made["data"])) == (
        0,
        {"id", "status", "create_time", "update_time", "external_id"},
    )
    assert made["data"]["status"] == "submitted"
    api.advance(2)
    (task,) = api.http.get(f"{prefix}/tasks?task_ids={made['data']['id']}").json()["data"]
    assert (task["status"], task["external_id"], task["message"]) == ("succeeded", "mine", "")
    assert task["outputs"][0]["type"] == "video"
    assert task["outputs"][0]["duration"] == "10.041"
    assert task["billing"] == [{"charge_type": "unit", "amount": "7", "package_type": "video"}]
    media = httpx.get(task["outputs"][0]["url"], trust_env=False, timeout=60)
    assert (media.headers["content-type"], media.content[4:8]) == ("video/mp4", b"ftyp")


@pytest.mark.parametrize("product", ["image-to-video", "omni-video", "motion-control"])
def test_the_other_products_take_contents(api: Api, product: str) -> None:
    path = f"/{product}/kling-3.0"
    assert api.http.post(path, json={"contents": CONTENTS}).status_code == 200
    refused(api.http.post(path, json={"contents": ["a cat"]}), 400, 1201)
    refused(api.http.post(path, json={"prompt": "a cat"}), 400, 1201)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prompt": ""}, 1201),
        ({"prompt": "x" * 3073}, 1201),
        ({"settings": {"duration": "5"}}, 1201),
        ({"settings": {"resolution": "8k"}}, 1201),
        ({"options": {"callback_url": "nowhere"}}, 1201),
        ({"options": {"external_task_id": 7}}, 1201),
    ],
)
def test_known_fields_are_checked(api: Api, change: dict[str, Any], code: int) -> None:
    refused(api.http.post(NEW_TEXT, json={"prompt": "a cat"} | change), 400, code)


def test_unknown_fields_at_the_top_are_ignored_without_a_word(api: Api, sink: Sink) -> None:
    body = {"prompt": "a cat", "callback_url": sink.url, "external_task_id": "x", "junk": 1}
    task_id = api.http.post(NEW_TEXT, json=body).json()["data"]["id"]
    api.advance(5)
    (task,) = look(api, task_ids=task_id)
    assert (task["status"], task["external_id"], sink.calls) == ("succeeded", "", [])


def test_an_unknown_model_or_path_is_1203_and_a_wrong_method_1202(api: Api) -> None:
    refused(api.http.post("/text-to-video/kling-9", json={"prompt": "a"}), 404, 1203)
    refused(api.http.post("/text-to-song/kling-3.0", json={"prompt": "a"}), 404, 1203)
    refused(api.http.get(NEW_TEXT), 404, 1202)
    refused(api.http.delete("/tasks"), 404, 1202)


def test_a_pair_of_keys_will_not_do(api: Api) -> None:
    headers = {"authorization": a_jwt()}
    assert api.http.post(TEXT, json={"prompt": "a"}, headers=headers).status_code == 200
    for path in (NEW_TEXT, "/tasks", "/solutions"):
        text = refused(api.http.post(path, json={"prompt": "a"}, headers=headers), 401, 1002)
        assert "AK/SK" in text


def test_up_to_twenty_tasks_are_asked_for_by_either_id(api: Api) -> None:
    ids = [make(api, external_task_id=f"mine-{n}") for n in range(5)]
    assert [t["id"] for t in look(api, task_ids=",".join(ids))] == ids
    found = look(api, external_task_ids="mine-3,nobody,mine-1")
    assert [t["external_id"] for t in found] == ["mine-3", "mine-1"]
    assert look(api, task_ids="mine-1") == []
    for query in ("", "?task_ids=1&external_task_ids=2", f"?task_ids={','.join(['1'] * 21)}"):
        refused(api.http.get(f"/tasks{query}"), 400, 1201)


def test_legacy_tasks_stand_in_tasks_too_in_the_new_shape(api: Api) -> None:
    task_id = api.create(external_task_id="old", scenario="failed")
    api.advance(2)
    (task,) = look(api, task_ids=task_id)
    assert (task["id"], task["status"], task["external_id"]) == (task_id, "failed", "old")
    assert task["billing"] == [{"amount": "0"}]
    assert task["message"]
    refused(api.http.get(f"{MULTI_IMAGE}/{make(api)}"), 400, 1201)


def test_lists_are_paged_by_cursor_and_filtered(api: Api) -> None:
    ids = [make(api) for _ in range(5)]
    api.advance(2)
    first = api.http.post("/tasks", json={"limit": 3}).json()["data"]
    assert ([t["id"] for t in first["result"]], first["has_more"]) == (ids[:1:-1], True)
    rest = api.http.post("/tasks", json={"limit": 3, "cursor": first["next_cursor"]}).json()["data"]
    assert ([t["id"] for t in rest["result"]], rest["has_more"]) == (ids[1::-1], False)
    by_word = {"filters": [{"key": "status", "values": ["failed"]}]}
    assert api.http.post("/tasks", json=by_word).json()["data"]["count"] == 0
    by_product = {"filters": [{"key": "product_type", "values": ["text-to-video"]}]}
    assert api.http.post("/tasks", json=by_product).json()["data"]["count"] == 5
    assert api.http.post("/tasks", json={"end_time": "1000"}).json()["data"]["count"] == 0
    for bad in ({"limit": 501}, {"cursor": "x"}, {"start_time": "soon"}, {"filters": [1]}):
        refused(api.http.post("/tasks", json=bad), 400, 1201)


def test_callbacks_have_the_new_shape(api: Api, sink: Sink) -> None:
    task_id = make(api, callback_url=sink.url, external_task_id="mine")
    api.advance(2)
    assert sink.words == ["processing", "succeeded"]
    last = sink.calls[-1].body
    assert (last["id"], last["external_id"]) == (task_id, "mine")
    assert last["outputs"][0]["url"]


def test_solutions_have_a_table_of_their_own_and_call_back_at_the_end_only(
    api: Api, sink: Sink
) -> None:
    body = {"options": {"callback_url": sink.url}}
    task_id = api.http.post("/solutions/drama-subtitle", json=body).json()["data"]["id"]
    api.advance(2)
    assert sink.words == ["succeeded"]
    assert look(api, task_ids=task_id) == []
    (task,) = api.http.get(f"/solutions?task_ids={task_id}").json()["data"]
    assert task["status"] == "succeeded"
    assert api.http.post("/solutions", json={}).json()["data"]["count"] == 1


def test_one_gateway_mixes_the_dialects(api: Api, sink: Sink) -> None:
    task_id = make(api, scenario="mixed", callback_url=sink.url)
    api.advance(2)
    task = api.http.get(f"/kling{NEW_TEXT}/{task_id}").json()["data"]
    assert (task["id"], task["status"]) == (task_id, "succeed")
    assert task["task_result"]["videos"][0]["url"]
    assert sink.words == ["processing", "succeed"]
    refused(api.http.get(f"{NEW_TEXT}/{make(api)}"), 400, 1201)


def test_external_ids_are_unique_over_both_dialects(api: Api) -> None:
    api.create(external_task_id="once")
    body = {"prompt": "a", "options": {"external_task_id": "once"}}
    refused(api.http.post(NEW_TEXT, json=body), 400, 1201)
