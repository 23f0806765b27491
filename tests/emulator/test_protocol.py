"""The task protocol as documented: create, query, list, costs."""

from typing import Any

import pytest

from tracker.emulator.providers.kling.operations import OPERATIONS

from .support import MULTI_IMAGE, TEXT, Api, refused

A_BODY: dict[str, dict[str, Any]] = {
    "videos/multi-elements": {"session_id": "s", "edit_mode": "addition", "prompt": "a"},
    "videos/video-extend": {"video_id": "1"},
    "videos/lip-sync": {"input": {"mode": "text2video", "video_id": "1"}},
    "videos/advanced-lip-sync": {"session_id": "s", "face_choose": [{"face_id": "0"}]},
    "videos/avatar/image2video": {"image": "https://example.com/a.png", "audio_id": "1"},
    "videos/effects": {"effect_scene": "hug", "input": {"images": ["a", "b"]}},
    "videos/motion-control": {
        "image_url": "https://example.com/a.png",
        "video_url": "https://example.com/a.mp4",
        "character_orientation": "image",
        "mode": "std",
    },
    "videos/image2video": {"image_tail": "https://example.com/a.png"},
    "images/multi-image2image": {"subject_image_list": [{"subject_image": "a"}]},
    "images/editing/expand": {
        "image": "https://example.com/a.png",
        "up_expansion_ratio": 0,
        "down_expansion_ratio": 0.1,
        "left_expansion_ratio": 0,
        "right_expansion_ratio": 0,
    },
    "images/kolors-virtual-try-on": {"human_image": "a", "cloth_image": "b"},
    "audio/text-to-audio": {"prompt": "rain", "duration": 5.0},
    "audio/video-to-audio": {"video_url": "https://example.com/a.mp4"},
    "general/ai-multi-shot": {"element_frontal_image": "a"},
    "general/custom-voices": {"voice_name": "v", "voice_url": "https://example.com/a.mp3"},
}


def test_create_answers_with_the_envelope_and_a_submitted_task(api: Api) -> None:
    answer = api.post(external_task_id="mine", duration="5", mode="std", unknown_field=[1])
    body = answer.json()
    assert answer.status_code == 200
    assert (body["code"], body["message"]) == (0, "SUCCEED")
    assert isinstance(body["request_id"], str)
    data = body["data"]
    assert data["task_status"] == "submitted"
    assert data["task_info"] == {"external_task_id": "mine"}
    assert len(data["task_id"]) == 18
    assert data["task_id"].isdigit()
    assert data["created_at"] == data["updated_at"] > 10**12


@pytest.mark.parametrize("prefix", ["", "/kling", "/proxy/kling"])
def test_every_prefix_serves_the_same_tasks(api: Api, prefix: str) -> None:
    path = f"{prefix}/v1/videos/text2video"
    task_id = api.create(path)
    assert api.query(task_id, TEXT)["task_id"] == task_id


@pytest.mark.parametrize("path", sorted(OPERATIONS))
def test_every_operation_runs_to_a_result(api: Api, path: str) -> None:
    url = f"/v1/{path}"
    answer = api.http.post(
        url, json=A_BODY.get(path, {"prompt": "a", "image_list": [{"image": "/9j/"}]})
    )
    assert answer.status_code == 200, answer.text
    api.advance(2)
    data = api.query(answer.json()["data"]["task_id"], url)
    assert data["task_status"] == "succeed"
    assert data["task_result"]
    assert float(data["final_unit_deduction"]) > 0
    assert ("parent_video" in data["task_info"]) == OPERATIONS[path].has_parent


def test_task_moves_through_the_documented_words(api: Api) -> None:
    task_id = api.create(duration="10", mode="pro")
    api.advance(1)
    running = api.query(task_id)
    assert running["task_status"] == "processing"
    assert "task_result" not in running
    api.advance(1)
    done = api.query(task_id)
    assert done["task_status"] == "succeed"
    assert done["updated_at"] > running["updated_at"] > done["created_at"]
    assert done["task_result"]["videos"][0]["duration"] == "10.041"
    assert done["final_unit_deduction"] == "7"


def test_task_is_found_by_its_external_id(api: Api) -> None:
    task_id = api.create(external_task_id="名 前/%2F x")
    assert api.query("%E5%90%8D%20%E5%89%8D%2F%252F%20x")["task_id"] == task_id


def test_unknown_task_is_400_with_1201(api: Api) -> None:
    text = refused(api.http.get(f"{MULTI_IMAGE}/nobody"), 400, 1201)
    assert text == "Task not found by id/external id"


def test_task_is_not_found_under_another_operation(api: Api) -> None:
    refused(api.http.get(f"{TEXT}/{api.create()}"), 400, 1201)


def test_duplicate_external_id_is_refused_with_1201(api: Api) -> None:
    api.create(external_task_id="once")
    text = refused(api.post(external_task_id="once"), 400, 1201)
    assert "already exists" in text
    assert api.control("creations") == {"once": 1}


def test_empty_external_id_counts_as_none(api: Api) -> None:
    first, second = api.create(external_task_id=""), api.create(external_task_id="")
    assert first != second
    assert api.query(first)["task_info"] == {}


def test_list_is_paged_and_newest_first(api: Api) -> None:
    ids = [api.create() for _ in range(3)]
    api.create(TEXT)
    page = api.http.get(MULTI_IMAGE, params={"pageNum": 1, "pageSize": 2}).json()["data"]
    rest = api.http.get(MULTI_IMAGE, params={"pageNum": 2, "pageSize": 2}).json()["data"]
    assert [task["task_id"] for task in page + rest] == ids[::-1]


@pytest.mark.parametrize("query", ["pageNum=0", "pageNum=1001", "pageSize=501", "pageSize=x"])
def test_page_outside_the_limits_is_1201(api: Api, query: str) -> None:
    refused(api.http.get(f"{TEXT}?{query}"), 400, 1201)


def test_unknown_path_is_1203_and_wrong_method_1202(api: Api) -> None:
    refused(api.http.post("/v1/videos/nothing", json={}), 404, 1203)
    refused(api.http.get("/"), 404, 1203)
    refused(api.http.delete(f"{TEXT}/1"), 404, 1202)
    refused(api.http.post(f"{TEXT}/1", json={}), 404, 1202)


def test_slots_above_the_limit_are_1303_and_come_back_with_the_verdict(api: Api) -> None:
    for _ in range(5):
        api.create()
    text = refused(api.post(external_task_id="late"), 429, 1303)
    assert text == "parallel task over resource pack limit"
    assert "late" not in api.control("creations")
    api.advance(2)
    api.create(external_task_id="late")


def test_image_task_takes_a_slot_per_picture(api: Api) -> None:
    path = "/v1/images/generations"
    api.create(path, n=4)
    refused(api.post(path, n=2), 429, 1303)
    api.create(path, n=1)


def test_account_costs_are_wrapped_twice(api: Api) -> None:
    for path in ("/account/costs", "/proxy/kling/v1/account/costs"):
        body = api.http.get(path, params={"start_time": 0, "end_time": 1}).json()
        assert (body["code"], body["data"]["code"], body["data"]["msg"]) == (0, 0, "success")
        assert body["data"]["resource_pack_subscribe_infos"][0]["status"] == "online"
    refused(api.http.get("/account/costs"), 400, 1201)
