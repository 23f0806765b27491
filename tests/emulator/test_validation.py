"""Checks of create requests, and what hostile input does."""

import base64
from typing import Any

import pytest

from .support import MULTI_IMAGE, TEXT, Api, refused

URL = {"image": "https://example.com/a.png"}


@pytest.mark.parametrize(
    "fields",
    [
        {"image_list": []},
        {"image_list": None},
        {"image_list": [URL] * 5},
        {"image_list": "https://example.com/a.png"},
        {"image_list": ["https://example.com/a.png"]},
        {"image_list": [{"image": ""}]},
        {"image_list": [{"image": "data:image/png;base64,iVBORw0KGgo="}]},
        {"image_list": [{"image": "not base64!"}]},
        {"model_name": "kling-v9"},
        {"mode": "4k"},
        {"duration": "7"},
        {"duration": 5},
        {"duration": []},
        {"aspect_ratio": "2:1"},
        {"prompt": "x" * 2501},
        {"prompt": 7},
        {"negative_prompt": "x" * 2501},
        {"external_task_id": 12},
        {"callback_url": "ftp://example.com"},
        {"callback_url": "http://[::1"},
        {"callback_url": "http://example.com:99999/"},
        {"callback_url": "http://exa mple.com/"},
        {"callback_url": "/relative"},
        {"watermark_info": "yes"},
        {"n": 0},
        {"emulator_scenario": "nonsense"},
        {"emulator_scenario": 3},
    ],
    ids=str,
)
def test_field_outside_its_rule_is_1201(api: Api, fields: dict[str, Any]) -> None:
    refused(api.post(**fields), 400, 1201)
    assert api.control("creations") == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"image_list": [URL] * 4, "prompt": "界" * 2500, "duration": "10", "aspect_ratio": "1:1"},
        {"image_list": [{"image": base64.b64encode(b"picture").decode()}], "prompt": None},
        {"callback_url": "", "watermark_info": {"enabled": True}, "model_name": "kling-v1-6"},
    ],
    ids=["limits", "base64", "empty"],
)
def test_field_at_its_limit_is_accepted(api: Api, fields: dict[str, Any]) -> None:
    assert api.post(**fields).status_code == 200


def test_required_field_of_another_operation_is_checked(api: Api) -> None:
    answer = api.http.post("/v1/videos/lip-sync", json={"input": {"text": "hello"}})
    assert refused(answer, 400, 1201) == "input.mode can not be null"
    answer = api.http.post("/v1/videos/image2video", json={"prompt": "a"})
    assert refused(answer, 400, 1201) == "image or image_tail can not be null"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"prompt": NaN}', b"null", b"1" * 5000],
    ids=["empty", "cut", "list", "not-utf8", "deep", "nan", "null", "huge-number"],
)
def test_body_that_is_no_json_object_is_1200(api: Api, raw: bytes) -> None:
    refused(api.http.post(TEXT, content=raw), 400, 1200)


def test_body_above_the_limit_is_1200(api: Api) -> None:
    refused(api.http.post(TEXT, content=b" " * 2_000_001), 400, 1200)


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"prompt": "a", "external_task_id": "\ud800\u0000"}',
        b'{"prompt": "a", "x": 1e999, "y": [[[[[[[[[[[[1]]]]]]]]]]]]}',
        b'{"prompt": "a", "duration": "1e999"}',
        b'{"prompt": "a", "duration": {}, "n": 1, "mode": [], "session_id": 4}',
        b'{"prompt": "a", "callback_url": "http://xn--/", "external_task_id": "__proto__"}',
        b'{"prompt": "a", "callback_url": "http://' + b"a" * 300 + b'.example/"}',
    ],
    ids=["surrogate", "infinity", "duration", "types", "idna", "long-label"],
)
def test_odd_but_valid_body_is_answered_logged_and_lives_on(api: Api, raw: bytes) -> None:
    assert api.http.post(TEXT, content=raw).status_code == 200
    api.advance(10)
    assert api.control("tasks")[0]["task_status"] == "succeed"
    assert api.control("requests")
    assert api.http.get(TEXT).status_code == 200


@pytest.mark.parametrize("host", ["[::1", "evil.example/x", "", "a b", '"><script>'])
def test_malformed_host_header_harms_nothing(api: Api, host: str) -> None:
    answer = api.http.post(TEXT, json={"prompt": "a"}, headers={"host": host})
    assert answer.status_code == 200
    api.advance(2)
    task = api.query(answer.json()["data"]["task_id"], TEXT)
    assert task["task_result"]["videos"][0]["url"].startswith("http://127.0.0.1:")


def test_hostile_paths_are_refused(api: Api) -> None:
    for path in ("//", "/v1", "/v1/videos", "/%00", "/v1/videos/%ff%fe/x", "/kling/kling/v1/x/y"):
        assert api.http.get(path).status_code == 404
    assert api.http.get(f"{MULTI_IMAGE}/%ff%00").status_code == 400


def test_pictures_are_cut_in_the_request_log(api: Api) -> None:
    api.post(image_list=[{"image": "QUJD" * 1000}])
    logged = api.control("requests")[-1]
    assert "(4000 characters)" in logged["body"]["image_list"][0]["image"]
    assert (logged["method"], logged["path"], logged["status"]) == ("POST", MULTI_IMAGE, 200)
    assert logged["answer"]["data"]["task_status"] == "submitted"
