"""The front in the new standard: creates, `/tasks` and `/solutions`, on both databases."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import EXAMPLE, MULTI_IMAGE, build_kling_callback, find_callback_path
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tracker.domain.access import Scope
from tracker.emulator import EmulatorServer as Emulator

NEW = "/text-to-video/kling-3.0"
CONTENTS = [{"type": "prompt", "text": "a cat"}, {"type": "first_frame", "url": "https://e.com/a"}]
FIELDS = {
    *("id", "status", "message", "create_time", "update_time", "external_id"),
    *("outputs", "billing"),
}


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


@pytest.fixture
def working(live: str, emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of a service whose workers run and whose provider is there."""
    with httpx.Client(base_url=live, trust_env=False, timeout=60) as client:
        yield client


def make(http: httpx.Client, path: str = NEW, **options: object) -> str:
    """A task of the new standard; its id."""
    answer = http.post(path, json={"prompt": "a cat", "options": options})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["id"])


def look(http: httpx.Client, query: str) -> list[dict[str, Any]]:
    """`data` of `GET /tasks`."""
    answer = http.get(f"/tasks?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def refused(answer: httpx.Response, status: int, code: int) -> str:
    """Assert the envelope of an error; its text."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) == {"code", "message", "request_id"}
    return str(body["message"])


@pytest.mark.parametrize("prefix", ["", "/kling", "/proxy/kling"])
def test_a_create_is_answered_with_the_new_fields(own_http: httpx.Client, prefix: str) -> None:
    body = {"prompt": "a cat", "options": {"external_task_id": "mine"}, "settings": {"duration": 5}}
    answer = own_http.post(f"{prefix}{NEW}", json=body).json()
    assert list(answer) == ["code", "message", "request_id", "data"]
    data = answer["data"]
    assert set(data) == {"id", "status", "create_time", "update_time", "external_id"}
    assert (data["status"], data["external_id"]) == ("submitted", "mine")
    assert type(data["create_time"]) is int
    assert data["create_time"] == data["update_time"] > 1_700_000_000_000
    (task,) = own_http.get(f"{prefix}/tasks?task_ids={data['id']}").json()["data"]
    assert set(task) == FIELDS
    assert (task["outputs"], task["billing"]) == ([], [])


@pytest.mark.parametrize("product", ["image-to-video", "omni-video", "motion-control"])
def test_the_other_products_take_contents(http: httpx.Client, product: str) -> None:
    answer = http.post(f"/{product}/kling-3.0-turbo", json={"contents": CONTENTS})
    assert answer.json()["data"]["status"] == "submitted"


@pytest.mark.parametrize("name", ["callback_url", "external_task_id"])
def test_what_belongs_under_options_is_not_silently_ignored(http: httpx.Client, name: str) -> None:
    answer = http.post(NEW, json={"prompt": "a cat", name: "https://example.com/done"})
    text = refused(answer, 400, 1201)
    assert text.startswith(f"{name}: ")
    assert "options" in text
    assert http.get("/v1/tasks").json()["tasks"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ""),
        ({"prompt": 1}, "prompt"),
        ({"prompt": "a", "settings": {"duration": "5"}}, "settings.duration"),
        ({"prompt": "a", "options": {"callback_url": "nowhere"}}, "options.callback_url"),
        ({"prompt": "a", "contents": [{}]}, "contents[0].type"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, body: dict[str, Any], path: str) -> None:
    assert refused(http.post(NEW, json=body), 400, 1201).startswith(path)


def test_empty_options_count_as_none(http: httpx.Client) -> None:
    id_ = make(http, callback_url="", external_task_id="")
    assert look(http, f"task_ids={id_}")[0]["external_id"] == id_


def test_unknown_fields_go_through(http: httpx.Client) -> None:
    body = {"prompt": "a cat", "novelty": {"a": [1]}, "settings": {"novelty": 1}}
    assert http.post(NEW, json=body).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", NEW, 1202),
        ("DELETE", "/tasks", 1202),
        ("PUT", "/solutions", 1202),
        ("POST", "/text-to-video", 1203),
        ("POST", f"{NEW}/more", 1203),
        ("POST", "/kling/text-to-song/kling-3.0", 1203),
        ("GET", "/kling/nothing/at/all", 1203),
    ],
)
def test_wrong_routes_have_klings_own_codes(
    http: httpx.Client, method: str, path: str, code: int
) -> None:
    refused(http.request(method, path, json={}), 404, code)


def test_up_to_twenty_tasks_are_found_by_either_id(http: httpx.Client) -> None:
    ids = [make(http, external_task_id=f"mine-{n}") for n in range(4)]
    legacy = http.post(MULTI_IMAGE, json=EXAMPLE | {"external_task_id": "old"}).json()["data"]
    ids.append(legacy["task_id"])
    asked = [ids[2], "nobody", ids[4], ids[0], ids[2]]
    found = look(http, f"task_ids={','.join(asked)}")
    assert [task["id"] for task in found] == [ids[2], ids[4], ids[0]]
    assert [t["id"] for t in look(http, "external_task_ids=old%2Cmine-1")] == [ids[4], ids[1]]
    assert look(http, "task_ids=mine-1") == []
    for query in (
        "",
        "task_ids=",
        "task_ids=1&external_task_ids=2",
        f"task_ids={','.join(['1'] * 21)}",
        "external_task_ids=a%00b",
    ):
        refused(http.get(f"/tasks?{query}"), 400, 1201)


def test_solutions_are_a_shelf_of_their_own(http: httpx.Client) -> None:
    made = http.post("/solutions/drama-subtitle", json={"options": {"external_task_id": "s"}})
    id_ = made.json()["data"]["id"]
    other = make(http)
    assert look(http, f"task_ids={id_},{other}")[0]["id"] == other
    shelf = http.get(f"/solutions?task_ids={id_},{other}").json()["data"]
    assert [task["id"] for task in shelf] == [id_]
    assert http.post("/solutions", json={}).json()["data"]["count"] == 1
    assert http.post("/tasks", json={}).json()["data"]["count"] == 1


def test_lists_go_by_cursor_and_filters(http: httpx.Client) -> None:
    ids = [make(http) for _ in range(3)]
    ids.append(http.post(MULTI_IMAGE, json=EXAMPLE).json()["data"]["task_id"])
    http.post(
        find_callback_path(ids[1]),
        content=build_kling_callback("succeed", task_id="881204513377218561"),
    )

    def page(**asked: object) -> dict[str, Any]:
        answer = http.post("/tasks", json=asked)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    first = page(limit=3)
    assert [task["id"] for task in first["result"]] == ids[:0:-1]
    assert (first["count"], first["has_more"]) == (3, True)
    rest = page(limit=3, cursor=first["next_cursor"])
    assert [task["id"] for task in rest["result"]] == ids[:1]
    assert (rest["has_more"], rest["next_cursor"]) == (False, "")

    def by(key: str, *values: str) -> list[str]:
        found = page(filters=[{"key": key, "values": values}])["result"]
        return [task["id"] for task in found]

    assert by("status", "succeeded") == [ids[1]]
    assert by("status", "submitted", "succeeded") == ids[::-1]
    assert by("status", "marinating") == []
    assert by("product_type", "text-to-video") == ids[2::-1]
    assert by("product_type", "multi-image2video") == ids[3:]
    assert by("product_type", "%") == by("product_type") == []
    made = first["result"][0]["create_time"]
    assert page(start_time=made, end_time=made)["count"] >= 1
    assert page(start_time=str(made + 1))["count"] == 0
    assert page(end_time=1000)["count"] == 0
    for wrong, path in (
        ({"limit": 501}, "limit"),
        ({"limit": 0}, "limit"),
        ({"start_time": "soon"}, "start_time"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": first["next_cursor"], "end_time": 5}, "cursor"),
        ({"filters": [{"key": "colour", "values": []}]}, "filters[0].key"),
    ):
        assert refused(http.post("/tasks", json=wrong), 400, 1201).startswith(f"{path}: ")


def test_another_tenants_tasks_are_on_no_shelf(idle: str, database_url: str) -> None:
    mine, theirs = issue(database_url), issue(database_url, tenant="other")
    with httpx.Client(
        base_url=idle, headers=build_bearer(mine), trust_env=False, timeout=60
    ) as http:
        id_ = make(http, external_task_id="mine")
    reader = issue(database_url, tenant="other", scopes=[Scope.TASKS_READ])
    for key in (theirs, reader):
        with httpx.Client(
            base_url=idle, headers=build_bearer(key), trust_env=False, timeout=60
        ) as http:
            assert look(http, f"task_ids={id_}") == []
            assert look(http, "external_task_ids=mine") == []
            assert http.post("/tasks", json={}).json()["data"]["count"] == 0
    with httpx.Client(
        base_url=idle, headers=build_bearer(reader), trust_env=False, timeout=60
    ) as http:
        refused(http.post(NEW, json={"prompt": "a"}), 403, 1103)
        refused(http.post("/account/billing/package", json={}), 403, 1103)


def test_a_task_runs_to_its_outputs_and_calls_back_in_its_own_dialect(
    working: httpx.Client, emulator: Emulator
) -> None:
    with Sink() as sink:
        options = {"callback_url": f"{sink.url}/new", "external_task_id": "mine"}
        id_ = make(working, **options)
        body = EXAMPLE | {"callback_url": f"{sink.url}/old"}
        old = working.post(MULTI_IMAGE, json=body).json()["data"]["task_id"]
        ids = f"task_ids={id_},{old}"
        wait_until(lambda: {t["status"] for t in look(working, ids)} == {"succeeded"})
        wait_until(lambda: {one.path for one in sink.received} == {"/new", "/old"})
    task, legacy = look(working, ids)
    (video,) = task["outputs"]
    assert set(task) == set(legacy) == FIELDS
    assert (video["type"], video["duration"]) == ("video", "5.041")
    assert task["billing"] == [{"charge_type": "unit", "amount": "2", "package_type": "video"}]
    assert legacy["outputs"][0]["url"].startswith("http")
    assert [entry["amount"] for entry in legacy["billing"]] == ["2"]
    told = {one.path: one.parse_json() for one in sink.received}
    assert told["/new"] == task
    assert (told["/old"]["task_id"], told["/old"]["task_status"]) == (old, "succeed")
    assert told["/old"]["task_result"]["videos"][0]["url"] == legacy["outputs"][0]["url"]
    asked = httpx.get(f"{emulator.url}/emulator/tasks", trust_env=False, timeout=60).json()
    sent = next(one["request"] for one in asked if one["dialect"] == "standard")
    assert sent["options"]["external_task_id"] == "mine"
    assert "callback_url" not in sent
    media = httpx.get(video["url"], trust_env=False, timeout=60)
    assert media.content[4:8] == b"ftyp"
