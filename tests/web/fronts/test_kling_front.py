"""The contract of multi-image2video, at every boundary, through the front."""

import base64
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.support.requests import EXAMPLE, MULTI_IMAGE, build_kling_callback, find_callback_path

URL = {"image": "https://example.com/1.png"}
RAW = {"image": base64.b64encode(b"\x89PNG not really").decode()}


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _changed(**fields: Any) -> dict[str, Any]:
    return {k: v for k, v in (EXAMPLE | fields).items() if v is not ...}


def test_the_contracts_own_example_is_accepted(http: httpx.Client) -> None:
    answer = http.post(MULTI_IMAGE, json=EXAMPLE | {"external_task_id": "mine-1"})
    body = answer.json()
    data = body["data"]
    assert answer.status_code == 200
    assert list(body) == ["code", "message", "request_id", "data"]
    assert set(data) == {"task_id", "task_info", "task_status", "created_at", "updated_at"}
    assert body["code"] == 0
    assert isinstance(body["message"], str)
    assert isinstance(body["request_id"], str)
    assert isinstance(data["task_id"], str)
    assert data["task_info"] == {"external_task_id": "mine-1"}
    assert data["task_status"] == "submitted"
    assert type(data["created_at"]) is int
    assert data["created_at"] == data["updated_at"] > 1_700_000_000_000


@pytest.mark.parametrize(
    "fields",
    [
        {"image_list": [URL]},
        {"image_list": [URL] * 4},
        {"image_list": [RAW, URL]},
        {"image_list": [URL | {"more": 1}]},
        {"prompt": ...},
        {"prompt": ""},
        {"prompt": "字" * 2500},
        {"negative_prompt": "x" * 2500},
        {"mode": "pro"},
        {"mode": ...},
        {"duration": "10"},
        {"duration": ...},
        {"aspect_ratio": "9:16"},
        {"aspect_ratio": "1:1"},
        {"model_name": "kling-v1-6"},
        {"callback_url": "https://example.com/done?x=1"},
        {"callback_url": ""},
        {"external_task_id": ""},
        {"external_task_id": "订单 1/2?"},
        {"unknown_field": {"a": [1]}},
        {"watermark_info": {"enabled": False}},
    ],
)
def test_what_the_contract_allows_is_accepted(
    http: httpx.Client, fields: Mapping[str, Any]
) -> None:
    answer = http.post(MULTI_IMAGE, json=_changed(**fields))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"image_list": ...}, "image_list"),
        ({"image_list": []}, "image_list"),
        ({"image_list": [URL] * 5}, "image_list"),
        ({"image_list": "https://example.com/1.png"}, "image_list"),
        ({"image_list": None}, "image_list"),
        ({"image_list": [{}]}, "image_list[0].image"),
        ({"image_list": [URL, {"image": 7}]}, "image_list[1].image"),
        ({"image_list": [{"image": ""}]}, "image_list[0].image"),
        ({"image_list": [{"image": "data:image/png;base64,AAAA"}]}, "image_list[0].image"),
        ({"image_list": [{"image": "not base64!"}]}, "image_list[0].image"),
        ({"image_list": [{"image": "ftp://example.com/1.png"}]}, "image_list[0].image"),
        ({"image_list": ["https://example.com/1.png"]}, "image_list[0]"),
        ({"prompt": "字" * 2501}, "prompt"),
        ({"prompt": 1}, "prompt"),
        ({"negative_prompt": "x" * 2501}, "negative_prompt"),
        ({"mode": "4k"}, "mode"),
        ({"mode": "STD"}, "mode"),
        ({"duration": 6}, "duration"),
        ({"duration": "7"}, "duration"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio"),
        ({"model_name": "kling-v2"}, "model_name"),
        ({"callback_url": "example.com/done"}, "callback_url"),
        ({"callback_url": "ftp://example.com/"}, "callback_url"),
        ({"callback_url": "http://169.254.169.254/"}, "callback_url"),
        ({"callback_url": 1}, "callback_url"),
        ({"external_task_id": 1.5}, "external_task_id"),
        ({"external_task_id": "a\nb"}, "external_task_id"),
        ({"external_task_id": "x" * 257}, "external_task_id"),
    ],
)
def test_what_it_forbids_is_1201_and_names_the_field(
    http: httpx.Client, fields: Mapping[str, Any], path: str
) -> None:
    answer = http.post(MULTI_IMAGE, json=_changed(**fields))
    body = answer.json()
    assert answer.status_code == 400, answer.text
    assert (body["code"], set(body)) == (1201, {"code", "message", "request_id"})
    assert body["message"].startswith(f"{path}: ")
    assert http.get("/v1/tasks").json()["tasks"] == []


