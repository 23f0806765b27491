"""Ark's front: lists, deletions, the words for readers that know few."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import KEEPING_FILES
from tests.web.fronts.comparing import Pair, asked_until, differences, paired

TASKS = "/ark/api/v3/contents/generations/tasks"
BODY = {"model": "ep-1", "content": [{"type": "text", "text": "a cat"}], "seed": None}
AI_SDK = {"user-agent": "ai/6.0.0 ai-sdk/bytedance/1.0.33 runtime/node.js/22"}


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("ark")
    bases = {"ark": "/ark/api/v3"}
    with paired(
        sqlite_template,
        folder,
        bases,
        TRACKER_POLL_FIRST_S="0.05",
        TRACKER_POLL_QUIET_S="0.1",
        TRACKER_ARK_POLL_SPACING_S="0.05",
        **KEEPING_FILES,
    ) as pair:
        yield pair


def made(http: httpx.Client, scenario: str = "ok", **more: Any) -> str:
    answer = http.post(TASKS, json=BODY | {"emulator_scenario": scenario} | more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def until(http: httpx.Client, id_: str, word: str) -> Any:
    return asked_until(http, f"{TASKS}/{id_}", lambda found: found["status"] == word)


def test_lists_have_the_providers_shape(pair: Pair) -> None:
    ids = []
    for http in pair:
        names = [made(http) for _ in range(3)]
        for name in names:
            until(http, name, "succeeded")
        ids.append(names)
    query = {"page_size": "2", "filter.status": "succeeded"}
    front, provider = (http.get(TASKS, params=query).json() for http in pair)
    assert differences(front, provider) == set()
    http, (first, second, third) = pair[0], ids[0]
    assert [one["id"] for one in front["items"]] == [third, second]
    assert front["total"] == 3
    later = http.get(TASKS, params={"page_size": 2, "page_num": 2}).json()
    assert ([one["id"] for one in later["items"]], later["total"]) == ([first], 3)
    named = http.get(TASKS, params={"filter.task_ids": [first, "nobody", third]}).json()
    assert ([one["id"] for one in named["items"]], named["total"]) == ([first, third], 2)
    none = http.get(TASKS, params={"filter.task_ids": [first], "filter.status": "failed"})
    assert none.json() == {"items": [], "total": 0}


@pytest.mark.parametrize(
    "query",
    [
        {"filter.model": "ep-1"},
        {"filter.service_tier": "flex"},
        {"filter.status": "failed", "page_num": 2},
        {"page_size": 501},
        {"page_num": "one"},
    ],
)
def test_a_list_that_is_not_served_is_refused(pair: Pair, query: dict[str, Any]) -> None:
    answer = pair[0].get(TASKS, params=query)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidParameter")


def test_a_delete_cancels_what_is_queued_and_erases_nothing(pair: Pair) -> None:
    http = pair[0]
    queued, running, done = made(http, "hold"), made(http, "stuck"), made(http)
    until(http, running, "running")
    refused = http.delete(f"{TASKS}/{running}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "OperationDenied")
    until(http, done, "succeeded")
    for name, word in ((queued, "cancelled"), (done, "succeeded")):
        answer = http.request("DELETE", f"{TASKS}/{name}", json={})
        assert (answer.status_code, answer.json()) == (200, {})
        until(http, name, word)


@pytest.mark.parametrize(("scenario", "word"), [("expired", "expired"), ("cancelled", "cancelled")])
def test_a_reader_that_knows_two_ends_is_told_of_a_failure(
    pair: Pair, scenario: str, word: str
) -> None:
    http = pair[0]
    name = made(http, f"{scenario},no_callback")
    shown = until(http, name, word)
    assert set(shown["error"]) == {"code", "message"}
    told = http.get(f"{TASKS}/{name}", headers=AI_SDK).json()
    assert told == shown | {"status": "failed"}


def test_every_prefix_leads_there(pair: Pair) -> None:
    http = pair[0]
    name = made(http)
    for prefix in ("/volc/api/v3", "/doubao/api/v3", "/proxy/byteplus/api/v3", "/api/v3"):
        shown = http.get(f"{prefix}/contents/generations/tasks/{name}")
        assert (shown.status_code, shown.json()["id"]) == (200, name)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nobody", 404, "ResourceNotFound"),
        ("GET", "/a/b", 404, "ResourceNotFound"),
        ("DELETE", "/nobody", 404, "ResourceNotFound"),
        ("PUT", "", 405, "InvalidParameter"),
        ("POST", "/nobody", 405, "InvalidParameter"),
    ],
)
def test_what_is_not_there_is_refused_by_a_code(
    pair: Pair, method: str, path: str, status: int, code: str
) -> None:
    answer = pair[0].request(method, TASKS + path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(error) == {"code", "message", "param", "type"}


def test_pictures_are_in_the_answer_and_found_later(pair: Pair) -> None:
    url = "/ark/api/v3/images/generations"
    body = {
        "model": "doubao-seedream-4-0-250828",
        "prompt": "a cat",
        "sequential_image_generation_options": {"max_images": 2},
    }
    front, provider = (http.post(url, json=body).json() for http in pair)
    assert differences(front, provider) == {".id"}
    assert (len(front["data"]), front["usage"]["output_tokens"]) == (2, 32768)
    http = pair[0]
    assert http.get(f"{url}/{front['id']}").json() == front
    one = http.post(url, json=body | {"prompt": "a [scenario:picture_failed]"}).json()
    assert [one["data"][1]["error"]["code"]] == ["OutputImageSensitiveContentDetected"]
    lost = http.post(url, json=body | {"prompt": "a [scenario:cut_after_accept]"})
    assert (lost.status_code, lost.json()["error"]["code"]) == (424, "outcome_unknown")


@pytest.mark.parametrize("scenario", ["ok", "picture_failed"])
def test_pictures_come_as_events(pair: Pair, scenario: str) -> None:
    body = {
        "model": "doubao-seedream-4-0-250828",
        "prompt": f"a cat [scenario:{scenario}]",
        "sequential_image_generation_options": {"max_images": 2},
        "stream": True,
    }
    answers = [http.post("/ark/api/v3/images/generations", json=body) for http in pair]
    assert answers[0].headers["content-type"].startswith("text/event-stream")
    (ours, our_last), (theirs, their_last) = [_read_events(one.text) for one in answers]
    assert (our_last, their_last) == ("[DONE]", "[DONE]")
    assert [one["type"] for one in ours] == [one["type"] for one in theirs]
    assert [differences(*two) for two in zip(ours, theirs, strict=True)] == [set()] * 3
    assert ours[-1]["usage"] == theirs[-1]["usage"]
    answer = pair[0].post(
        "/ark/api/v3/images/generations", json=body | {"prompt": "a [scenario:cut_after_accept]"}
    )
    [told], _ = _read_events(answer.text)
    assert told["error"]["code"] == "outcome_unknown"


def _read_events(text: str) -> tuple[list[Any], str]:
    *events, last = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(one) for one in events], last
