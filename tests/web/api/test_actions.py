"""Actions on tasks, and many tasks at once, over HTTP."""

import httpx
import pytest

from tests.support.requests import submit

NOBODY = "01a20cc0-9b56-74d5-b1db-1d0dc30dd2da"


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


@pytest.mark.parametrize("action", ["refresh", "cancel", "resubmit"])
@pytest.mark.parametrize("name", [NOBODY, "nothing"])
def test_an_action_on_an_unknown_task_is_404(http: httpx.Client, name: str, action: str) -> None:
    assert http.post(f"/v1/tasks/{name}/{action}").status_code == 404


def test_a_queued_task_is_not_asked_for(http: httpx.Client) -> None:
    refused = http.post(f"/v1/tasks/{submit(http)['id']}/refresh")
    assert refused.status_code == 409
    assert "not been sent" in refused.json()["detail"]


def test_many_tasks_are_found_at_once_each_with_its_own_answer(http: httpx.Client) -> None:
    one, two = submit(http), submit(http, external_task_id="two")
    asked = {"ids": [two["id"], NOBODY, "nothing", one["id"]], "external_task_ids": ["two", "no"]}
    answer = http.post("/v1/tasks/query", json=asked)
    items = answer.json()["items"]
    assert answer.headers["cache-control"] == "no-store"
    assert [item["id"] for item in items] == [*asked["ids"], None, None]
    assert [item["external_task_id"] for item in items] == [*(None,) * 4, "two", "no"]
    assert [item["task"] and item["task"]["id"] for item in items] == [
        *(two["id"], None, None, one["id"]),
        *(two["id"], None),
    ]
    assert [item["error"] and item["error"]["type"] for item in items] == [
        *(None, "not-found", "not-found", None),
        *(None, "not-found"),
    ]


def test_an_external_id_is_looked_for_at_one_provider(own_http: httpx.Client) -> None:
    submit(own_http, external_task_id="two")
    asked = {"external_task_ids": ["two"], "provider": "other"}
    (item,) = own_http.post("/v1/tasks/query", json=asked).json()["items"]
    assert item["error"]["type"] == "not-found"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "ids"),
        ({"ids": [], "external_task_ids": []}, "ids"),
        ({"ids": ["x"] * 501}, "ids"),
        ({"ids": ["x"] * 300, "external_task_ids": ["y"] * 201}, "ids"),
        ({"ids": "x"}, "ids"),
        ({"ids": [1]}, "ids[0]"),
        ({"ids": ["x"], "surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_query_is_422_and_names_its_path(
    http: httpx.Client, body: dict[str, object], path: str
) -> None:
    answer = http.post("/v1/tasks/query", json=body)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_five_hundred_are_found_at_once(http: httpx.Client) -> None:
    task = submit(http)
    asked = [NOBODY] * 499 + [task["id"]]
    items = http.post("/v1/tasks/query", json={"ids": asked}).json()["items"]
    assert (len(items), items[-1]["task"]["id"]) == (500, task["id"])