def test_an_unreadable_body_is_1200(http: httpx.Client) -> None:
    answer = http.post(MULTI_IMAGE, content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1200)


@pytest.mark.parametrize("prefix", ["", "/kling", "/proxy/kling"])
def test_a_task_is_found_by_either_id_under_every_prefix(
    own_http: httpx.Client, prefix: str
) -> None:
    path = f"{prefix}/v1/videos/multi-image2video"
    made = own_http.post(path, json=EXAMPLE | {"external_task_id": "订单 1/2?"}).json()["data"]
    by_id = own_http.get(f"{path}/{made['task_id']}").json()
    by_external = own_http.get(f"{path}/%E8%AE%A2%E5%8D%95%201%2F2%3F").json()
    assert by_id["data"] == by_external["data"] == made | {"task_status_msg": ""}


def test_a_list_is_paged_by_number_newest_first(http: httpx.Client) -> None:
    made = [http.post(MULTI_IMAGE, json=EXAMPLE).json()["data"]["task_id"] for _ in range(5)]

    def page(query: str) -> list[str]:
        answer = http.get(f"{MULTI_IMAGE}?{query}").json()
        return [task["task_id"] for task in answer["data"]]

    assert page("") == made[::-1]
    assert page("pageNum=2&pageSize=2") == made[::-1][2:4]
    assert page("pageNum=9&pageSize=2") == []


@pytest.mark.parametrize(
    "query", ["pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=501", "pageSize=x"]
)
def test_a_page_out_of_bounds_is_1201(http: httpx.Client, query: str) -> None:
    answer = http.get(f"{MULTI_IMAGE}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)
    assert answer.json()["message"].startswith(f"{query.partition('=')[0]}: ")


@pytest.mark.parametrize("name", ["nothing", "01a20cc0-9b56-74d5-b1db-1d0dc30dd2da", "%00"])
def test_an_unknown_task_is_1201(http: httpx.Client, name: str) -> None:
    answer = http.get(f"{MULTI_IMAGE}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)


def test_a_task_is_not_found_under_another_operation(http: httpx.Client) -> None:
    made = http.post(MULTI_IMAGE, json=EXAMPLE).json()["data"]
    answer = http.get(f"/kling/v1/videos/text2video/{made['task_id']}")
    assert answer.json()["code"] == 1201


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/kling/v1/videos/nothing", 404, 1203),
        ("GET", "/v1/nothing", 404, 1203),
        ("POST", "/videos/text2video", 404, 1203),
        ("GET", "/kling", 404, 1203),
        ("POST", "/api/v1/videos/text2video", 404, 1203),
        ("POST", "/V2/Videos/text2video", 404, 1203),
        ("DELETE", MULTI_IMAGE, 404, 1202),
        ("PUT", f"{MULTI_IMAGE}/x", 404, 1202),
        ("POST", f"{MULTI_IMAGE}/x", 404, 1202),
    ],
)
def test_wrong_routes_have_klings_own_codes(
    http: httpx.Client, method: str, path: str, status: int, code: int
) -> None:
    answer = http.request(method, path, json=EXAMPLE)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/v1/tasks/x/videos", "/V1/holds/x/y", "/v1/keys/x/videos"])
def test_what_lies_below_the_services_own_paths_is_a_problem(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:tracker:problem:not-found")


def test_a_taken_external_id_is_1201(http: httpx.Client) -> None:
    http.post(MULTI_IMAGE, json=EXAMPLE | {"external_task_id": "mine"})
    answer = http.post(MULTI_IMAGE, json=EXAMPLE | {"external_task_id": "mine"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)
    assert "already exists" in answer.json()["message"]


def test_a_verdict_is_told_in_klings_words(http: httpx.Client) -> None:
    made = http.post(MULTI_IMAGE, json=EXAMPLE).json()["data"]
    said = build_kling_callback("succeed", final_unit_deduction=2)
    http.post(find_callback_path(made["task_id"]), content=said)
    data = http.get(f"{MULTI_IMAGE}/{made['task_id']}").json()["data"]
    assert data["task_status"] == "succeed"
    assert data["task_result"]["videos"][0]["duration"] == "5.041"
    assert data["final_unit_deduction"] == "2"
    assert data["task_id"] == made["task_id"]


def test_a_failure_has_its_reason(own_http: httpx.Client) -> None:
    made = own_http.post(MULTI_IMAGE, json=EXAMPLE).json()["data"]
    said = build_kling_callback("failed", task_status_msg="Failure to pass the risk control system")
    own_http.post(find_callback_path(made["task_id"]), content=said)
    data = own_http.get(f"{MULTI_IMAGE}/{made['task_id']}").json()["data"]
    assert data["task_status"] == "failed"
    assert data["task_status_msg"] == "Failure to pass the risk control system"
    assert data["task_result"] == {}
